"""A second implementation of calling hours, which shares nothing with the first.

It reads the TZif bytes and the POSIX rule at their end itself (RFC 9636), counts seconds
since 1970 in integers, and finds the edge of a window by asking which instants show that
wall time. The laws are written down by hand.
"""

import re
import struct
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DAY, HOUR, MINUTE = 86400, 3600, 60
EPOCH_WEEKDAY = 3  # 1 January 1970 was a Thursday

Spans = list[tuple[int, int]]
Week = Sequence[tuple[int, int]]
Bools = NDArray[np.bool_]
Days = Mapping[int, tuple[int, int]]
"""days since 1970 that have walls of their own; (-1, -1) is closed"""

LAWS: dict[str, Week] = {
    # hours of Monday to Sunday; (0, 0) is closed
    "US-TN": [(8, 21)] * 7,
    "US-FL": [(8, 20)] * 7,
    "US-TX": [(9, 21)] * 6 + [(12, 21)],
    "US-RI": [(9, 18)] * 5 + [(10, 17), (0, 0)],
    "US-UT": [(8, 21)] * 6 + [(0, 0)],
    "IT": [(9, 20)] * 5 + [(10, 19), (0, 0)],
    "ZA": [(8, 20)] * 5 + [(9, 13), (0, 0)],
    "XX": [(9, 20)] * 5 + [(10, 16), (0, 0)],
}

_FEDERAL = """
    2025 01-01 01-20 02-17 05-26 06-19 07-04 09-01 10-13 11-11 11-27 12-25
    2026 01-01 01-19 02-16 05-25 06-19 07-03 07-04 09-07 10-12 11-11 11-26 12-25
    2027 01-01 01-18 02-15 05-31 06-18 06-19 07-04 07-05 09-06 10-11 11-11 11-25 12-24
         12-25 12-31
    2028 01-01
"""
CLOSED = {
    # written from calendars; a Sunday is closed in any case
    "US-RI": _FEDERAL + "2025 05-05 08-11  2026 05-04 08-10 11-03  2027 05-04 08-09",
    "US-UT": _FEDERAL + "2025 06-16 07-24  2026 06-15 07-24  2027 06-21 07-23 07-24",
    "IT": """
    2025 01-01 01-06 04-21 04-25 05-01 06-02 08-15 11-01 12-08 12-25 12-26
    2026 01-01 01-06 04-06 04-25 05-01 06-02 08-15 12-08 12-25 12-26
    2027 01-01 01-06 03-29 06-02 10-04 11-01 12-08 12-25 05-01
    2028 01-01 01-06""",
    "ZA": """
    2025 01-01 03-21 04-18 04-21 04-28 05-01 06-16 08-09 09-24 12-16 12-25 12-26
    2026 01-01 03-21 04-03 04-06 04-27 05-01 06-16 08-10 09-24 12-16 12-25 12-26
    2027 01-01 03-22 03-26 03-29 04-27 05-01 06-16 08-09 09-24 12-16 12-25 12-27
    2028 01-01""",
}
SHORTER = {
    # Mondays to Fridays before a holiday
    "IT": """
    2024 12-31
    2025 04-24 04-30 08-14 10-31 12-24 12-31
    2026 01-05 04-24 04-30 06-01 08-14 12-07 12-24 12-31
    2027 01-05 04-30 06-01 12-07 12-24 12-31
    2028 01-05""",
}
SHORT = (10, 19)


@dataclass(frozen=True)
class Clock:
    """A zone: from `starts[i]` on, local time is UTC + `offsets[i]` seconds."""

    starts: list[int]
    offsets: list[int]

    def offset(self, at: int) -> int:
        return self.offsets[bisect_right(self.starts, at) - 1]

    def instants(self, wall: int) -> list[int]:
        """Every instant at which the clock shows `wall`, or, where it never does, the two
        that a clock running on from before or after the change would give."""
        near = {self.offset(wall + hours * HOUR) for hours in (-26, 0, 26)}
        shown = sorted({wall - o for o in near if self.offset(wall - o) == o})
        if shown:
            return shown
        skipped = next(
            n
            for n in range(1, len(self.starts))
            if self.starts[n] + self.offsets[n - 1]
            <= wall
            < self.starts[n] + self.offsets[n]
        )
        return sorted(wall - self.offsets[n] for n in (skipped - 1, skipped))


def read_clock(path: Path) -> Clock:
    """RFC 9636: the 64-bit block, then the rule for all later years."""
    data = path.read_bytes()
    isut, isstd, leap, timecnt, typecnt, charcnt = _counts(data, 0)
    narrow = 44 + 5 * timecnt + 6 * typecnt + charcnt + 8 * leap + isstd + isut
    isut, isstd, leap, timecnt, typecnt, charcnt = _counts(data, narrow)
    at = narrow + 44
    times = struct.unpack_from(f">{timecnt}q", data, at)
    kinds = struct.unpack_from(f">{timecnt}B", data, at + 8 * timecnt)
    types = at + 9 * timecnt
    offsets = [struct.unpack_from(">i", data, types + 6 * n)[0] for n in range(typecnt)]
    footer = types + 6 * typecnt + charcnt + 12 * leap + isstd + isut
    rule = data[footer:].decode().strip("\n")
    starts, shifts = [-(10**12), *times], [offsets[0], *(offsets[k] for k in kinds)]
    for start, offset in _rule_changes(rule):
        if start > starts[-1]:
            starts.append(start)
            shifts.append(offset)
    return Clock(starts, shifts)


