"""SIGTERM: calls that live go on to their end, nothing new begins, nothing is lost."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from sqlmodel import select

from campanile.capacity.models import WorkerLease
from campanile.db import transaction
from support.call_worker import (
    PICKS_UP,
    RINGS_FOR_EVER,
    TOO_LONG_TO_WAIT,
    CallWorker,
    Surroundings,
    call_worker,
    lead_of,
    row,
)
from support.waiting import wait_until

pytestmark = pytest.mark.timeout(400)

SAID_WITHIN = 3.0
ENDED_WITHIN = 60.0


@pytest.fixture
def worker(
    database: str, redis_url: str, data_dir: Path, surroundings: Surroundings
) -> Iterator[CallWorker]:
    with call_worker(
        data_dir, surroundings, database_url=database, redis_url=redis_url
    ) as rig:
        rig.start()
        yield rig


def accepting() -> list[bool]:
    with transaction() as session:
        return [lease.accepting for lease in session.exec(select(WorkerLease)).all()]


def test_a_draining_worker_says_so_at_once_and_keeps_its_calls(
    worker: CallWorker,
) -> None:
    talks = worker.ring(PICKS_UP[0])
    worker.wait_for("answer", talks)
    assert accepting() == [True]
    told_at = time.monotonic()
    worker.end()
    wait_until(lambda: accepting() == [False], "it takes no new calls")
    assert time.monotonic() - told_at < SAID_WITHIN
    time.sleep(5)
    assert worker.legs("bye", talks) == []
    assert row(talks).state == "answered"
    assert worker.process.poll() is None


def test_what_comes_while_it_drains_is_not_rung_and_left_for_another(
    worker: CallWorker, redis_url: str
) -> None:
    talks = worker.ring(PICKS_UP[0])
    worker.wait_for("answer", talks)
    worker.end()
    wait_until(lambda: accepting() == [False], "it drains")
    late = [worker.ring(number) for number in RINGS_FOR_EVER]
    time.sleep(3)
    assert [worker.legs("invite", attempt) for attempt in late] == [[], [], []]
    worker.end()  # the second signal
    worker.wait(ENDED_WITHIN)
    with Redis.from_url(redis_url) as queue:
        waiting = queue.llen("dramatiq:calls")
    handed_back = sum(row(attempt).state == "void" for attempt in late)
    assert waiting + handed_back == len(late)
    assert accepting() == []
    assert [worker.legs("invite", attempt) for attempt in late] == [[], [], []]


def test_a_second_signal_has_every_call_say_goodbye_and_be_recorded(
    worker: CallWorker,
) -> None:
    talks, rings = worker.ring(PICKS_UP[0]), worker.ring(RINGS_FOR_EVER[0])
    worker.wait_for("answer", talks)
    worker.wait_for("ringing", rings)
    time.sleep(3)
    worker.end_calls()
    assert worker.wait(ENDED_WITHIN) == 0
    assert [bye["by"] for bye in worker.legs("bye", talks)] == ["caller"]
    assert len(worker.legs("cancel", rings)) == 1
    talked, rang = row(talks), row(rings)
    assert (talked.state, rang.state) == ("ended", "ended")
    assert talked.messages[-1]["text"].startswith("I have to go now")
    assert rang.disposition == "no_answer"
    assert list((worker.product.data_dir / "journal").iterdir()) == []


@pytest.mark.parametrize(
    ("instant", "waits_as"), [(5.0, "claimed"), (TOO_LONG_TO_WAIT, "dialing")]
)
def test_who_waits_for_his_instant_when_it_drains_goes_back_uncharged(
    worker: CallWorker, instant: float, waits_as: str
) -> None:
    worker.put_off(instant)
    waits = worker.ring(RINGS_FOR_EVER[0])
    time.sleep(2)
    worker.wait_for_state(waits, waits_as, timeout=2)
    worker.end()
    worker.wait_for_state(waits, "void")
    assert worker.legs("invite", waits) == []
    lead = lead_of(waits)
    assert (lead.status, lead.attempts) == ("pending", 0)
