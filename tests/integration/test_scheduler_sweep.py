"""The sweep does not take silence for death right after a gap of its own."""

import pytest
import sqlalchemy as sa
from sqlmodel import select

from campanile import clock
from campanile.calls.models import Attempt
from campanile.config import settings
from campanile.db import transaction
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


@pytest.mark.usefixtures("expired")
def test_it_waits_a_lease_after_its_start_and_after_every_gap() -> None:
    from campanile_scheduler.jobs import Sweep  # its broker wants the settings above

    monotonic = Monotonic()
    sweep = Sweep(monotonic)
    lease = settings().lease_seconds
    sweep()
    assert state() == "claimed"  # just started
    for _ in range(5):
        monotonic.now += 5
        sweep()
    assert state() == "claimed"  # 25 s: still within a lease of its start
    monotonic.now += lease  # it was away
    sweep()
    assert state() == "claimed"
    for _ in range(6):
        monotonic.now += 5
        sweep()
    assert state() == "void"  # a whole lease of regular sweeps since
