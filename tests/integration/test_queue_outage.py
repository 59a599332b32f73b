"""Redis carries hints: it may die, forget, double and delay; only time is lost."""

import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from support.call_worker import (
    PICKS_UP,
    RINGS_FOR_EVER,
    CallWorker,
    Surroundings,
    call_worker,
    row,
)
from support.private_servers import PrivateServer, private_redis
from support.waiting import wait_until

pytestmark = pytest.mark.timeout(400)

AWAY_SECONDS = 8.0


@pytest.fixture
def redis() -> Iterator[tuple[PrivateServer, str]]:
    with private_redis() as made:
        yield made


@pytest.fixture
def worker(
    database: str,
    redis: tuple[PrivateServer, str],
    data_dir: Path,
    surroundings: Surroundings,
) -> Iterator[CallWorker]:
    with call_worker(
        data_dir, surroundings, database_url=database, redis_url=redis[1]
    ) as rig:
        rig.start()
        yield rig


def test_a_queue_that_dies_and_comes_back_empty_costs_time_only(
    worker: CallWorker, redis: tuple[PrivateServer, str]
) -> None:
    server = redis[0]
    talks = worker.ring(PICKS_UP[0])
    worker.wait_for("answer", talks)
    server.kill()
    lines, cpu = len(worker.product.log("worker").splitlines()), worker.cpu_seconds()
    time.sleep(AWAY_SECONDS)
    said = len(worker.product.log("worker").splitlines()) - lines
    used = worker.cpu_seconds() - cpu
    assert said < 10 * AWAY_SECONDS, "the log is not flooded"
    assert used < AWAY_SECONDS / 2, "nor does it spin"
    assert worker.legs("bye", talks) == []
    server.start()
    rings = worker.ring(RINGS_FOR_EVER[0])
    worker.wait_for("ringing", rings, timeout=30)
    assert row(talks).state == "answered"
    assert worker.process.poll() is None


def test_every_message_tripled_and_out_of_order_rings_once(
    worker: CallWorker,
) -> None:
    attempts = [worker.reserve(number) for number in RINGS_FOR_EVER]
    messages = attempts * 3
    seed = 20261122
    Random(seed).shuffle(messages)
    for attempt in messages:
        worker.send(attempt)
    for attempt in attempts:
        worker.wait_for("ringing", attempt)
    for attempt in attempts:
        worker.send(attempt)
    time.sleep(3)
    assert [len(worker.legs("invite", attempt)) for attempt in attempts] == [1, 1, 1]


def test_a_message_that_is_hours_old_or_forged_does_nothing(worker: CallWorker) -> None:
    old = worker.reserve(RINGS_FOR_EVER[0])
    worker.send(old, age_ms=2 * 3600 * 1000)
    worker.send_words("not an id")
    worker.send_words("00000000-0000-4000-8000-000000000000")
    fresh = worker.ring(RINGS_FOR_EVER[1])
    worker.wait_for("ringing", fresh)
    time.sleep(1)
    assert worker.legs("invite", old) == []
    assert row(old).state == "claimed"  # its lease runs out, and the lead is free


def test_a_message_from_a_clock_that_is_ahead_is_heard(worker: CallWorker) -> None:
    attempt = worker.reserve(RINGS_FOR_EVER[0])
    worker.send(attempt, age_ms=-3600 * 1000)
    worker.wait_for("ringing", attempt)
    wait_until(lambda: row(attempt).state == "ringing", "the row says so")
