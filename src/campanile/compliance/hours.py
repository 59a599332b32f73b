"""When a number may be rung: the campaign's own window and the law's, at once (pure).

All of it must be open together: the campaign's hours by its own wall clock, and the
lawful ones in every zone that the number may be in, by every jurisdiction whose law may
apply. Daylight saving is zoneinfo's business: a window is given in wall time and judged
in wall time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

HORIZON_DAYS = 8
DAYS = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` (included) to `end` (excluded); an end not later runs past midnight."""

    start: time
    end: time


@dataclass(frozen=True, slots=True)
class CampaignHours:
    """A campaign's own window, by `zone`'s wall clock."""

    zone: str
    days: tuple[Span | None, ...]
    """seven, Monday first; None: closed. A span past midnight belongs to the day it
    begins on."""
    first_day: date | None = None
    last_day: date | None = None

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


@dataclass(frozen=True, slots=True)
class Place:
    """Where a number may be: every candidate zone and jurisdiction, sorted.

    A jurisdiction is an ISO 3166 region (`GB`) or subdivision (`US-FL`).
    """

    zones: tuple[str, ...]
    jurisdictions: tuple[str, ...] = ()


LAWFUL = Span(time(8), time(21))
"""47 CFR 64.1200(c)(1): no solicitation before 8 a.m. or after 9 p.m. local time of the
called party."""


def is_open(
    hours: CampaignHours, place: Place, at: datetime, *, room: timedelta
) -> bool:
    """Whether everything is open at `at` and still will be after `room`."""
    return all(_open_at(hours, place, moment) for moment in (at, at + room))


def next_open(
    hours: CampaignHours, place: Place, after: datetime, *, room: timedelta
) -> datetime | None:
    """The first instant from `after` on at which all is open, with `room` to spare.

    Only the start of some span can be that instant, so only those are tried. None: all
    are never open together within eight days.
    """
    if is_open(hours, place, after, room=room):
        return after
    for start in sorted(_starts(hours, place, after)):
        if start > after and is_open(hours, place, start, room=room):
            return start
    return None


def _span(pair: Sequence[str] | None) -> Span | None:
    return None if pair is None else Span(*map(time.fromisoformat, pair))


def _open_at(hours: CampaignHours, place: Place, at: datetime) -> bool:
    local = at.astimezone(ZoneInfo(hours.zone))
    if not any(
        _covers(hours.days[(local.weekday() - back) % 7], local.time(), back)
        for back in (0, 1)
    ):
        return False
    return all(
        LAWFUL.start <= at.astimezone(ZoneInfo(zone)).time() < LAWFUL.end
        for zone in place.zones
    )


def _covers(span: Span | None, clock: time, days_back: int) -> bool:
    if span is None:
        return False
    overnight = span.end <= span.start
    if days_back:
        return overnight and clock < span.end
    return span.start <= clock and (overnight or clock < span.end)


def _starts(hours: CampaignHours, place: Place, after: datetime) -> list[datetime]:
    spans = [(hours.zone, span) for span in hours.days if span is not None]
    spans += [(zone, LAWFUL) for zone in place.zones]
    found = set()
    for zone_name, span in spans:
        zone = ZoneInfo(zone_name)
        today = after.astimezone(zone).date()
        for n in range(HORIZON_DAYS):
            day = today + timedelta(days=n)
            found.add(datetime.combine(day, span.start, zone).astimezone(UTC))
    return list(found)
