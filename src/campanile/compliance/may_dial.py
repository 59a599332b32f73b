"""The legal decision, made per lead at the moment of dialing (DESIGN D3). Pure.

Plain values in, a decision out. What is empty or unknown is not dialed. A refusal names
the rule, says why, and names the instant from which, if nothing else changes, the answer
is yes; without one, never. A permission carries the evidence that is stored with the
attempt.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from campanile.compliance.caps import Caps, Dial, caps_reached
from campanile.compliance.hours import (
    CampaignHours,
    Place,
    campaign_is_open,
    next_open,
    open_spans,
)
from campanile.compliance.law import hours_of, law, rules_on
from campanile.compliance.zones import known_zones, zone, zone_data

__all__ = [
    "DECISION_AGE",
    "Allowed",
    "Caps",
    "Dial",
    "Facts",
    "Refused",
    "may_dial",
]

DECISION_AGE = timedelta(seconds=1)
"""So much later than it was decided an INVITE leaves, at most: what is too late a second
from now is too late."""
SPARE = timedelta(seconds=5) + DECISION_AGE
"""How long before the window closes the decision is made at the latest, beside the ring
time-out: the INVITE has to leave 5 s before."""
LOOK_AGAIN = timedelta(minutes=1)
"""What a person holds back, a person lets go: nobody knows when."""
NO_ROOM = timedelta()
STEPS = 32
"""Rules that have to agree on an instant; two or three rounds do, a cap or two and a
window."""

WINDOW_NEVER = "window.never"
ENDS_FIRST = "campaign.ends_first"
NEVER_MEET = "its calling hours and the campaign's never meet"

RINGABLE = {"fixed_line", "mobile", "fixed_line_or_mobile", "voip", "toll_free"}
"""Not: premium_rate, shared_cost, personal_number, pager, uan, voicemail, service,
unknown."""
BEYOND_COUNTRIES = {
    "800": "international freephone",
    "808": "international shared-cost",
    "870": "satellite",
    "878": "personal",
    "881": "satellite",
    "882": "international network",
    "883": "international network",
    "888": "relief",
    "979": "international premium-rate",
}
"""ITU-T E.164 country codes that are no country's"""


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
    asked_back: bool = False
    """The callee asked for this call: it may be one beyond the limit."""
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
    """every earlier one: a law may look back thirty days, a cap for ever"""
    caps: tuple[Caps, ...] = ()
    """the organisation's and the campaign's; every one holds"""
    quarantined_until: datetime | None = None
    """A leg to the number may be left over until then (by the legal clock)."""


@dataclass(frozen=True, slots=True)
class Allowed:
    evidence: dict[str, Any] = field(default_factory=dict, compare=False)
    """JSON: rule-data and time-zone-data version, zones, jurisdictions, local times, the
    ids of the law's rules that were in force, and when the window closes"""


@dataclass(frozen=True, slots=True)
class Refused:
    rule: str
    """a stable id, such as `window.campaign`, `law.us-fl.hours` or `cap.24h`"""
    reason: str
    """in words"""
    until: datetime | None
    """By the legal clock; None: never again, as things stand."""
    setting: bool = False
    """It is what somebody set that forbids it, no fact: set otherwise, the lead may be
    rung, so it is not to be given up."""


def may_dial(facts: Facts, now: datetime) -> Allowed | Refused:
    """Whether this lead may be dialed at `now` (the legal clock, aware)."""
    now = now.astimezone(UTC)
    held = _for_good(facts, now) or _held_back(facts, now)
    if held is not None:
        return held
    refused = next(_until_later(facts, now), None) or _window(facts, now)
    if refused is None:
        return Allowed(_evidence(facts, now))
    return _with_instant(facts, refused, now)


def _for_good(facts: Facts, now: datetime) -> Refused | None:
    """Why this lead is not to be dialed at any time, or not as the campaign is set."""
    for rule, reason in (
        *_about_the_number(facts),
        *_about_the_lead(facts, now),
        *_about_the_place(facts, now),
    ):
        return Refused(rule, reason, None)
    for rule, reason in _as_it_is_set(facts):
        return Refused(rule, reason, None, setting=True)
    return None


def _about_the_number(facts: Facts) -> Iterator[tuple[str, str]]:
    if facts.suppressed is not None:
        yield "number.suppressed", "the number is on the suppression list"
    if not re.fullmatch(r"\+[1-9]\d{6,14}", facts.phone_number):
        yield "number.short", "a short, emergency or incomplete number is not rung"
    if beyond := BEYOND_COUNTRIES.get(facts.phone_number[1:4]):
        yield "number.kind", f"{beyond} numbers are not rung"
    if facts.kind not in RINGABLE:
        words = facts.kind.replace("_", " ")
        yield "number.kind", f"numbers of the kind {words!r} are not rung"


def _about_the_lead(facts: Facts, now: datetime) -> Iterator[tuple[str, str]]:
    if facts.attempts >= facts.max_attempts + facts.asked_back:
        yield "attempts.used", f"all {facts.max_attempts} attempts are used"
    if facts.not_after is not None and now + DECISION_AGE > facts.not_after:
        yield "lead.not_after", "the latest moment for calling this lead has passed"


def _about_the_place(facts: Facts, now: datetime) -> Iterator[tuple[str, str]]:
    place = facts.place
    if not place.zones:
        yield "zone.unknown", "the time zone of the number is unknown"
    elif unknown := sorted(set(place.zones) - known_zones()):
        yield "zone.unknown", f"there is no time zone {unknown[0]!r}"
    elif facts.kind == "toll_free" and _clocks(place, now) > 2:
        yield "zone.unknown", "a toll-free number is at home nowhere: it needs a zone"


