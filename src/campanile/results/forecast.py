"""Who of a campaign's waiting leads may be rung now, who later, who never, and why.

`may_dial` is asked once or twice per kind of lead, not once per lead: lists may be long.
Leads whose own moments lie in the same hour are of a kind where the most and the least
favoured of them fare alike; where not, each minute's are. Leads whose number was dialed
before differ in when, so of those every one is asked, or a sample where they are many.
Rings nobody.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, select

from campanile.calls.dial_facts import facts_of
from campanile.campaigns.caps import caps_of
from campanile.campaigns.models import Campaign
from campanile.clock import clock_offset, legal_now, now, real_instant
from campanile.compliance.hours import Place
from campanile.compliance.may_dial import DECISION_AGE, Allowed, Caps, Dial, may_dial
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
    """one of them; the moments are of those that may be rung the longest"""
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
    ask = partial(_answer, campaign=campaign, caps=caps)
    for asked, (kind, refused) in _everybody(session, campaign, root, found, ask):
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


_Answer = tuple[Kind | None, Reason | None]


def _answer(asked: _Asked, campaign: Campaign, caps: tuple[Caps, ...]) -> _Answer:
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
    earliest = asked.waits_until
    moment = legal_now() if earliest is None else earliest + clock_offset()
    decision = may_dial(replace(facts, campaign_runs=True), moment)
    refused = None
    if not isinstance(decision, Allowed):
        if decision.until is None:
            return None, Reason(decision.rule, decision.reason, for_good=True)
        earliest = real_instant(decision.until)
        refused = Reason(decision.rule, decision.reason, for_good=False, until=earliest)
    if asked.waits_until is not None:
        refused = Reason("lead.gap", WAITS, for_good=False, until=earliest)
    latest = None if lead.not_after is None else real_instant(lead.not_after)
    return Kind(asked.leads, asked.place, lead.attempts, earliest, latest), refused


def _everybody(
    session: Session,
    campaign: Campaign,
    root: Organization,
    found: Forecast,
    ask: Callable[[_Asked], _Answer],
) -> Iterator[tuple[_Asked, _Answer]]:
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
    mixed: list[sa.Row[Any]] = []
    for row in session.execute(_BY_THE_HOUR, values):
        best = _asked(row, row.leads, campaign, where)
        answer = ask(best)
        if _fare_alike(best, answer, row, ask):
            yield best, answer
        else:
            mixed.append(row)
    if mixed:
        keys = {tuple(row[:_KEYS]) for row in mixed}
        values |= {
            "profiles": list({row.profile_id for row in mixed}),
            "begins": list({row.begins or _UNSAID for row in mixed}),
            "ends": list({row.ends or _UNSAID for row in mixed}),
            "unsaid": _UNSAID,
        }
        for row in session.execute(_BY_THE_MINUTE, values):
            if tuple(row[:_KEYS]) in keys:
                asked = _asked(row, row.leads, campaign, where)
                yield asked, ask(asked)
    rows = session.execute(_DIALED, values).all()
    total = rows[0].leads if rows else 0
    if total > len(rows):
        found.sampled = total
    dials = _dials(session, root, [row.phone_number for row in rows])
    for n, row in enumerate(rows):
        # What one of the sample stands for, in whole leads that add up.
        stands_for = total * (n + 1) // len(rows) - total * n // len(rows)
        asked = replace(
            _asked(row, stands_for, campaign, where),
            dials=tuple(dials[row.phone_number]),
        )
        yield asked, ask(asked)


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


def _fare_alike(
    best: _Asked,
    answer: _Answer,
    row: sa.Row[Any],
    ask: Callable[[_Asked], _Answer],
) -> bool:
    """Whether all leads of a group are rung now, later or never as the most favoured."""
    kind, refused = answer
    if kind is None:
        return True
    at = legal_now() if kind.earliest is None else kind.earliest + clock_offset()
    if (row.last_begin is None or row.last_begin <= at) and (
        row.first_end is None or at + DECISION_AGE <= row.first_end
    ):
        return True
    moments = {"not_before": row.last_begin, "not_after": row.first_end}
    values = {**best.lead.model_dump(exclude=set(moments)), **moments}
    other, why = ask(replace(best, lead=Lead(**values)))
    return other is not None and (why is None) == (refused is None)


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


def _hour(column: str, moment: str) -> str:
    """Of a future instant the hour (within the next one the minute): leads group by it."""
    return f"""CASE WHEN {column} > {moment} + interval '1 hour'
                    THEN date_trunc('hour', {column})
                    ELSE date_trunc('minute', {column}) END"""


_WAITING = """
    WITH dialed AS (
         SELECT phone_number FROM attempt
          WHERE root_id = :root AND dialed_at IS NOT NULL
          UNION
         SELECT phone_number FROM ledger_dial WHERE root_id = :root),
    waiting AS {kept} (
         SELECT l.id, l.phone_number, l.profile_id, l.number_kind, l.attempts,
                l.consent_basis IS NOT NULL AS consented,
                s.phone_number IS NOT NULL AS suppressed,
                CASE WHEN l.not_before > :legal THEN l.not_before END AS not_before,
                l.not_after,
                CASE WHEN l.next_attempt_at > :now THEN l.next_attempt_at END
                     AS waits_until,
                d.phone_number IS NOT NULL AS dialed
           FROM lead l
           LEFT JOIN dialed d ON d.phone_number = l.phone_number
           LEFT JOIN (SELECT DISTINCT phone_number FROM suppression
                       WHERE (root_id IS NULL OR root_id = :root)
                         AND (campaign_id IS NULL OR campaign_id = :campaign)) s
                  ON s.phone_number = l.phone_number
          WHERE l.campaign_id = :campaign AND l.status = 'pending')
"""
_KEYS = 8
"""that a group by the hour is known by: its first columns"""
_UNSAID = datetime.fromtimestamp(0, UTC)
_GROUPS = f"""
    SELECT w.profile_id, w.number_kind, w.attempts, w.consented, w.suppressed,
           {_hour("w.not_before", ":legal")} AS begins,
           {_hour("w.not_after", ":legal")} AS ends,
           {_hour("w.waits_until", ":now")} AS due,
           min(w.not_before) AS not_before, max(w.not_before) AS last_begin,
           max(w.not_after) AS not_after, min(w.not_after) AS first_end,
           min(w.waits_until) AS waits_until,
           min(w.phone_number) AS phone_number, count(*) AS leads
      FROM waiting w
"""
_BY_THE_HOUR = sa.text(
    f"""{_WAITING.format(kept="NOT MATERIALIZED")} {_GROUPS}
     WHERE NOT w.dialed
     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
    """
)
# Kept whole first: the planner takes what is left for one row, and would go through all
# suppressions for each.
_BY_THE_MINUTE = sa.text(
    f"""{_WAITING.format(kept="MATERIALIZED")} {_GROUPS}
     WHERE NOT w.dialed AND w.profile_id = ANY(:profiles)
       AND coalesce({_hour("w.not_before", ":legal")}, :unsaid) = ANY(:begins)
       AND coalesce({_hour("w.not_after", ":legal")}, :unsaid) = ANY(:ends)
     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8,
              date_trunc('minute', w.not_before), date_trunc('minute', w.not_after)
    """
)
_DIALED = sa.text(
    f"""{_WAITING.format(kept="NOT MATERIALIZED")}
    SELECT w.*, count(*) OVER () AS leads
      FROM waiting w
     WHERE w.dialed
     ORDER BY w.id
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
