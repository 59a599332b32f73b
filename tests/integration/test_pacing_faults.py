"""The scheduler's jobs when clocks, servers or the process itself misbehave."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from redis import Redis
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select
from structlog.testing import capture_logs

from campanile import clock
from campanile.calls.models import Attempt
from campanile.calls.states import AttemptState
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import CampaignStatus
from campanile.config import settings
from campanile.db import transaction
from campanile.dialing.clock_guard import ClockGuard
from campanile.pacing.tick import Pacer
from support.factories import make_campaign, make_leads, make_worker

pytestmark = pytest.mark.usefixtures("database", "redis_url", "a_weekday_noon")

QUEUE = "dramatiq:calls"


@pytest.fixture
def a_weekday_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """In New York, by the legal clock."""
    today = clock.now().replace(hour=17, minute=0, second=0, microsecond=0)
    wednesday = today + timedelta(days=(2 - today.weekday()) % 7)
    monkeypatch.setenv(
        "CAMPANILE_CLOCK_OFFSET", str((wednesday - clock.now()).total_seconds())
    )
    settings.cache_clear()


@pytest.fixture
def jobs(redis_url: str) -> Any:
    """The jobs, on the Redis of these tests; the broker is made when first imported."""
    from campanile_scheduler import jobs

    return jobs


def ready_to_ring(leads: int = 1) -> None:
    with transaction() as session:
        make_leads(session, make_campaign(session), leads)
        make_worker(session)


def states() -> list[AttemptState]:
    with transaction() as session:
        return list(session.exec(select(Attempt.state)))


def a_guard(*, set_forward_by: float = 0.0) -> ClockGuard:
    return ClockGuard(wall=time.time() - set_forward_by, monotonic=time.monotonic())


@contextmanager
def frozen_in_a_tick(tick: Callable[[Session], object]) -> Iterator[Session]:
    """A scheduler that stands still after its claims and before its commit."""
    from campanile_scheduler.jobs import brief_transaction

    stands = brief_transaction(a_guard())
    session = stands.__enter__()
    tick(session)
    yield session
    with pytest.raises(DBAPIError):
        stands.__exit__(None, None, None)  # it goes on, and wants to commit


def test_what_a_tick_claims_is_told_at_once(jobs: Any, redis_url: str) -> None:
    ready_to_ring(leads=8)
    jobs.Pace(guard=a_guard())()
    assert states() == [AttemptState.CLAIMED] * 8
    with Redis.from_url(redis_url) as redis:
        assert redis.llen(QUEUE) == 8


def test_a_scheduler_frozen_amid_its_tick_holds_nobody_up_and_commits_nothing(
    jobs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "STANDSTILL_MS", 300)
    ready_to_ring(leads=3)
    with frozen_in_a_tick(Pacer().tick):
        jobs.Pace(guard=a_guard())()
        assert states() == []  # the other one is at it
        time.sleep(0.6)
        jobs.Pace(guard=a_guard())()
        assert states() == [AttemptState.CLAIMED] * 3
    assert states() == [AttemptState.CLAIMED] * 3


def test_nobody_is_claimed_while_the_clock_is_in_doubt(jobs: Any) -> None:
    ready_to_ring()
    with pytest.raises(jobs.ClockInDoubt, match="was set"):
        jobs.Pace(guard=a_guard(set_forward_by=60))()
    assert states() == []


def test_nobody_is_claimed_when_our_clock_and_the_databases_differ(
    jobs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready_to_ring()
    monkeypatch.setattr(
        "campanile.clock.now", lambda now=clock.now: now() + timedelta(seconds=6)
    )
    with pytest.raises(jobs.ClockInDoubt, match="database's differ"):
        jobs.Pace(guard=a_guard(set_forward_by=-6))()
    assert states() == []


def test_whom_nobody_could_tell_nobody_claims(
    jobs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready_to_ring()
    nowhere = Redis.from_url("unix:///nonexistent/redis.sock")
    monkeypatch.setattr(jobs.broker, "client", nowhere)
    jobs.surviving(jobs.Pace(guard=a_guard()), "pace")()
    assert states() == []
    nowhere.close()


def test_the_frequent_jobs_rest_while_there_is_nothing_to_do(jobs: Any) -> None:
    told: list[str] = []
    rest = jobs.Rest(
        pause=lambda: told.append("rest"), resume=lambda: told.append("go on")
    )
    rest()
    rest()
    assert told == ["rest"]
    ready_to_ring()
    rest()
    assert told == ["rest", "go on"]
    with transaction() as session:
        session.execute(sa.update(Campaign).values(status=CampaignStatus.PAUSED))
    rest()
    assert told == ["rest", "go on", "rest"]


def test_a_failure_is_logged_once_and_so_is_its_end(jobs: Any) -> None:
    outcomes = iter([True, True, True, False, False])

    def job() -> None:
        if next(outcomes):
            raise sa.exc.OperationalError("", {}, Exception("gone"))

    run = jobs.surviving(job, "pace")
    with capture_logs() as logged:
        for _ in range(5):
            run()
    assert [line["event"] for line in logged] == ["job.failed", "job.recovered"]


def test_a_job_that_goes_on_failing_is_told_of_again_after_a_while(jobs: Any) -> None:
    passed = [1000.0]

    def job() -> None:
        raise KeyError("a mistake of ours")

    run = jobs.surviving(job, "tidy", monotonic=lambda: passed[0])
    with capture_logs() as logged:
        for _ in range(121):
            run()
            passed[0] += jobs.SILENCE_SECONDS / 60
    assert [line["failures"] for line in logged] == [1, 61, 121]
    assert all(line["exc_info"] for line in logged)
