"""The sweep does not take silence for death right after a gap of its own."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from campanile import clock
from campanile.calls.models import Attempt
from campanile.config import settings
from campanile.db import transaction
from campanile.dialing.clock_guard import ClockGuard
from campanile.pacing.tick import Pacer
from support.factories import make_campaign, make_leads, make_worker


class Monotonic:
    """A clock that jumps when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def expired(database: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reservation whose lease has run out."""
    now = clock.now()
    noon = now.replace(hour=17, minute=0, second=0, microsecond=0)
    monkeypatch.setenv("CAMPANILE_CLOCK_OFFSET", str((noon - now).total_seconds()))
    settings.cache_clear()
    with transaction() as session:
        make_leads(session, make_campaign(session), 1)
        make_worker(session)
    with transaction() as session:
        assert len(Pacer().tick(session)) == 1
        session.execute(sa.update(Attempt).values(lease_until=clock.now()))


def state() -> str:
    with transaction() as session:
        return session.exec(select(Attempt)).one().state


class Wall(Monotonic):
    """The time of day, as far off as it is told to be."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> datetime:
        return clock.now() + timedelta(seconds=self.now)


def made(monotonic: Monotonic, wall: Wall) -> Callable[[], None]:
    from campanile_scheduler.jobs import Sweep  # its broker wants the settings above

    guard = ClockGuard(wall=time.time(), monotonic=time.monotonic())
    return Sweep(monotonic=monotonic, wall=wall, guard=guard)


def sweep_for(seconds: float, sweep: Callable[[], None], monotonic: Monotonic) -> None:
    for _ in range(int(seconds / 5)):
        monotonic.now += 5
        sweep()


@pytest.mark.usefixtures("expired")
def test_it_waits_a_lease_after_its_start_and_after_every_gap() -> None:
    monotonic = Monotonic()
    sweep = made(monotonic, Wall())
    lease = settings().lease_seconds
    sweep()
    assert state() == "claimed"  # just started
    sweep_for(25, sweep, monotonic)
    assert state() == "claimed"  # 25 s: still within a lease of its start
    monotonic.now += lease  # it was away
    sweep()
    sweep_for(25, sweep, monotonic)
    assert state() == "claimed"
    sweep_for(5, sweep, monotonic)
    assert state() == "void"  # a whole lease of regular sweeps since


@pytest.mark.usefixtures("expired")
def test_a_machine_that_slept_is_a_gap_though_its_monotonic_clock_stood_still() -> None:
    monotonic, wall = Monotonic(), Wall()
    sweep = made(monotonic, wall)
    sweep_for(25, sweep, monotonic)
    wall.now += 3600
    sweep_for(30, sweep, monotonic)
    assert state() == "claimed"
    sweep_for(10, sweep, monotonic)
    assert state() == "void"


@pytest.mark.usefixtures("expired")
def test_a_run_that_failed_on_the_database_is_a_gap_for_the_next() -> None:
    monotonic = Monotonic()
    sweep = made(monotonic, Wall())
    sweep_for(25, sweep, monotonic)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(monotonic, "now", monotonic.now + 20)
        patch.setattr("campanile.pacing.endings.skip_ended", gone)
        with pytest.raises(OperationalError):
            sweep()
    monotonic.now += 20
    sweep()
    sweep_for(25, sweep, monotonic)
    assert state() == "claimed"
    sweep_for(5, sweep, monotonic)
    assert state() == "void"


def gone(session: object) -> int:
    raise OperationalError("", {}, Exception("the database is gone"))
