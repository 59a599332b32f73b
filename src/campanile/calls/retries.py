"""What an attempt's outcome means for its lead (DESIGN.md 7). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from textwrap import shorten

from campanile.calls.outcomes import Disposition as D
from campanile.leads.states import LeadStatus

REFUNDS_A_DAY = 6
WORDS_OF_A_REQUEST = 100
"""characters that are repeated in a lead's reason; the attempt keeps them all"""
TRUNK_REFUNDS = 6
"""What a trunk goes on refusing may be refused because of whom it is asked to ring."""
DAY = timedelta(days=1)
CONGESTION_GAP = timedelta(minutes=5)
ASKED_FOR = 1
"""Tries beyond the limit for a callee who asked to be called back; a further wish is a
person's to follow up."""

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
"""Not the lead's fault: given back. REFUNDS_A_DAY such tries a day, no more; a trunk's
failures TRUNK_REFUNDS times in all, then they are charged."""
IF_UNANSWERED = frozenset({D.AGENT_FAILED, D.UNKNOWN})
"""Again only where the callee was not reached; else a person must follow up."""


@dataclass(frozen=True, slots=True)
class Next:
    """Where the lead goes from here."""

    status: LeadStatus
    after: timedelta | None = None
    """How long to wait, from the end of this attempt; None where there is no next."""
    reason: str = ""
    charged: bool = True


def after_attempt(
    disposition: D,
    *,
    spoken_to: bool,
    attempts: int,
    max_attempts: int,
    retry_delay: timedelta,
    refund_ages: Sequence[timedelta] = (),
    refunds: int = 0,
    callback_in: timedelta | None = None,
    callback_request: str | None = None,
    quarantine: timedelta = timedelta(),
) -> Next:
    """`attempts` counts this one; `callback_in`: None where nobody could read from
    `callback_request` when to call; `spoken_to`: the callee had answered (`unknown`) or
    had spoken (`agent_failed`) before it ended; `refund_ages`: how long ago each try of
    the past day that was given back was dialed, this one included; `refunds`: how many
    of its tries were given back before."""
    if disposition in DONE:
        return Next(LeadStatus.COMPLETED)
    charged = disposition not in REFUNDED or (
        disposition is D.TRUNK_FAILED and refunds >= TRUNK_REFUNDS
    )
    if not charged:
        wait, reason = _wait_after_refund(disposition, retry_delay, refund_ages)
        return Next(LeadStatus.PENDING, wait, reason, charged=False)
    if disposition is D.CALLBACK:
        return _call_back(
            attempts,
            max_attempts,
            retry_delay,
            callback_in=callback_in,
            request=(callback_request or "").strip(),
        )
    if disposition in REFUNDED:
        wait, _ = _wait_after_refund(disposition, retry_delay, refund_ages)
    elif disposition in RETRIED or (disposition in IF_UNANSWERED and not spoken_to):
        wait = max(retry_delay, quarantine)
    else:
        follow_up = ": follow up by hand" if disposition in IF_UNANSWERED else ""
        return Next(LeadStatus.FAILED, reason=f"{disposition}{follow_up}")
    if attempts >= max_attempts:
        return Next(LeadStatus.FAILED, reason=f"{disposition} after all attempts")
    return Next(LeadStatus.PENDING, wait)


def _call_back(
    attempts: int,
    max_attempts: int,
    retry_delay: timedelta,
    *,
    callback_in: timedelta | None,
    request: str,
) -> Next:
    if attempts >= max_attempts + ASKED_FOR:
        reason = f"{D.CALLBACK} after all attempts: follow up by hand"
        return Next(LeadStatus.FAILED, reason=reason)
    if callback_in is not None:
        return Next(LeadStatus.PENDING, callback_in)
    if not request:
        return Next(LeadStatus.PENDING, retry_delay)
    # Whenever they meant, they did not mean within the hour.
    words = shorten(request, WORDS_OF_A_REQUEST, placeholder=" …")
    reason = f"asked to be called back; no time could be read from “{words}”"
    return Next(LeadStatus.PENDING, max(retry_delay, DAY), reason)


def gap_after(disposition: D | None, retry_delay: timedelta) -> timedelta:
    """The least time from an attempt's end to the next INVITE to its lead."""
    return max(retry_delay, CONGESTION_GAP) if disposition in REFUNDED else retry_delay


def _wait_after_refund(
    disposition: D, retry_delay: timedelta, ages: Sequence[timedelta]
) -> tuple[timedelta, str]:
    wait = gap_after(disposition, retry_delay)
    if len(ages) < REFUNDS_A_DAY:
        return wait, f"{disposition}: tried again, not charged"
    # The next one may be sent when the oldest of the last six is a day old.
    rest = DAY - sorted(ages)[REFUNDS_A_DAY - 1]
    return max(wait, rest), f"{disposition} {REFUNDS_A_DAY} times in a day"
