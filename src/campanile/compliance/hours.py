"""Daily windows in time zones: is it open, and when does it open next (pure).

All windows must be open at once: the campaign's own in its zone, and the lawful one in
every zone that the number may be in. Daylight saving is zoneinfo's business: a window is
given in wall time and judged in wall time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

HORIZON_DAYS = 8


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` (included) to `end` (excluded), every day, by `zone`'s wall clock."""

    zone: str
    start: time
    end: time


LAWFUL_START, LAWFUL_END = time(8), time(21)
"""47 CFR 64.1200(c)(1): no solicitation before 8 a.m. or after 9 p.m. local time of the
called party. Jurisdictions with narrower hours will come as data."""


def lawful(zones: Sequence[str]) -> list[Window]:
    return [Window(zone, LAWFUL_START, LAWFUL_END) for zone in zones]


def all_open(windows: Sequence[Window], at: datetime, *, room: timedelta) -> bool:
    """Whether every window is open at `at` and still will be after `room`."""
    return all(_is_open(w, at) and _is_open(w, at + room) for w in windows)


def next_open(
    windows: Sequence[Window], after: datetime, *, room: timedelta
) -> datetime | None:
    """The first instant from `after` on at which all are open, with `room` to spare.

    Only the start of some window can be that instant, so only those are tried. None:
    they never are open together within eight days.
    """
    if all_open(windows, after, room=room):
        return after
    starts = sorted(
        start for w in windows for start in _starts(w, after) if start > after
    )
    for start in starts:
        if all_open(windows, start, room=room):
            return start
    return None


def _is_open(window: Window, at: datetime) -> bool:
    local = at.astimezone(ZoneInfo(window.zone)).time()
    return window.start <= local < window.end


def _starts(window: Window, after: datetime) -> list[datetime]:
    zone = ZoneInfo(window.zone)
    today = after.astimezone(zone).date()
    return [
        datetime.combine(today + timedelta(days=n), window.start, zone).astimezone(UTC)
        for n in range(HORIZON_DAYS)
    ]
