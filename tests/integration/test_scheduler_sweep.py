"""The sweep does not take silence for death right after a gap of its own; whatever
becomes of the tidying."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import InternalError, OperationalError
from sqlmodel import select
from structlog.testing import capture_logs

from campanile import clock
from campanile.calls.models import Attempt
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import CampaignStatus
from campanile.config import settings
from campanile.db import forget_engine, transaction
from campanile.dialing.clock_guard import ClockGuard
from campanile.leads.states import LeadStatus
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

    return Sweep(monotonic=monotonic, wall=wall, guard=steady())


def steady() -> ClockGuard:
    return ClockGuard(wall=time.time(), monotonic=time.monotonic())


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


@contextmanager
def gone() -> Iterator[None]:
    """Nothing can be closed: the database is away."""

    def fail(*_: object, **__: object) -> None:
        raise OperationalError("", {}, Exception("the database is gone"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("campanile.pacing.sweeps.close_expired", fail)
        yield


@contextmanager
def read_only() -> Iterator[None]:
    """Workers renew in vain, though the database answers questions."""

    def only_read(setting: str) -> None:
        with transaction() as session:
            session.execute(sa.text("SET TRANSACTION READ WRITE"))
            name = session.execute(sa.text("SELECT current_database()")).scalar_one()
            session.execute(
                sa.text(
                    f"ALTER DATABASE {name} SET default_transaction_read_only = {setting}"
                )
            )
        forget_engine()  # it holds for new connections

    only_read("on")
    yield
    only_read("off")


@pytest.mark.usefixtures("expired")
@pytest.mark.parametrize("trouble", [gone, read_only])
def test_a_database_that_was_away_is_a_gap_though_the_sweep_came_every_time(
    trouble: Callable[[], AbstractContextManager[None]],
) -> None:
    monotonic = Monotonic()
    sweep = made(monotonic, Wall())
    sweep_for(5, sweep, monotonic)
    with trouble():
        for _ in range(4):
            monotonic.now += 5
            with pytest.raises((OperationalError, InternalError)):
                sweep()
    sweep_for(30, sweep, monotonic)
    assert state() == "claimed"
    sweep_for(5, sweep, monotonic)
    assert state() == "void"


# Tidying


@pytest.fixture
def a_drained_campaign() -> None:
    with transaction() as session:
        (lead,) = make_leads(session, make_campaign(session, name="drained"), 1)
        lead.status = LeadStatus.COMPLETED


def status_of(name: str) -> str:
    with transaction() as session:
        return session.exec(select(Campaign).where(Campaign.name == name)).one().status


def failing(*_: object, **__: object) -> int:
    raise KeyError("a mistake of ours")


@pytest.mark.usefixtures("expired")
def test_tidying_that_always_fails_never_holds_back_the_closing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from campanile_scheduler.jobs import Tidy

    monkeypatch.setattr("campanile.pacing.endings.skip_ended", failing)
    monotonic = Monotonic()
    sweep, tidy = made(monotonic, Wall()), Tidy(guard=steady())
    for _ in range(6):
        monotonic.now += 5
        sweep()
        tidy()
    assert state() == "void"


@pytest.mark.usefixtures("database", "redis_url", "a_drained_campaign")
@pytest.mark.parametrize(
    "step", ["endings.skip_ended", "endings.skip_overdue", "sweeps.return_lost"]
)
def test_a_step_of_the_tidying_that_fails_is_told_and_holds_no_other_back(
    step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from campanile_scheduler.jobs import Tidy

    monkeypatch.setattr(f"campanile.pacing.{step}", failing)
    with capture_logs() as logged:
        Tidy(guard=steady())()
    assert status_of("drained") == CampaignStatus.COMPLETED
    (line,) = logged
    assert (line["event"], line["log_level"]) == ("job.failed", "error")
    assert line["job"] == step.split(".")[1]


@pytest.mark.usefixtures("database", "redis_url", "a_drained_campaign")
def test_leads_are_looked_at_though_no_campaign_can_be_completed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from campanile_scheduler.jobs import Tidy

    looked: list[object] = []
    monkeypatch.setattr("campanile.pacing.endings.complete_drained", failing)
    monkeypatch.setattr(
        "campanile.pacing.held.Held.look", lambda *given: looked.append(given)
    )
    Tidy(guard=steady())()
    assert looked


@pytest.mark.usefixtures("database", "redis_url")
def test_of_a_clock_in_doubt_the_tidying_tells_once_and_not_at_every_step() -> None:
    from campanile_scheduler.jobs import Tidy, surviving

    set_meanwhile = ClockGuard(wall=time.time() - 60, monotonic=time.monotonic())
    with capture_logs() as logged:
        surviving(Tidy(guard=set_meanwhile), "tidy")()
    assert [line["job"] for line in logged] == ["tidy"]
