"""The rest between two calls, judged by what was dialed rather than by when the lead is
due: `next_attempt_at` may be wrong after a restored backup or a mistake of ours (pure).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from campanile.calls.outcomes import Disposition
from campanile.calls.restoring import FOLLOW_UP
from campanile.calls.retries import gap_after


@dataclass(frozen=True, slots=True)
class EarlierDial:
    """An INVITE to the number that was sent before; all times are real."""

    at: datetime
    subject: str | None
    quarantined_until: datetime | None
    same_lead: bool
    answered: bool
    disposition: Disposition | None
    """None: not over, or known from the ledger alone"""
    ended_at: datetime | None
    from_ledger: bool
    """the database has forgotten it"""


@dataclass(frozen=True, slots=True)
class Rest:
    rule: str
    reason: str
    until: datetime | None
    """None: for ever"""


def rest_of(
    dials: Sequence[EarlierDial],
    *,
    retry_delay: timedelta,
    quarantine: timedelta,
    callback_at: datetime | None,
) -> Rest | None:
    """How long the lead has to be left alone, as far as its own retry gap goes.

    A callee who asked for a time is called at that time. A dial that only the ledger
    knows holds back whoever else has its number, too: nobody can say what became of it.
    """
    own = [dial for dial in dials if dial.same_lead or dial.from_ledger]
    for dial in own:
        if dial.same_lead and dial.answered and _lost(dial):
            reason = (
                FOLLOW_UP
                if dial.from_ledger
                else "answered in a call that was lost: follow up by hand"
            )
            return Rest("lead.follow_up", reason, None)
    if not own:
        return None
    until = max(_until(dial, retry_delay, quarantine, callback_at) for dial in own)
    return Rest("lead.gap", "its last call was too short a time ago", until)


def _lost(dial: EarlierDial) -> bool:
    return dial.from_ledger or dial.disposition is Disposition.UNKNOWN


def _until(
    dial: EarlierDial,
    retry_delay: timedelta,
    quarantine: timedelta,
    callback_at: datetime | None,
) -> datetime:
    if dial.ended_at is None:
        return dial.at + max(retry_delay, quarantine)
    if dial.disposition is Disposition.CALLBACK and callback_at is not None:
        return callback_at
    return dial.ended_at + gap_after(dial.disposition, retry_delay)