def _as_it_is_set(facts: Facts) -> Iterator[tuple[str, str]]:
    if facts.consent_required and not facts.consented:
        yield "consent.missing", "the campaign requires consent and none is recorded"
    places = facts.place.jurisdictions
    if facts.regions is not None and not (
        places and all(_is_within(one, facts.regions) for one in places)
    ):
        where = " or ".join(places) or "an unknown country"
        yield "region.not_allowed", f"the campaign does not ring {where}"


def _held_back(facts: Facts, now: datetime) -> Refused | None:
    if facts.stopped is not None:
        return Refused("stop", facts.stopped, now + LOOK_AGAIN)
    if not facts.campaign_runs:
        return Refused(
            "campaign.not_running", "the campaign is not running", now + LOOK_AGAIN
        )
    if (name := facts.hours.zone) not in known_zones():
        return Refused(
            "campaign.zone",
            f"the campaign's hours are of {name!r}, which is no time zone",
            now + LOOK_AGAIN,
        )
    return None


def _until_later(facts: Facts, now: datetime) -> Iterator[Refused]:
    """What only time heals, but for the windows."""
    if facts.not_before is not None and facts.not_before > now:
        yield Refused(
            "lead.not_before", "the lead is not to be called yet", facts.not_before
        )
    if facts.quarantined_until is not None and facts.quarantined_until > now:
        yield Refused(
            "number.quarantine",
            "an earlier call to the number may still be up",
            facts.quarantined_until,
        )
    for cap in caps_reached(
        facts.caps, facts.place, facts.dials, now, subject=facts.subject
    ):
        yield Refused(cap.rule, cap.reason, cap.until, cap.setting)


def _window(facts: Facts, now: datetime) -> Refused | None:
    opens = _next_open(facts, now)
    if opens == now:
        return None
    if opens is None:
        return _never_opens(facts, now)
    return Refused(*_why_closed(facts, now), opens)


def _with_instant(facts: Facts, refused: Refused, now: datetime) -> Refused:
    """The same refusal with the instant at which all rules say yes together."""
    moment = now
    for _ in range(STEPS):
        waits = [one.until for one in _until_later(facts, moment)]
        if None in waits:
            return _first_for_good(facts, moment)
        later = max((at for at in waits if at is not None), default=moment)
        opens = _next_open(facts, later)
        if opens is None:
            never = _never_opens(facts, later)
            if never.setting or _next_open(facts, now) is None:
                return never
            # After its last day it could, and that day somebody may yet move.
            reason = f"{refused.reason}, and the campaign's last day comes first"
            return Refused(ENDS_FIRST, reason, None, setting=True)
        if opens == moment:
            break
        moment = opens
    if facts.not_after is not None and moment + DECISION_AGE > facts.not_after:
        return Refused(
            "lead.not_after",
            "the latest moment for calling this lead comes before it may be called",
            None,
        )
    return Refused(refused.rule, refused.reason, moment)


def _first_for_good(facts: Facts, at: datetime) -> Refused:
    found = [one for one in _until_later(facts, at) if one.until is None]
    return min(found, key=lambda one: one.setting)  # facts first


def _next_open(facts: Facts, after: datetime) -> datetime | None:
    room = facts.ring_timeout + SPARE
    return next_open(facts.hours, facts.place, after, room=room)


def _never_opens(facts: Facts, now: datetime) -> Refused:
    last = facts.hours.last_day
    if last is not None and now.astimezone(zone(facts.hours.zone)).date() >= last:
        return Refused("campaign.over", "the campaign's last day is over", None)
    return Refused(WINDOW_NEVER, NEVER_MEET, None, setting=True)


def _why_closed(facts: Facts, now: datetime) -> tuple[str, str]:
    if not campaign_is_open(facts.hours, now, room=NO_ROOM):
        return "window.campaign", "outside the campaign's own hours"
    for name in facts.place.zones:
        local = now.astimezone(zone(name))
        minute = local.hour * 60 + local.minute
        for rule in rules_on(facts.place.jurisdictions, local.date()):
            if not any(a <= minute < b for a, b in hours_of(rule, local.date())):
                return f"law.{rule.id}", f"{rule.id} allows no call now in {name}"
    return "window.closing", "calling hours end before a call could ring out"


def _evidence(facts: Facts, now: datetime) -> dict[str, Any]:
    place = facts.place
    local = {name: now.astimezone(zone(name)) for name in place.zones}
    binding = {
        rule.id
        for there in local.values()
        for rule in rules_on(place.jurisdictions, there.date())
    }
    closes = [
        end
        for start, end in open_spans(facts.hours, place, now.date())
        if start <= now < end
    ]
    return {
        "rules": law().version,
        "tzdata": zone_data()[0],
        "zones": list(place.zones),
        "jurisdictions": list(place.jurisdictions),
        "local_times": {name: there.isoformat() for name, there in local.items()},
        "binding": sorted(binding),
        "closes": closes[0].isoformat(),
    }


def _is_within(jurisdiction: str, regions: tuple[str, ...]) -> bool:
    return any(
        jurisdiction == region or jurisdiction.startswith(f"{region}-")
        for region in regions
    )


def _clocks(place: Place, now: datetime) -> int:
    return len({now.astimezone(zone(name)).utcoffset() for name in place.zones})
