"""A campaign's expected end, and what would have to give for an earlier one.

Everything here is by the legal clock, as calling hours are.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

from sqlmodel import Session

from campanile.campaigns.hours import campaign_hours
from campanile.campaigns.models import Campaign
from campanile.clock import clock_offset, legal_now, real_instant
from campanile.compliance.hours import CampaignHours, Place, Span, open_spans
from campanile.compliance.may_dial import SPARE
from campanile.results.expected_end import (
    HORIZON_DAYS,
    Crowd,
    Outcome,
    Pace,
    expected_end,
)
from campanile.results.forecast import Kind
from campanile.results.pace import Averages, Limit, averages, limits, pace_of
from campanile.trunks.models import Trunk

Spans = tuple[tuple[datetime, datetime], ...]

ALIKE_DAYS = 8
"""Places that are open at the same times for so long are treated as one."""
MOST_CROWDS = 60
UNHURRIED = 0.99
"""A limit is the bottleneck if without it the time needed is less than so much of it."""


@dataclass(frozen=True, slots=True)
class Plan:
    end: datetime | None
    """real time; None: not to be expected within `HORIZON_DAYS`"""
    left: int
    """leads that are not through then"""
    attempts: int
    bottleneck: str
    limits: list[Limit]
    usual: Averages
    assumptions: list[str]


def plan(
    session: Session, campaign: Campaign, trunk: Trunk | None, kinds: Sequence[Kind]
) -> Plan:
    usual = averages(session, campaign)
    tight = limits(session, campaign, trunk, usual)
    pace = pace_of(session, campaign, usual, per_second=tight[0].per_second)
    model = _Model(
        kinds=tuple(kinds),
        hours=campaign_hours(campaign),
        room=timedelta(seconds=campaign.ring_timeout_seconds) + SPARE,
        max_attempts=campaign.max_attempts,
        pace=pace,
        start=legal_now(),
    )
    outcome = model.outcome()
    return Plan(
        end=None if outcome.end is None else real_instant(outcome.end),
        left=outcome.left,
        attempts=outcome.attempts,
        bottleneck=_bottleneck(model, outcome, tight) if kinds else "nobody to ring",
        limits=tight,
        usual=usual,
        assumptions=_assumptions(campaign, usual),
    )


@dataclass(frozen=True, slots=True)
class _Model:
    kinds: tuple[Kind, ...]
    hours: CampaignHours
    room: timedelta
    max_attempts: int
    pace: Pace
    start: datetime

    def outcome(self) -> Outcome:
        return expected_end(self._crowds(), self.pace, self.start)

    def _crowds(self) -> list[Crowd]:
        """As few as tell the leads apart: by the minute they are due, else the hour, …"""
        minute, hour, day = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
        for grain in (minute, hour, day, None):
            crowds = self._told_apart(grain)
            if len(crowds) <= MOST_CROWDS:
                break
        return crowds

    def _told_apart(self, grain: timedelta | None) -> list[Crowd]:
        alike: dict[Spans, Spans] = {}
        sizes: Counter[tuple[Spans, int, datetime | None, datetime | None]] = Counter()
        for kind in self.kinds:
            soon = self._spans(kind.place, ALIKE_DAYS)
            if soon not in alike:
                alike[soon] = self._spans(kind.place, HORIZON_DAYS)
            tries = max(1, self.max_attempts - kind.attempts)
            due = (_legal(kind.earliest, grain), _legal(kind.latest, grain))
            sizes[(alike[soon], tries, *due)] += kind.leads
        return [Crowd(leads, *key) for key, leads in sizes.items()]

    def _spans(self, place: Place, days: int) -> Spans:
        """When an INVITE may leave, the ring time-out before closing left out."""
        first = self.start.astimezone(UTC).date()
        found = {
            span
            for n in range(days + 1)
            for span in open_spans(self.hours, place, first + timedelta(days=n))
        }
        ends = ((begin, end - self.room) for begin, end in sorted(found))
        return tuple((begin, end) for begin, end in ends if begin < end)


def _legal(moment: datetime | None, grain: timedelta | None) -> datetime | None:
    if moment is None or grain is None:
        return None
    seconds = grain.total_seconds()
    at = (moment + clock_offset()).timestamp()
    return datetime.fromtimestamp(at // seconds * seconds, UTC)


def _bottleneck(model: _Model, outcome: Outcome, tight: Sequence[Limit]) -> str:
    """The limit without which the campaign would end soonest."""
    faster = min(
        (limit.per_second for limit in tight if limit.name != tight[0].name),
        default=tight[0].per_second,
    )
    freed: dict[str, Callable[[], _Model]] = {
        tight[0].name: lambda: _with_pace(
            model, attempts_per_second=max(faster, 2 * tight[0].per_second)
        ),
        "calling hours of the campaign": lambda: replace(
            model, hours=_always(model.hours)
        ),
        "retry delay": lambda: _with_pace(model, retry_delay=timedelta()),
    }
    if model.pace.seconds_per_day is not None or model.pace.seconds_left is not None:
        freed["budget"] = lambda: _with_pace(
            model, seconds_per_day=None, seconds_left=None
        )
    best, name = _need(outcome, model.start), "lawful calling hours"
    for limit, changed in freed.items():
        need = _need(changed().outcome(), model.start)
        if need[0] < best[0] or (need[0] == best[0] and need[1] < best[1] * UNHURRIED):
            best, name = need, limit
    return name


def _need(outcome: Outcome, start: datetime) -> tuple[int, float]:
    """(leads left over, seconds until the rest is through)."""
    horizon = float(HORIZON_DAYS * 86400)
    return (
        outcome.left,
        horizon if outcome.end is None else (outcome.end - start).total_seconds(),
    )


def _with_pace(model: _Model, **changes: object) -> _Model:
    return replace(model, pace=replace(model.pace, **changes))  # type: ignore[arg-type]


def _always(hours: CampaignHours) -> CampaignHours:
    return CampaignHours(hours.zone, (Span(time(), time()),) * 7)


def _assumptions(campaign: Campaign, usual: Averages) -> list[str]:
    if usual.attempts:
        source = f"as in its last {usual.attempts} calls"
    else:
        source = "assumed, because it has hardly called yet"
    return [
        f"{usual.answer_rate:.0%} of the calls are answered and {usual.settled:.0%} need "
        f"no other, {source}",
        f"a call lasts {usual.seconds_per_attempt:.0f} s from dialing to its end, an "
        f"answered one {usual.talk_seconds:.0f} s of talk",
        f"{campaign.max_attempts} attempts per lead at most, "
        f"{campaign.retry_delay_seconds / 60:g} min apart",
        "no other campaign uses the trunk, the workers or the providers meanwhile",
    ]