def _counts(data: bytes, at: int) -> tuple[int, ...]:
    magic, version, *counts = struct.unpack_from(">4sc15x6I", data, at)
    if magic != b"TZif" or version < b"2":
        raise SystemExit("not a TZif file of version 2 or later")
    return tuple(counts)


def _rule_changes(rule: str) -> Iterator[tuple[int, int]]:
    """(instant, offset from then on) by a POSIX TZ rule, for 2020 to 2035."""
    name, clock = r"(?:<[^>]+>|[A-Za-z]+)", r"([-+]?[\d:]+)"
    match = re.fullmatch(rf"{name}{clock}(?:{name}{clock}?,([^,]+),([^,]+))?", rule)
    if match is None:
        raise SystemExit(f"cannot read the rule {rule!r}")
    standard = -_seconds(match.group(1))
    if match.group(3) is None:
        return
    summer = standard + HOUR if match.group(2) is None else -_seconds(match.group(2))
    changes = []
    for year in range(2020, 2036):
        changes.append((_on(match.group(3), year) - standard, summer))
        changes.append((_on(match.group(4), year) - summer, standard))
    yield from sorted(changes)


def _on(when: str, year: int) -> int:
    """The wall time, in seconds since 1970, of `M3.2.0/2` or `J60/2` in a year."""
    day, _, clock = when.partition("/")
    if day.startswith("J"):
        number = int(day[1:]) + (_leap(year) and int(day[1:]) >= 60) - 1
    elif not day.startswith("M"):
        number = int(day)
    else:
        month, week, weekday = map(int, day[1:].split("."))
        first = _days_before(year, month)
        to = (weekday - (_days_to(year) + first + EPOCH_WEEKDAY + 1)) % 7
        number = first + to + 7 * (week - 1)
        while number >= _days_before(year, month + 1):
            number -= 7
    return (_days_to(year) + number) * DAY + (_seconds(clock) if clock else 2 * HOUR)


def _seconds(text: str) -> int:
    """Of `2`, `-1:30` or `+10:30:00`."""
    hours, minutes, seconds = (
        int(n) for n in f"{text.lstrip('+-')}:0:0".split(":")[:3]
    )
    total = hours * HOUR + minutes * MINUTE + seconds
    return -total if text.startswith("-") else total


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _days_to(year: int) -> int:
    return sum(366 if _leap(y) else 365 for y in range(1970, year))


def _days_before(year: int, month: int) -> int:
    lengths = [31, 28 + _leap(year), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return sum(lengths[: month - 1])


def windows(
    clock: Clock, daily: Week, low: int, high: int, but: Days | None = None
) -> Spans:
    """Open spans by a week's walls (seconds of the day, an end not later is tomorrow's),
    and by those of single days."""
    walls: Spans = []
    for day in range(low // DAY - 3, high // DAY + 4):
        start, end = (but or {}).get(day) or daily[(day + EPOCH_WEEKDAY) % 7]
        if start == end == -1:
            continue
        begins, ends = day * DAY + start, day * DAY + end + (DAY if end <= start else 0)
        if walls and walls[-1][1] >= begins:
            walls[-1] = (walls[-1][0], max(walls[-1][1], ends))
        else:
            walls.append((begins, ends))
    return [
        (start, end)
        for a, b in walls
        if (start := clock.instants(a)[-1]) < (end := clock.instants(b)[0])
    ]


@dataclass(frozen=True)
class Readings:
    """What the clock shows in each second: no edges, only readings."""

    of_day: NDArray[np.int64]
    day: NDArray[np.int64]

    @classmethod
    def of(cls, clock: Clock, low: int, high: int) -> "Readings":
        at = np.arange(low, high)
        index = np.searchsorted(clock.starts, at, "right") - 1
        wall = at + np.asarray(clock.offsets)[np.maximum(index, 0)]
        return cls(wall % DAY, wall // DAY)

    def inside(self, daily: Week, but: Days | None = None) -> Bools:
        first = int(self.day.min()) - 1
        days = range(first, int(self.day.max()) + 1)
        start, end = np.asarray(
            [(but or {}).get(day) or daily[(day + EPOCH_WEEKDAY) % 7] for day in days]
        ).T
        late = (end <= start) & (start >= 0)
        today, before = self.day - first, self.day - first - 1
        begun = (start[today] >= 0) & (self.of_day >= start[today])
        now = begun & ((self.of_day < end[today]) | late[today])
        found: Bools = now | (late[before] & (self.of_day < end[before]))
        return found


def law_of(code: str) -> Spans:
    return [(a * HOUR, b * HOUR) if b else (-1, -1) for a, b in LAWS[code]]


@cache
def days_of(code: str) -> Days:
    """The days of a law that are not as others."""
    found = dict.fromkeys(
        _dates(SHORTER.get(code, "")), (SHORT[0] * HOUR, SHORT[1] * HOUR)
    )
    return found | dict.fromkeys(_dates(CLOSED.get(code, "")), (-1, -1))


def _dates(text: str) -> Iterator[int]:
    """`2026 01-01 12-25 2027 01-01` as days since 1970."""
    year = 0
    for word in text.split():
        if "-" not in word:
            year = int(word)
            continue
        month, day = map(int, word.split("-"))
        yield _days_to(year) + _days_before(year, month) + day - 1


def filled(spans: Sequence[tuple[int, int]], low: int, high: int) -> Bools:
    seconds = np.zeros(high - low, bool)
    for start, end in spans:
        seconds[max(0, start - low) : max(0, end - low)] = True
    return seconds
