"""From how a leg ended and how the talk went to what the attempt came to. Pure."""

from campanile.calls.lifecycle import Ending
from campanile.calls.outcomes import (
    AnsweredBy,
    Disposition,
    EndReason,
    trunk_failure,
)
from campanile.errors import Invalid
from campanile.telephony.causes import Cause, classify
from campanile.telephony.line import Ended, GatewayError

BY_CAUSE: dict[Cause, Disposition] = {
    Cause.BUSY: Disposition.BUSY,
    Cause.NO_ANSWER: Disposition.NO_ANSWER,
    Cause.REJECTED: Disposition.REJECTED,
    Cause.INVALID_NUMBER: Disposition.INVALID_NUMBER,
    Cause.CONGESTION: Disposition.CONGESTION,
    Cause.TRUNK_FAILED: Disposition.TRUNK_FAILED,
    Cause.LOST: Disposition.UNKNOWN,
}


def unanswered(ended: Ended, *, rang: bool, rang_out: bool) -> Ending:
    """A leg that was never answered."""
    cause = classify(ended.code, ended.q850, rang=rang)
    if cause is Cause.LOST:
        return Ending(
            Disposition.UNKNOWN, EndReason.INFRASTRUCTURE, error=ended.reason or None
        )
    if rang_out:
        return Ending(
            Disposition.NO_ANSWER, EndReason.RING_TIMEOUT, sip_code=ended.code
        )
    # NORMAL cannot be: a leg that was never answered is not ended by a BYE.
    return Ending(
        BY_CAUSE.get(cause, Disposition.TRUNK_FAILED),
        trunk_failure(ended.code),
        sip_code=ended.code,
        error=ended.reason or None,
    )


def refused(error: GatewayError | Invalid) -> Ending:
    """The INVITE was not taken.

    An error with a code (458, the session was reaped, above all) says that nothing left,
    as does a number that no SIP header may carry; of a gateway's error without a code
    nobody can be sure (telephony/line.py).
    """
    unsure = isinstance(error, GatewayError) and not error.code
    disposition = Disposition.UNKNOWN if unsure else Disposition.TRUNK_FAILED
    return Ending(disposition, EndReason.INFRASTRUCTURE, error=error.message)


def gateway_lost(ended: Ended) -> Ending:
    """The gateway went away in mid-call: nobody can say what the callee heard."""
    return Ending(
        Disposition.UNKNOWN,
        EndReason.INFRASTRUCTURE,
        answered_by=AnsweredBy.UNKNOWN,
        error=ended.reason or None,
    )
