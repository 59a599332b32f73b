"""The legal decision, made per lead at the moment of dialing (DESIGN D3). Pure.

Plain values in, a decision out. What is empty or unknown is not dialed. A refusal names
the rule, says why, and names the instant from which asking again makes sense; without
one, never. A permission carries the evidence that is stored with the attempt.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from campanile.compliance.hours import CampaignHours, Place, next_open

SPARE = timedelta(seconds=5)
"""An INVITE leaves at the latest ring time-out + this before the window closes."""


@dataclass(frozen=True, slots=True)
class Dial:
    """An INVITE sent earlier to the same number, in any campaign of the tree."""

    at: datetime
    """by the legal clock"""
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Caps:
    """The most INVITEs to one number; None: no limit."""

    per_24h: int | None = None
    """rolling"""
    per_day: int | None = None
    """a calendar day in every candidate zone"""
    per_week: int | None = None
    """Monday to Sunday, likewise"""
    lifetime: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    phone_number: str
    """E.164"""
    kind: str
    """libphonenumber's type: mobile, fixed_line, premium_rate, toll_free, …"""
    place: Place
    hours: CampaignHours
    campaign_runs: bool
    attempts: int
    """charged so far"""
    max_attempts: int
    ring_timeout: timedelta
    subject: str | None = None
    regions: tuple[str, ...] | None = None
    """that the campaign may ring; None: all"""
    stopped: str | None = None
    """why nobody may be rung now, when somebody said stop"""
    suppressed: str | None = None
    """why the number is on a suppression list, when it is on one"""
    consent_required: bool = False
    consented: bool = False
    not_before: datetime | None = None
    not_after: datetime | None = None
    dials: tuple[Dial, ...] = ()
    caps: tuple[Caps, ...] = ()
    """the organisation's and the campaign's; every one holds"""
    quarantined_until: datetime | None = None
    """A leg to the number may be left over until then (by the legal clock)."""


@dataclass(frozen=True, slots=True)
class Allowed:
    evidence: dict[str, Any] = field(default_factory=dict, compare=False)
    """JSON: rule-data version, zones, jurisdictions, local times"""


@dataclass(frozen=True, slots=True)
class Refused:
    rule: str
    """a stable id, such as `window.lawful` or `cap.24h`"""
    reason: str
    """in words"""
    until: datetime | None
    """By the legal clock; None: never again."""


def may_dial(facts: Facts, now: datetime) -> Allowed | Refused:
    """Whether this lead may be dialed at `now` (the legal clock, aware)."""
    for_good = _never(facts)
    if for_good is not None:
        return for_good
    if facts.stopped is not None:
        return Refused("stop", facts.stopped, now + timedelta(minutes=1))
    if not facts.campaign_runs:
        return Refused(
            "campaign.not_running",
            "the campaign is not running",
            now + timedelta(minutes=1),
        )
    if facts.quarantined_until is not None and facts.quarantined_until > now:
        return Refused(
            "number.quarantine",
            "an earlier call to the number may still be up",
            facts.quarantined_until,
        )
    room = facts.ring_timeout + SPARE
    opens = next_open(facts.hours, facts.place, now, room=room)
    if opens is None:
        return Refused(
            "window.never", "its calling hours and the campaign's never meet", None
        )
    if opens > now:
        return Refused("window.closed", "outside calling hours", opens)
    local = {z: now.astimezone(ZoneInfo(z)).isoformat() for z in facts.place.zones}
    return Allowed({"local_times": local})


def _never(facts: Facts) -> Refused | None:
    """Why this lead is not to be dialed at any time."""
    if facts.suppressed is not None:
        return Refused(
            "number.suppressed", "the number is on the suppression list", None
        )
    if facts.attempts >= facts.max_attempts:
        return Refused(
            "attempts.used", f"all {facts.max_attempts} attempts are used", None
        )
    if not facts.place.zones:
        return Refused("zone.unknown", "the time zone of the number is unknown", None)
    return None
