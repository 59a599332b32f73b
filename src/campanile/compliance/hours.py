"""When a number may be rung: the campaign's own window and the law's, at once (pure).

All of it must be open together: the campaign's hours by its own wall clock, and the
lawful ones in every zone that the number may be in, by every jurisdiction whose law may
apply. Every window is turned into instants once per UTC day and kept; an answer is then
a look into a short list.

The edge of a window is a local date and time. Where the clocks skip it or show it twice,
a start counts from the later instant and an end from the earlier (reliability.md 1.7): a
window inside the skipped hour never opens, and no reading of the clock is ever outside.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import NamedTuple

from campanile.compliance.law import hours_on
from campanile.compliance.zones import to_utc, zone

HORIZON_DAYS = 400
"""Every season and every holiday comes round in it: what has not opened by then never
does."""
DAY = timedelta(days=1)
_LAST_DAY = date.max - (HORIZON_DAYS + 3) * DAY
"""beyond it Python's calendar ends within the horizon"""
DAYS = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)

Instants = tuple[tuple[datetime, datetime], ...]
"""(start, end) in UTC, sorted and apart; the end is no longer open"""


class Span(NamedTuple):
    """From `start` (included) to `end` (excluded); an end not later runs past midnight."""

    start: time
    end: time


@dataclass(frozen=True, slots=True, eq=False)
class CampaignHours:
    """A campaign's own window, by `zone`'s wall clock."""

    zone: str
    days: tuple[Span | None, ...]
    """seven, Monday first; None: closed. A span past midnight belongs to the day it
    begins on."""
    first_day: date | None = None
    last_day: date | None = None
    _key: tuple[object, ...] = field(init=False, repr=False)
    _hash: int = field(init=False, repr=False)
    """kept: the tick looks thousands of these up, four times a second"""

    def __post_init__(self) -> None:
        key = (self.zone, self.days, self.first_day, self.last_day)
        object.__setattr__(self, "_key", key)
        object.__setattr__(self, "_hash", hash(key))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CampaignHours) and self._key == other._key

    def __hash__(self) -> int:
        return self._hash

    @classmethod
    def daily(
        cls,
        zone: str,
        start: time,
        end: time,
        *,
        weekly: Mapping[str, Sequence[str] | None] | None = None,
        first_day: date | None = None,
        last_day: date | None = None,
    ) -> "CampaignHours":
        """The same span every day, but for the days that `weekly` names."""
        own = weekly or {}
        days = [_span(own[day]) if day in own else Span(start, end) for day in DAYS]
        return cls(zone, tuple(days), first_day, last_day)

    def begins_on(self, day: date) -> bool:
        """Whether a span may begin on this local day."""
        return not (
            (self.first_day is not None and day < self.first_day)
            or (self.last_day is not None and day > self.last_day)
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a number may be: every candidate zone and jurisdiction, sorted.

    A jurisdiction is an ISO 3166 region (`GB`) or subdivision (`US-FL`).
    """

    zones: tuple[str, ...]
    jurisdictions: tuple[str, ...] = ()


def is_open(
    hours: CampaignHours, place: Place, at: datetime, *, room: timedelta
) -> bool:
    """Whether everything is open at `at` and stays so for `room`."""
    return _within(open_spans(hours, place, at.astimezone(UTC).date()), at, room)


def campaign_is_open(hours: CampaignHours, at: datetime, *, room: timedelta) -> bool:
    """The campaign's half of `is_open`."""
    return _within(campaign_spans(hours, at.astimezone(UTC).date()), at, room)


def next_open(
    hours: CampaignHours, place: Place, after: datetime, *, room: timedelta
) -> datetime | None:
    """The first instant from `after` on at which all is open, with `room` to spare.

    None: it never comes. A campaign that starts far ahead is looked for there.
    """
    return next_open_for_all([(hours, place)], after, room=room)


def next_open_for_all(
    wanted: Iterable[tuple[CampaignHours, Place]],
    after: datetime,
    *,
    room: timedelta,
) -> datetime | None:
    """The first instant at which every one of them is open, with `room` to spare."""
    pairs = tuple(dict.fromkeys(wanted))
    after = after.astimezone(UTC)
    for start, end in _open_together(pairs, after.date()):
        if (moment := max(start, after)) + room <= end:
            return moment
    found = _first_from(pairs, after.date() + DAY, room)
    # A span that is under way at midnight began before `after`'s day was over.
    return None if found is None else max(found, after)


@lru_cache(maxsize=65536)
def open_spans(hours: CampaignHours, place: Place, day: date) -> Instants:
    """What touches a UTC day, whole: a span is not cut at midnight."""
    own = campaign_spans(hours, day)
    return _touching(meet(own, lawful_spans(place, day)), day) if own else ()


@lru_cache(maxsize=8192)
def campaign_spans(hours: CampaignHours, day: date) -> Instants:
    """The campaign's window around a UTC day.

    Spans that follow each other without a gap are one span, so that a midnight which the
    clocks skip is no edge.
    """
    wall: list[tuple[datetime, datetime]] = []
    for local in (day + n * DAY for n in range(-2, 3)):
        span = hours.days[local.weekday()]
        if span is None or not hours.begins_on(local):
            continue
        start = datetime.combine(local, span.start)
        end = datetime.combine(local, span.end)
        if end <= start:
            end += DAY
        if wall and start <= wall[-1][1]:
            wall[-1] = (wall[-1][0], max(end, wall[-1][1]))
        else:
            wall.append((start, end))
    return _instants(wall, hours.zone)


@lru_cache(maxsize=16384)
def lawful_spans(place: Place, day: date) -> Instants:
    """When the law allows calls around a UTC day, in every zone at once."""
    shared: Instants | None = None
    for name in _farthest_first(place.zones):
        there = tuple(
            span
            for local in (day - DAY, day, day + DAY)
            for span in _lawful_day(name, place.jurisdictions, local)
        )
        shared = there if shared is None else meet(shared, there)
        if not shared:
            return ()
    return _joined(shared or ())


def _within(spans: Instants, at: datetime, room: timedelta) -> bool:
    return any(start <= at and at + room <= end for start, end in spans)


def meet(one: Instants, other: Instants) -> Instants:
    """What two sorted lists of spans share."""
    shared = []
    mine, theirs = iter(one), iter(other)
    a, b = next(mine, None), next(theirs, None)
    while a is not None and b is not None:
        start, end = max(a[0], b[0]), min(a[1], b[1])
        if start < end:
            shared.append((start, end))
        if a[1] <= b[1]:
            a = next(mine, None)
        else:
            b = next(theirs, None)
    return tuple(shared)


@lru_cache(maxsize=65536)
def _lawful_day(name: str, jurisdictions: tuple[str, ...], local: date) -> Instants:
    midnight = datetime.combine(local, time())
    return _instants(
        [
            (midnight + timedelta(minutes=start), midnight + timedelta(minutes=end))
            for start, end in hours_on(jurisdictions, local)
        ],
        name,
    )


def _instants(wall: list[tuple[datetime, datetime]], name: str) -> Instants:
    spans = ((to_utc(start, name)[1], to_utc(end, name)[0]) for start, end in wall)
    return tuple((start, end) for start, end in spans if start < end)


@lru_cache(maxsize=1024)
def _open_together(
    pairs: tuple[tuple[CampaignHours, Place], ...], day: date
) -> Instants:
    shared: Instants | None = None
    for hours, place in pairs:
        there = open_spans(hours, place, day)
        shared = there if shared is None else meet(shared, there)
        if not shared:
            return ()
    return shared or ()


@lru_cache(maxsize=4096)
def _first_from(
    pairs: tuple[tuple[CampaignHours, Place], ...], day: date, room: timedelta
) -> datetime | None:
    """The first start of a span that `room` fits into, from a UTC day on."""
    for hours, _ in pairs:
        if hours.first_day is not None and hours.first_day > day:
            day = hours.first_day - DAY
    if day > _LAST_DAY:
        return None
    for n in range(HORIZON_DAYS):
        for start, end in _open_together(pairs, day + n * DAY):
            if start + room <= end:
                return start
    return None


def _joined(spans: Instants) -> Instants:
    joined: list[tuple[datetime, datetime]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def _touching(spans: Instants, day: date) -> Instants:
    midnight = datetime.combine(day, time(), UTC)
    return tuple(
        (start, end)
        for start, end in spans
        if start < midnight + DAY and end > midnight
    )


@cache
def _farthest_first(zones: tuple[str, ...]) -> tuple[str, ...]:
    """East and west ends first: when they have no hour in common, none else matters."""
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    ordered = sorted(
        zones, key=lambda name: (noon.astimezone(zone(name)).utcoffset(), name)
    )
    return tuple(dict.fromkeys([*ordered[:1], *ordered[-1:], *ordered]))


def _span(pair: Sequence[str] | None) -> Span | None:
    return None if pair is None else Span(*map(time.fromisoformat, pair))
