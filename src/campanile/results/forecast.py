"""Who of a campaign's waiting leads may be rung now, who later, who never, and why.

`may_dial` is asked once per kind of lead, not once per lead: lists may be long. Leads
whose number was dialed before differ in when, so of those every one is asked, or a
sample where they are many. Rings nobody.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, select

from campanile.calls.dial_facts import facts_of
from campanile.campaigns.caps import caps_of
from campanile.campaigns.models import Campaign
from campanile.clock import clock_offset, legal_now, now, real_instant
from campanile.compliance.hours import Place
from campanile.compliance.may_dial import Allowed, Caps, Dial, may_dial
from campanile.leads.models import Lead
from campanile.numbers.models import DialProfile
from campanile.numbers.phones import kind_of
from campanile.numbers.profiles import place_of_profile
from campanile.organizations.models import Organization

SAMPLE = 3000
"""Leads dialed before that are asked about one by one."""
WAITS = "waits for its next try"


@dataclass(slots=True)
class Reason:
    """Why some leads are not rung now."""

    rule: str
    words: str
    for_good: bool
    leads: int = 0
    until: datetime | None = None
    """the first of them may be rung then"""


@dataclass(slots=True)
class Opening:
    """Leads that are in the same place."""

    zones: tuple[str, ...]
    leads: int = 0
    opens: datetime | None = None
    """when the first of them may be rung; None: never"""


@dataclass(frozen=True, slots=True)
class Kind:
    """Leads that one answer holds for."""

    leads: int
    place: Place
    attempts: int
    earliest: datetime | None
    """real instants; None: now"""
    latest: datetime | None


@dataclass(slots=True)
class Forecast:
    waiting: int = 0
    open_now: int = 0
    later: int = 0
    never: int = 0
    reasons: list[Reason] = field(default_factory=list)
    openings: list[Opening] = field(default_factory=list)
    callable: list[Kind] = field(default_factory=list)
    """now or later"""
    sampled: int = 0
    """leads dialed before that a sample stands for; 0: every one was asked"""


@dataclass(frozen=True, slots=True)
class _Asked:
    lead: Lead
    """one of them"""
    leads: int
    place: Place
    suppressed: bool
    waits_until: datetime | None
    dials: tuple[Dial, ...] = ()


def forecast(session: Session, campaign: Campaign) -> Forecast:
    """Of this moment, as if the campaign ran and nobody had said stop."""
    own = session.get_one(Organization, campaign.organization_id)
    root = session.get_one(Organization, own.root_id)
    caps = caps_of(root, own, campaign)
    found = Forecast()
    reasons: dict[tuple[str, str, bool], Reason] = {}
    openings: dict[tuple[str, ...], Opening] = defaultdict(lambda: Opening(()))
    for asked in _everybody(session, campaign, root, found):
        kind, refused = _answer(asked, campaign, caps)
        found.waiting += asked.leads
        opening = openings[asked.place.zones]
        opening.zones = asked.place.zones
        opening.leads += asked.leads
        if refused is not None:
            key = (refused.rule, refused.words, refused.for_good)
            reason = reasons.setdefault(key, refused)
            reason.leads += asked.leads
            reason.until = _earlier(reason.until, refused.until)
        if kind is None:
            found.never += asked.leads
            continue
        found.callable.append(kind)
        opening.opens = _earlier(opening.opens, kind.earliest or now())
        if refused is None:
            found.open_now += asked.leads
        else:
            found.later += asked.leads
    found.reasons = sorted(reasons.values(), key=lambda reason: -reason.leads)
    found.openings = sorted(openings.values(), key=lambda opening: -opening.leads)
    return found


def _answer(
    asked: _Asked, campaign: Campaign, caps: tuple[Caps, ...]
) -> tuple[Kind | None, Reason | None]:
    """The leads as those that can be rung, if ever; why not now, if not now."""
    lead = asked.lead
    facts = facts_of(
        lead,
        campaign,
        place=asked.place,
        kind=lead.number_kind,
        caps=caps,
        dials=asked.dials,
        suppressed="listed" if asked.suppressed else None,
    )
    decision = may_dial(replace(facts, campaign_runs=True), legal_now())
    refused = None
    earliest = asked.waits_until
    if not isinstance(decision, Allowed):
        if decision.until is None:
            return None, Reason(decision.rule, decision.reason, for_good=True)
        until = real_instant(decision.until)
        earliest = until if earliest is None else max(earliest, until)
        refused = Reason(decision.rule, decision.reason, for_good=False, until=until)
    if asked.waits_until is not None:
        refused = Reason("lead.gap", WAITS, for_good=False, until=earliest)
    latest = None if lead.not_after is None else real_instant(lead.not_after)
    return Kind(asked.leads, asked.place, lead.attempts, earliest, latest), refused


def _everybody(
    session: Session, campaign: Campaign, root: Organization, found: Forecast
) -> Iterator[_Asked]:
    where = {
        profile.id: place_of_profile(profile)
        for profile in session.exec(select(DialProfile))
    }
    values = {
        "root": root.id,
        "campaign": campaign.id,
        "now": now(),
        "legal": legal_now(),
        "sample": SAMPLE,
    }
    for row in session.execute(_NEVER_DIALED, values):
        yield _asked(row, row.leads, campaign, where)
    rows = session.execute(_DIALED, values).all()
    total = rows[0].leads if rows else 0
    if total > len(rows):
        found.sampled = total
    dials = _dials(session, root, [row.phone_number for row in rows])
    for n, row in enumerate(rows):
        # What one of the sample stands for, in whole leads that add up.
        stands_for = total * (n + 1) // len(rows) - total * n // len(rows)
        yield replace(
            _asked(row, stands_for, campaign, where),
            dials=tuple(dials[row.phone_number]),
        )


def _asked(
    row: sa.Row[Any], leads: int, campaign: Campaign, where: dict[int | None, Place]
) -> _Asked:
    kind = row.number_kind
    lead = Lead(
        organization_id=campaign.organization_id,
        campaign_id=campaign.id,
        profile_id=row.profile_id,
        phone_number=row.phone_number,
        number_kind=kind_of(row.phone_number) if kind == "unknown" else kind,
        attempts=row.attempts,
        consent_basis="recorded" if row.consented else None,
        not_before=row.not_before,
        not_after=row.not_after,
    )
    return _Asked(lead, leads, where[row.profile_id], row.suppressed, row.waits_until)


def _dials(
    session: Session, root: Organization, numbers: list[str]
) -> dict[str, list[Dial]]:
    found: dict[str, list[Dial]] = defaultdict(list)
    values = {"root": root.id, "numbers": numbers}
    for number, at, subject in session.execute(_EARLIER, values):
        found[number].append(Dial(at + clock_offset(), subject))
    return found


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    known = [moment for moment in (one, other) if moment is not None]
    return min(known, default=None)


def _coarse(column: str, moment: str) -> str:
    """A future instant by the hour (by the minute within the next), so that leads group."""
    return f"""CASE WHEN {column} > {moment} + interval '1 hour'
                    THEN date_trunc('hour', {column})
                    ELSE date_trunc('minute', {column}) END"""


_FACTS = f"""
    l.profile_id, l.number_kind, l.attempts,
    l.consent_basis IS NOT NULL AS consented,
    s.phone_number IS NOT NULL AS suppressed,
    CASE WHEN l.not_before > :legal THEN {_coarse("l.not_before", ":legal")} END
         AS not_before,
    {_coarse("l.not_after", ":legal")} AS not_after,
    CASE WHEN l.next_attempt_at > :now THEN {_coarse("l.next_attempt_at", ":now")} END
         AS waits_until
