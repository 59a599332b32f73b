"""A worker's wall clock is set while a call is up: no time that it tells is wrong."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from campanile.clock import now
from campanile.db import transaction
from campanile.organizations.stops import StopScope, stop
from support.call_worker import (
    PICKS_UP,
    CallWorker,
    Surroundings,
    call_worker,
    lead_of,
    row,
)

pytestmark = pytest.mark.timeout(400)

CLOSE = timedelta(seconds=2)
SEEN_SECONDS = 3.0
"""The clock's file is read twice a second, leases are renewed every two."""


@pytest.fixture
def clock_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "clock"
    monkeypatch.setenv("CHAOS_CLOCK", str(file))
    return file


@pytest.fixture
def worker(
    database: str,
    redis_url: str,
    data_dir: Path,
    surroundings: Surroundings,
    clock_file: Path,
) -> Iterator[CallWorker]:
    with call_worker(
        data_dir, surroundings, database_url=database, redis_url=redis_url
    ) as rig:
        rig.start("chaos.stepped")
        yield rig


@pytest.mark.parametrize("step", [-3600, 3600])
def test_a_clock_that_is_set_in_mid_call_shifts_neither_its_end_nor_its_lease(
    worker: CallWorker, clock_file: Path, step: int
) -> None:
    talks = worker.ring(PICKS_UP[0])
    worker.wait_for("answer", talks)
    worker.wait_for_state(talks, "answered")
    clock_file.write_text(str(step))
    time.sleep(SEEN_SECONDS)
    assert abs(row(talks).lease_until - now()) < timedelta(minutes=1)
    with transaction() as session:
        stop(session, StopScope.CAMPAIGN, worker.campaign_id, hang_up=True)
    over = datetime.fromtimestamp(worker.wait_for("bye", talks)["t"], UTC)
    ended = worker.wait_for_state(talks, "ended")
    assert ended.ended_at is not None
    assert ended.answered_at is not None
    assert abs(ended.ended_at - over) < CLOSE
    assert ended.answered_at < ended.ended_at
    assert lead_of(talks).last_attempt_at is not None
