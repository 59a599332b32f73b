"""The states of an attempt, and which may follow which.

claimed → dialing → ringing → answered → ended → reported
   └─────────┴→ void: nobody's phone rang; no report, nothing charged (DESIGN D2)

`dialing` becomes `void` by `lifecycle.withdraw` alone: only the worker that holds the
line can know that no INVITE left. A sweep, which cannot, ends it as `unknown`.
"""

from enum import StrEnum


class AttemptState(StrEnum):
    CLAIMED = "claimed"
    DIALING = "dialing"
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"
    REPORTED = "reported"
    VOID = "void"


TRANSITIONS: dict[AttemptState, frozenset[AttemptState]] = {
    AttemptState.CLAIMED: frozenset({AttemptState.DIALING, AttemptState.VOID}),
    AttemptState.DIALING: frozenset(
        {
            AttemptState.RINGING,
            AttemptState.ANSWERED,
            AttemptState.ENDED,
            AttemptState.VOID,
        }
    ),
    AttemptState.RINGING: frozenset({AttemptState.ANSWERED, AttemptState.ENDED}),
    AttemptState.ANSWERED: frozenset({AttemptState.ENDED}),
    AttemptState.ENDED: frozenset({AttemptState.REPORTED}),
    AttemptState.REPORTED: frozenset(),
    AttemptState.VOID: frozenset(),
}

TERMINAL = frozenset(state for state, after in TRANSITIONS.items() if not after)
LIVE = frozenset(
    {
        AttemptState.CLAIMED,
        AttemptState.DIALING,
        AttemptState.RINGING,
        AttemptState.ANSWERED,
    }
)
"""States that hold a slot and a lease."""
ON_THE_WIRE = LIVE - {AttemptState.CLAIMED}
"""States in which an INVITE may have been sent."""


def sources(target: AttemptState) -> list[AttemptState]:
    """The states that may become `target`: the WHERE of the guarded UPDATE."""
    return [state for state, after in TRANSITIONS.items() if target in after]