"""
_WAITING = """
      FROM lead l
      LEFT JOIN dialed d ON d.phone_number = l.phone_number
      LEFT JOIN (SELECT DISTINCT phone_number FROM suppression
                  WHERE (root_id IS NULL OR root_id = :root)
                    AND (campaign_id IS NULL OR campaign_id = :campaign)) s
             ON s.phone_number = l.phone_number
     WHERE l.campaign_id = :campaign AND l.status = 'pending'
"""
_DIALED_NUMBERS = """
    WITH dialed AS (
         SELECT phone_number FROM attempt
          WHERE root_id = :root AND dialed_at IS NOT NULL
          UNION
         SELECT phone_number FROM ledger_dial WHERE root_id = :root)
"""
_NEVER_DIALED = sa.text(
    f"""{_DIALED_NUMBERS}
    SELECT {_FACTS}, min(l.phone_number) AS phone_number, count(*) AS leads
    {_WAITING} AND d.phone_number IS NULL
     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
    """
)
_DIALED = sa.text(
    f"""{_DIALED_NUMBERS}
    SELECT {_FACTS}, l.phone_number, count(*) OVER () AS leads
    {_WAITING} AND d.phone_number IS NOT NULL
     ORDER BY l.id
     LIMIT :sample
    """
)
_EARLIER = sa.text(
    """
    SELECT phone_number, dialed_at, subject FROM attempt
     WHERE root_id = :root AND phone_number = ANY(:numbers) AND dialed_at IS NOT NULL
     UNION ALL
    SELECT phone_number, dialed_at, subject FROM ledger_dial
     WHERE root_id = :root AND phone_number = ANY(:numbers)
    """
)
