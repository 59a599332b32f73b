"""The only reader of wall time.

Two clocks: `now` is the real one, which leases, logs and reports use; `legal_now` is
the one that calling hours are judged by. They differ only in a rehearsal, where
`CAMPANILE_CLOCK_OFFSET` lets a sample list be rung at any hour without relaxing a rule
(DESIGN.md 6). Durations are measured with `time.monotonic`, never with these.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from campanile.config import settings


def now() -> datetime:
    """Real time, aware, UTC."""
    return datetime.now(UTC)


def legal_now() -> datetime:
    """The instant that calling hours are judged by, aware, UTC."""
    return now() + clock_offset()


def clock_offset() -> timedelta:
    """How far the legal clock runs ahead of the real one; zero outside a rehearsal."""
    return timedelta(seconds=settings().clock_offset)


def real_instant(legal: datetime) -> datetime:
    """The real instant at which the legal clock will show `legal`."""
    return legal - clock_offset()


@dataclass(frozen=True, slots=True)
class SteadyClock:
    """Real time counted on from one instant by the monotonic clock.

    Somebody may set the wall clock in mid-call; when the call ended, from which its
    lead's rest is counted, must not be told by it.
    """

    started_at: datetime
    monotonic: float

    @classmethod
    def start(cls) -> Self:
        return cls(now(), time.monotonic())

    def apart(self) -> timedelta:
        """How far the wall clock is from this one: set, or the machine slept meanwhile,
        when monotonic clocks stand still."""
        return abs(now() - self.now())

    def now(self) -> datetime:
        passed = time.monotonic() - self.monotonic
        return self.started_at + timedelta(seconds=passed)
