"""What the end of a leg means: SIP statuses and Q.850 causes by DESIGN.md 7's table.

A status that the table does not name tells of us or of the trunk, not of the callee:
it is `trunk_failed`, which charges the lead nothing and is seen by the trunk's breaker.
"""

from enum import StrEnum


class Cause(StrEnum):
    NORMAL = "normal"
    """Answered, and ended by a BYE."""
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    INVALID_NUMBER = "invalid_number"
    CONGESTION = "congestion"
    TRUNK_FAILED = "trunk_failed"
    LOST = "lost"
    """The gateway went away; what became of the leg is not known."""


_BY_STATUS = {
    Cause.BUSY: (486, 600),
    Cause.NO_ANSWER: (408, 480, 487),
    Cause.REJECTED: (603, 607, 608),
    Cause.INVALID_NUMBER: (404, 410, 484, 485, 604),
    Cause.CONGESTION: (503,),
}
_STATUSES = {status: cause for cause, found in _BY_STATUS.items() for status in found}

_NO_CIRCUIT = frozenset({34, 38, 41, 42, 47})
"""Q.850: no circuit, network out of order, temporary failure, switch congestion,
resource unavailable. More telling than the status that a gateway made of it."""
_CALL_REJECTED = 21


def classify(code: int, q850: int | None = None, *, rang: bool = False) -> Cause:
    """Say what a leg's final SIP status means.

    `code` is 0 where the gateway was lost. `rang` says that a 180 or 183 came before:
    a 403 after it is the callee's side refusing, a 403 without it the trunk's.
    """
    if code == 0:
        return Cause.LOST
    if 200 <= code < 300:
        return Cause.NORMAL
    if q850 in _NO_CIRCUIT:
        return Cause.CONGESTION
    if code == 403 and (rang or q850 == _CALL_REJECTED):
        return Cause.REJECTED
    return _STATUSES.get(code, Cause.TRUNK_FAILED)
