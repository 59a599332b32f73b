"""What an attempt's outcome means for its lead (DESIGN.md 7). Pure."""

from dataclasses import dataclass
from datetime import timedelta

from campanile.calls.outcomes import Disposition as D
from campanile.leads.states import LeadStatus

MAX_REFUNDS = 6
CONGESTION_GAP = timedelta(minutes=5)

DONE = frozenset({D.COMPLETED, D.OPTED_OUT, D.TRANSFERRED})
"""Reached: the lead is completed."""
RETRIED = frozenset(
    {
        D.VOICEMAIL_LEFT,
        D.VOICEMAIL,
        D.VOICEMAIL_FULL,
        D.SCREENED,
        D.NO_AUDIO,
        D.BUSY,
        D.NO_ANSWER,
    }
)
REFUNDED = frozenset({D.CONGESTION, D.TRUNK_FAILED})
"""Not the lead's fault: given back, up to MAX_REFUNDS times."""
IF_UNANSWERED = frozenset({D.AGENT_FAILED, D.UNKNOWN})
"""Again only where the callee was not reached; else a person must follow up."""


@dataclass(frozen=True, slots=True)
class Next:
    """Where the lead goes from here."""

    status: LeadStatus
    after: timedelta | None = None
    """How long to wait before the next attempt; None where there is none."""
    reason: str = ""
    charged: bool = True


def after_attempt(
    disposition: D,
    *,
    spoken_to: bool,
    attempts: int,
    max_attempts: int,
    refunds: int,
    retry_delay: timedelta,
    callback_in: timedelta | None = None,
    quarantine: timedelta = timedelta(),
) -> Next:
    """`attempts` counts this one; `spoken_to`: the callee had answered (`unknown`) or
    had spoken (`agent_failed`) before it ended."""
    if disposition in DONE:
        return Next(LeadStatus.COMPLETED)
    if disposition in REFUNDED:
        if refunds >= MAX_REFUNDS:
            reason = f"{disposition} {MAX_REFUNDS + 1} times"
            return Next(LeadStatus.FAILED, reason=reason)
        return Next(LeadStatus.PENDING, max(retry_delay, CONGESTION_GAP), charged=False)
    if disposition is D.CALLBACK:
        wait = callback_in or retry_delay
    elif disposition in RETRIED or (disposition in IF_UNANSWERED and not spoken_to):
        wait = max(retry_delay, quarantine)
    else:
        follow_up = ": follow up by hand" if disposition in IF_UNANSWERED else ""
        return Next(LeadStatus.FAILED, reason=f"{disposition}{follow_up}")
    if attempts >= max_attempts:
        return Next(LeadStatus.FAILED, reason=f"{disposition} after all attempts")
    return Next(LeadStatus.PENDING, wait)
