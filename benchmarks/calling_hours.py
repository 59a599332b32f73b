"""Is a calling hour ever wrong? Every zone, every clock change of three years, every second.

    python benchmarks/calling_hours.py [--zones N] [--samples N] [--seed N]

Around each clock change of each zone, 30 hours to either side, the product's windows are
compared second by second with those of a second implementation (`second_clock.py`): ten
campaign windows, most of which begin or end inside the skipped or doubled hour, and eight
laws, four of them with holidays, one with shorter days before them. Besides being equal,
no second that the product calls open may show a wall time outside the window: that needs
no notion of edges at all. Then every day of the three years by a clock that never changes,
for the holidays. Then sampled decisions: `may_dial` for up to three zones at once, its
answer and the instant it names.
"""

import argparse
import sys
import time as clocks
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random

import numpy as np

from campanile.compliance.hours import (
    CampaignHours,
    Instants,
    Place,
    campaign_spans,
    lawful_spans,
)
from campanile.compliance.may_dial import Allowed, Facts, may_dial
from campanile.compliance.zones import known_zones, zone_data
from second_clock import (
    DAY,
    HOUR,
    LAWS,
    MINUTE,
    Bools,
    Clock,
    Days,
    Readings,
    Spans,
    Week,
    days_of,
    filled,
    law_of,
    read_clock,
    windows,
)

YEARS = (2025, 2026, 2027)
AROUND = 30 * HOUR
RING, SPARE = 30, 6


@dataclass
class Tally:
    zones: int = 0
    changes: int = 0
    seconds: int = 0
    days: int = 0
    differences: int = 0
    outside: int = 0
    decisions: int = 0
    allowed: int = 0


def compare(names: Sequence[str], *, samples: int, seed: int) -> Tally:
    """Differences by seconds and by decisions; both have to be none."""
    tally, random = Tally(), Random(seed)
    folder = Path(str(zone_data()[1]))
    zones = {name: read_clock(folder / name) for name in names}
    low, high = (
        _posix(datetime(y, 1, 1, tzinfo=UTC)) for y in (YEARS[0], YEARS[-1] + 1)
    )
    moments = []
    for name, clock in zones.items():
        tally.zones += 1
        changes = [start for start in clock.starts if low <= start < high]
        tally.changes += len(changes)
        for change in changes or [random.randrange(low, high)]:
            moments.append((name, change))
            _by_seconds(tally, name, clock, change, random)
    _by_days(tally, low, high)
    for _ in range(samples):
        _by_decision(tally, zones, random.choice(moments), random)
    return tally


def _by_days(tally: Tally, low: int, high: int) -> None:
    """Every day of the three years by a clock that never changes: the holidays."""
    still = Clock([-(10**12)], [0])
    for code in LAWS:
        expected = windows(still, law_of(code), low, high, days_of(code))
        ours = {
            (_posix(a), _posix(b))
            for day in _days(low, high - 1)
            for a, b in lawful_spans(Place(("UTC",), (code,)), day)
        }
        differ = ours.symmetric_difference(expected)
        tally.days += (high - low) // DAY
        tally.differences += sum(low <= a < high for a, _ in differ)


def _by_seconds(
    tally: Tally, name: str, clock: Clock, change: int, random: Random
) -> None:
    low, high = change - AROUND, change + AROUND
    readings = Readings.of(clock, low, high)
    days = _days(low, high)
    asked: list[tuple[Week, Days, list[Instants]]] = []
    for start, end in _some_windows(clock, change, random):
        hours = CampaignHours.daily(name, _time(start), _time(end))
        ours = [campaign_spans(hours, day) for day in days]
        asked.append(([(start, end)] * 7, {}, ours))
    for code in LAWS:
        place = Place((name,), (code,))
        ours = [lawful_spans(place, day) for day in days]
        asked.append((law_of(code), days_of(code), ours))
    for daily, but, ours in asked:
        said = _said(days, ours, low, high)
        expected = filled(windows(clock, daily, low, high, but), low, high)
        tally.seconds += high - low
        tally.differences += int((said != expected).sum())
        tally.outside += int((said & ~readings.inside(daily, but)).sum())


def _said(days: list[date], ours: list[Instants], low: int, high: int) -> Bools:
    """Of each UTC day only its own seconds: what the product looks up for an instant."""
    said = np.zeros(high - low, bool)
    for day, spans in zip(days, ours, strict=True):
        midnight = (day - date(1970, 1, 1)).days * DAY
        own = [(_posix(a), _posix(b)) for a, b in spans]
        cut = [
            (max(a, midnight), min(b, midnight + DAY))
            for a, b in own
            if a < midnight + DAY and b > midnight
        ]
        said |= filled(cut, low, high)
    return said


