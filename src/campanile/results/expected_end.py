"""When a campaign will be through, if things go on as they do (pure).

Leads are a fluid, in crowds that may be rung at the same hours. Time goes in steps of a
quarter of an hour: whoever is open and due shares what can be dialed in it; those not
settled come back after the retry delay. Good for a plan, not for a promise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from campanile.compliance.zones import zone as zone_named

STEP = timedelta(minutes=15)
HORIZON_DAYS = 60
STEPS = HORIZON_DAYS * 24 * 4
_NOBODY = 1e-6
"""Of a lead: less than this is nobody, but for rounding."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Leads with the same calling hours and the same number of tries left."""

    leads: int
    spans: tuple[tuple[datetime, datetime], ...]
    """when they may be rung, sorted, as far as the horizon"""
    tries: int
    earliest: datetime | None = None
    latest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    attempts_per_second: float
    settled: float
    """the share of attempts after which the lead needs no other"""
    retry_delay: timedelta
    seconds_per_attempt: float
    """of conversation, on average over all attempts"""
    seconds_per_day: float | None = None
    """of conversation that the day's budget allows"""
    seconds_today: float = 0.0
    """already used"""
    seconds_left: float | None = None
    """of conversation that the whole budget still allows"""
    zone: str = "UTC"
    """whose midnight the day's budget begins at"""


@dataclass(frozen=True, slots=True)
class Outcome:
    end: datetime | None
    """None: not within the horizon, or never"""
    left: int
    """leads that are then neither settled nor out of tries"""
    attempts: int
    out_of_budget: bool = False

    @property
    def key(self) -> tuple[int, float]:
        """Of two outcomes the smaller is the better one."""
        return (self.left, self.end.timestamp() if self.end else float("inf"))


def expected_end(crowds: Sequence[Crowd], pace: Pace, start: datetime) -> Outcome:
    if not crowds:
        return Outcome(end=start, left=0, attempts=0)
    tries = max(crowd.tries for crowd in crowds)
    ready = np.zeros((len(crowds), tries))
    returning = np.zeros((STEPS, len(crowds), tries))
    for row, crowd in enumerate(crowds):
        due = _step(crowd.earliest or start, start)
        if due < STEPS:
            returning[due, row, tries - crowd.tries] += crowd.leads
    opened = np.stack([_open_share(crowd, start) for crowd in crowds], axis=1)
    gone = np.array([_last_step(crowd, start) for crowd in crowds])
    delay = max(1, round(pace.retry_delay / STEP))
    per_step = pace.attempts_per_second * STEP.total_seconds()
    money = _Budget(pace, start)
    attempts, end = 0.0, None
    for step in range(STEPS):
        ready += returning[step]
        ready[gone <= step] = 0
        share = opened[step]
        due_now = float((ready.sum(axis=1) * (share > 0)).sum())
        if due_now <= _NOBODY:
            continue
        room = min(per_step * _widest(ready, share), money.attempts_at(step))
        taken = ready * (share > 0)[:, None] * min(1.0, room / due_now)
        made = float(taken.sum())
        attempts += made
        money.spend(made)
        ready -= taken
        if step + delay < STEPS:
            returning[step + delay, :, 1:] += (1 - pace.settled) * taken[:, :-1]
        if made > _NOBODY:
            end = start + step * STEP + STEP * min(1.0, made / max(per_step, made))
        if not ready.any() and not returning[step + 1 :].any():
            break
    beyond = sum(c.leads for c in crowds if _step(c.earliest or start, start) >= STEPS)
    left = round(float(ready.sum() + returning[step + 1 :].sum())) + beyond
    return Outcome(
        end=None if left else end or start,
        left=left,
        attempts=round(attempts),
        out_of_budget=bool(left) and money.is_gone,
    )


class _Budget:
    """Minutes and money, told in attempts."""

    def __init__(self, pace: Pace, start: datetime) -> None:
        self._pace = pace
        self._start = start
        self._zone = zone_named(pace.zone)
        self._day = start.astimezone(self._zone).date()
        self._today = pace.seconds_today
        self._left = pace.seconds_left

    def attempts_at(self, step: int) -> float:
        pace = self._pace
        if pace.seconds_per_day is not None:
            day = (self._start + step * STEP).astimezone(self._zone).date()
            if day != self._day:
                self._day, self._today = day, 0.0
        rest = [float("inf")]
        if pace.seconds_per_day is not None:
            rest.append(pace.seconds_per_day - self._today)
        if self._left is not None:
            rest.append(self._left)
        return max(0.0, min(rest)) / max(pace.seconds_per_attempt, 1e-9)

    def spend(self, attempts: float) -> None:
        used = attempts * self._pace.seconds_per_attempt
        self._today += used
        if self._left is not None:
            self._left -= used

    @property
    def is_gone(self) -> bool:
        return self._left is not None and self._left <= self._pace.seconds_per_attempt


def _step(moment: datetime, start: datetime) -> int:
    return max(0, -((start - moment) // STEP))


def _last_step(crowd: Crowd, start: datetime) -> int:
    return STEPS if crowd.latest is None else max(0, (crowd.latest - start) // STEP)


def _open_share(crowd: Crowd, start: datetime) -> NDArray[np.float64]:
    """Which part of each step the crowd may be rung in."""
    share = np.zeros(STEPS)
    width = STEP.total_seconds()
    for begin, end in crowd.spans:
        first = max(0.0, (begin - start).total_seconds() / width)
        last = min(float(STEPS), (end - start).total_seconds() / width)
        if last <= first:
            continue
        a, b = int(first), min(STEPS - 1, int(last))
        if a == b:
            share[a] += last - first
            continue
        share[a] += a + 1 - first
        share[a + 1 : b] = 1
        share[b] += last - b if last < STEPS else 1
    return np.minimum(share, 1)


def _widest(ready: NDArray[np.float64], share: NDArray[np.float64]) -> float:
    """The part of the step in which somebody who is due is open."""
    return float((share * (ready.sum(axis=1) > _NOBODY)).max())
