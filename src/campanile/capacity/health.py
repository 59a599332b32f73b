"""When a trunk, provider or agent counts as sick, and when it is tried again. Pure.

closed → open after several failures in a row → half open: one probe → closed, or open
for longer. The waits are fixed, so that `doctor` can name the instant of the next try.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from campanile.capacity.models import BreakerKind, BreakerState

FAILURES_IN_A_ROW = {
    BreakerKind.TRUNK: 5,
    BreakerKind.PROVIDER: 5,
    BreakerKind.AGENT: 5,
}
"""Open it (reliability.md 1.6 asks for at most 5)."""
WAITS = tuple(timedelta(seconds=s) for s in (15, 30, 60, 120, 300, 600))
"""Before the first, second, … probe; the last for all that follow."""
UNDIALED_WAIT = timedelta(seconds=60)
"""At most, after a try that failed before anybody was dialed: another costs nothing."""


@dataclass(frozen=True, slots=True)
class Health:
    """A breaker's row without its name; the default is a healthy one."""

    state: BreakerState = BreakerState.CLOSED
    failures: int = 0
    """in a row"""
    failed_at: datetime | None = None
    openings: int = 0
    """in a row"""
    retry_at: datetime | None = None
    changed_at: datetime | None = None
    """when the state changed"""


def failed(
    health: Health,
    *,
    limit: int,
    at: datetime,
    dialed_at: datetime | None,
    is_probe: bool = False,
) -> Health:
    """A call failed at `at`; `dialed_at` is None when it failed before its INVITE.

    While it is open, and for calls from before it closed again, failures are old news:
    they neither lengthen the wait nor count.
    """
    if health.state is BreakerState.CLOSED:
        if dialed_at and health.changed_at and dialed_at < health.changed_at:
            return health
        counted = replace(health, failures=health.failures + 1, failed_at=at)
        return counted if counted.failures < limit else _open(counted, at, dialed_at)
    if not is_probe and (dialed_at is not None or _waits(health, at)):
        return health
    counted = replace(health, failures=health.failures + 1, failed_at=at)
    return _open(counted, at, dialed_at)


def worked(health: Health, *, at: datetime, is_probe: bool = False) -> Health:
    """A call got through; `at` is when that was seen (a trunk's: when it rang).

    A long call that began before the failures says nothing about what came after.
    """
    if is_probe and health.state is BreakerState.HALF_OPEN:
        return Health(changed_at=at)
    stale = health.failed_at is not None and at < health.failed_at
    if health.state is not BreakerState.CLOSED or stale:
        return health
    return replace(health, failures=0, failed_at=None)


def _waits(health: Health, at: datetime) -> bool:
    return health.retry_at is not None and at < health.retry_at


def _open(health: Health, at: datetime, dialed_at: datetime | None) -> Health:
    wait = WAITS[min(health.openings, len(WAITS) - 1)]
    if dialed_at is None:
        wait = min(wait, UNDIALED_WAIT)
    return replace(
        health,
        state=BreakerState.OPEN,
        openings=health.openings + 1,
        retry_at=at + wait,
        changed_at=at,
    )
