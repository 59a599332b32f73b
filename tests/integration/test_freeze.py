"""Who stands still loses its calls and knows it: no late INVITE, not another word.

Worker and gateway are stopped by SIGSTOP and continued, or killed.
"""

import signal
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from sqlmodel import select, update

from campanile.analysis.reporting import payload
from campanile.calls.lifecycle import report
from campanile.calls.models import Attempt, Report
from campanile.clock import now
from campanile.config import settings
from campanile.db import transaction
from campanile.pacing import sweeps
from campanile.trunks.models import Trunk
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

SESSION_REAPED = 5 + 4.1
"""Seconds, with the times of support.call_worker.QUICK."""
LEASE = 12.0
REAPED_WITHIN = 20.0
SHORT = 2.0


@pytest.fixture
def worker(
    database: str, redis_url: str, data_dir: Path, surroundings: Surroundings
) -> Iterator[CallWorker]:
    with call_worker(
        data_dir, surroundings, database_url=database, redis_url=redis_url
    ) as rig:
        rig.start()
        yield rig


def sweep() -> None:
    with transaction() as session:
        sweeps.close_expired(session)


def test_a_short_freeze_costs_no_call(worker: CallWorker) -> None:
    talks = worker.ring(PICKS_UP[0])
    worker.wait_for("answer", talks)
    worker.process.send_signal(signal.SIGSTOP)
    time.sleep(SHORT)
    worker.process.send_signal(signal.SIGCONT)
    time.sleep(SESSION_REAPED)
    assert worker.legs("bye", talks) == []
    assert row(talks).state == "answered"


def test_after_a_long_freeze_the_leg_is_gone_and_the_reported_unknown_stays(
    worker: CallWorker,
) -> None:
    talks = worker.ring(PICKS_UP[0])
    worker.wait_for("answer", talks)
    worker.wait_for_state(talks, "answered")
    frozen_at = time.time()
    worker.process.send_signal(signal.SIGSTOP)
    bye = worker.wait_for("bye", talks, timeout=30)
    assert bye["t"] - frozen_at < REAPED_WITHIN
    wait_until(lambda: row(talks).lease_until < now(), "its lease is over", timeout=20)
    sweep()
    assert row(talks).disposition == "unknown"
    rests_until = row(talks).quarantine_until
    assert rests_until is not None
    with transaction() as session:
        attempt = session.get_one(Attempt, talks)
        assert report(session, attempt, payload(attempt))
    worker.process.send_signal(signal.SIGCONT)
    wait_until(lambda: bool(worker.events("account.written")), "it tells what it knows")
    found = row(talks)
    assert (found.state, found.disposition) == ("reported", "unknown")
    assert found.quarantine_until == rests_until
    with transaction() as session:
        kinds = [each.kind for each in session.exec(select(Report)).all()]
    assert kinds.count("end-of-call-report") == 1
    again = worker.ring(RINGS_FOR_EVER[0])  # it works on
    worker.wait_for("ringing", again)


@pytest.mark.parametrize("frozen", [3.0, 25.0])
def test_an_invite_whose_instant_passed_during_a_freeze_waits_anew_or_is_dropped(
    worker: CallWorker, frozen: float
) -> None:
    worker.put_off(TOO_LONG_TO_WAIT)
    instant = time.monotonic() + TOO_LONG_TO_WAIT
    waits = worker.ring(RINGS_FOR_EVER[0])
    worker.wait_for_state(waits, "dialing")
    time.sleep(instant - SHORT - time.monotonic())
    worker.process.send_signal(signal.SIGSTOP)
    time.sleep(frozen)
    if frozen > LEASE:
        sweep()
        assert row(waits).disposition == "unknown"
        worker.process.send_signal(signal.SIGCONT)
        time.sleep(8)
        assert worker.legs("invite", waits) == []
        assert row(waits).state == "ended"
        lead = lead_of(waits)
        assert lead.next_attempt_at > now()
    else:
        woken_at = time.time()
        worker.process.send_signal(signal.SIGCONT)
        invite = worker.wait_for("invite", waits)
        assert invite["t"] > woken_at
    assert len(worker.legs("invite", waits)) <= 1


def test_a_gateway_that_stood_still_has_no_heap_of_invites_to_let_go(
    worker: CallWorker,
) -> None:
    with transaction() as session:
        session.execute(update(Trunk).values(calls_per_second=10.0))
    worker.put_off(3.0)  # until then all of them have opened their sessions
    waiting = [worker.ring(f"+1212555011{n}") for n in range(10)]
    worker.wait_for("invite", waiting[0], timeout=30)
    worker.surroundings.exchange.send_signal(signal.SIGSTOP)
    time.sleep(2 * SHORT)
    thawed_at = time.time()
    worker.surroundings.exchange.send_signal(signal.SIGCONT)
    for attempt in waiting:
        worker.wait_for("invite", attempt)
    sent = sorted(line["t"] for line in worker.legs("invite") if line["t"] > thawed_at)
    at_once = [t for t in sent if t < thawed_at + SHORT / 4]
    assert len(at_once) <= 3
    later = sent[len(at_once) :]
    assert later
    assert all(after - before > 0.07 for before, after in pairwise(later))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_gateway_that_is_gone_ends_the_attempts_and_their_numbers_rest(
    worker: CallWorker, how: signal.Signals
) -> None:
    talks, rings = worker.ring(PICKS_UP[0]), worker.ring(RINGS_FOR_EVER[0])
    worker.wait_for("answer", talks)
    worker.wait_for("ringing", rings)
    worker.surroundings.exchange.send_signal(how)
    gone_at = time.monotonic()
    for attempt in (talks, rings):
        ended = worker.wait_for_state(attempt, "ended", timeout=60)
        assert ended.disposition == "unknown"
        assert ended.quarantine_until is not None
        rest = (ended.quarantine_until - now()).total_seconds()
        assert rest > settings().quarantine_seconds / 2
    assert time.monotonic() - gone_at < 40
    # A talk that was answered is followed up by hand; a phone that rang is rung later.
    assert (lead_of(talks).status, lead_of(rings).status) == ("failed", "pending")
    if how == signal.SIGSTOP:
        worker.surroundings.exchange.send_signal(signal.SIGCONT)
    else:
        worker.surroundings.start_exchange()
    again = worker.ring(RINGS_FOR_EVER[1])
    worker.wait_for("ringing", again, timeout=40)
