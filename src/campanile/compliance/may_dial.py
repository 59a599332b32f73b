"""The legal decision, made per lead at the moment of dialing (DESIGN D3). Pure.

Plain values in, a decision out. What is empty or unknown is not dialed. A refusal says
why, and names the instant from which asking again makes sense; without one, never.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from campanile.compliance.hours import Window, lawful, next_open

SPARE = timedelta(seconds=5)
"""An INVITE leaves at the latest ring time-out + this before the window closes."""


@dataclass(frozen=True, slots=True)
class Facts:
    zones: tuple[str, ...]
    """Every zone the number may be in."""
    campaign_window: Window
    campaign_runs: bool
    suppressed: bool
    attempts: int
    """charged so far"""
    max_attempts: int
    ring_timeout: timedelta
    quarantined_until: datetime | None = None
    """A leg to the number may be left over until then (by the legal clock)."""


@dataclass(frozen=True, slots=True)
class Allowed:
    pass


@dataclass(frozen=True, slots=True)
class Refused:
    reason: str
    until: datetime | None
    """By the legal clock; None: never again."""


def may_dial(facts: Facts, now: datetime) -> Allowed | Refused:
    """Whether this lead may be dialed at `now` (the legal clock, aware)."""
    for_good = _never(facts)
    if for_good:
        return Refused(for_good, None)
    if not facts.campaign_runs:
        return Refused("the campaign is not running", now + timedelta(minutes=1))
    if facts.quarantined_until is not None and facts.quarantined_until > now:
        return Refused(
            "an earlier call to the number may still be up", facts.quarantined_until
        )
    windows = open_windows(facts.zones, facts.campaign_window)
    room = facts.ring_timeout + SPARE
    opens = next_open(windows, now, room=room)
    if opens is None:
        return Refused("its calling hours and the campaign's never meet", None)
    return Allowed() if opens == now else Refused("outside calling hours", opens)


def _never(facts: Facts) -> str:
    """Why this lead is not to be dialed at any time; empty when it may be."""
    if facts.suppressed:
        return "the number is on the suppression list"
    if facts.attempts >= facts.max_attempts:
        return f"all {facts.max_attempts} attempts are used"
    if not facts.zones:
        return "the time zone of the number is unknown"
    return ""


def open_windows(zones: tuple[str, ...], campaign: Window) -> list[Window]:
    """Everything that must be open for a number with these candidate zones."""
    return [campaign, *lawful(zones)]