def _some_windows(clock: Clock, change: int, random: Random) -> Spans:
    """Edges where it hurts: in the skipped or doubled hour, at it, across midnight."""
    walls = [
        (change + clock.offset(change + d)) % DAY // MINUTE * MINUTE for d in (-1, 0)
    ]
    a, b = min(walls), max(walls)
    inside = a + (b - a) // 2 // MINUTE * MINUTE
    any_time = random.randrange(DAY // MINUTE) * MINUTE
    pairs = [
        (a, b),
        (b, a),
        (inside, (inside + 10 * MINUTE) % DAY),
        ((a + 5 * MINUTE) % DAY, inside),
        (any_time, inside),
        (inside, any_time),
        (9 * HOUR, 17 * HOUR),
        (22 * HOUR, 6 * HOUR),
        (0, 0),
        (any_time, any_time),
    ]
    return [(start % DAY, end % DAY) for start, end in pairs]


def _by_decision(
    tally: Tally, zones: dict[str, Clock], moment: tuple[str, int], random: Random
) -> None:
    """`may_dial` in up to three zones at once, near a change of the first one."""
    name, change = moment
    names = sorted({name, *random.sample(sorted(zones), random.randrange(3))})
    code = random.choice(sorted(LAWS))
    start, end = random.choice(_some_windows(zones[name], change, random))
    at = change + random.randrange(-AROUND, AROUND)
    hours = CampaignHours.daily(name, _time(start), _time(end))
    facts = replace(_FACTS, place=Place(tuple(names), (code,)), hours=hours)
    decision = may_dial(facts, datetime.fromtimestamp(at, UTC))
    until = at if isinstance(decision, Allowed) else decision.until
    tally.decisions += 1
    tally.allowed += isinstance(decision, Allowed)
    if until is not None and not isinstance(until, int):
        until = _posix(until)
    if until is None or until > at + 5 * DAY:
        until = None  # beyond what is worked out here
    expected = _next(zones, names, name, (start, end), code, at)
    tally.differences += until != expected


def _next(
    zones: dict[str, Clock],
    names: Sequence[str],
    home: str,
    window: tuple[int, int],
    code: str,
    at: int,
) -> int | None:
    low, high = at - 2 * DAY, at + 7 * DAY
    both = windows(zones[home], [window] * 7, low, high)
    for name in names:
        lawful = windows(zones[name], law_of(code), low, high, days_of(code))
        both = [
            (max(a, c), min(b, d))
            for a, b in both
            for c, d in lawful
            if max(a, c) < min(b, d)
        ]
    starts = (max(a, at) for a, b in sorted(both) if max(a, at) + RING + SPARE <= b)
    return next((start for start in starts if start <= at + 5 * DAY), None)


_FACTS = Facts(
    phone_number="+12125550101",
    kind="fixed_line",
    place=Place(()),
    hours=CampaignHours.daily("UTC", time(0), time(0)),
    campaign_runs=True,
    attempts=0,
    max_attempts=1,
    ring_timeout=timedelta(seconds=RING),
)


def _days(low: int, high: int) -> list[date]:
    first = date(1970, 1, 1)
    return [first + timedelta(days=n) for n in range(low // DAY, high // DAY + 1)]


def _time(seconds: int) -> time:
    return time(seconds // HOUR, seconds % HOUR // MINUTE, seconds % MINUTE)


def _posix(at: datetime) -> int:
    return int(at.timestamp())


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--zones", type=int, help="only so many, chosen by the seed")
    options.add_argument("--samples", type=int, default=5000)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    names = sorted(known_zones())
    if chosen.zones is not None:
        names = sorted(Random(chosen.seed).sample(names, chosen.zones))
    begun = clocks.process_time()
    tally = compare(names, samples=chosen.samples, seed=chosen.seed)
    print(f"tzdata {zone_data()[0]}, {YEARS[0]}-{YEARS[-1]}, seed {chosen.seed}")
    for what, count in vars(tally).items():
        print(f"{what:<12} {count:>14,}")
    print(f"{'CPU seconds':<12} {clocks.process_time() - begun:>14.1f}")
    if tally.differences or tally.outside:
        sys.exit("The hours differ.")


if __name__ == "__main__":
    main()
