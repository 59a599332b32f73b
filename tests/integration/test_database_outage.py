"""The database goes away in mid-call: nobody is rung, nobody is cut off, nothing is lost."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from campanile import clock, db
from campanile.analysis.reporting import payload
from campanile.calls.lifecycle import abandon, report
from campanile.calls.models import Attempt, Report
from campanile.config import settings
from campanile.db import transaction
from support.call_worker import (
    PICKS_UP,
    RINGS_FOR_EVER,
    TOO_LONG_TO_WAIT,
    CallWorker,
    Surroundings,
    call_worker,
    row,
)
from support.factories import LEASE
from support.private_servers import PrivateServer, private_postgres
from support.waiting import wait_until

pytestmark = pytest.mark.timeout(400)

SELF_HANGUP_SECONDS = 15.0  # as in support.call_worker.QUICK
CLOSED_WITHIN = 12.0
BACK_WITHIN = 30.0


@pytest.fixture
def postgres() -> Iterator[tuple[PrivateServer, str]]:
    with private_postgres() as made:
        yield made


@contextmanager
def migrated(url: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAMPANILE_DATABASE_URL", url)
        settings.cache_clear()
        db.forget_engine()
        db.migrate()
        yield
    db.forget_engine()


@pytest.fixture
def worker(
    postgres: tuple[PrivateServer, str],
    redis_url: str,
    data_dir: Path,
    surroundings: Surroundings,
) -> Iterator[CallWorker]:
    url = postgres[1]
    with (
        migrated(url),
        call_worker(
            data_dir, surroundings, database_url=url, redis_url=redis_url
        ) as rig,
    ):
        rig.start()
        yield rig


def take_away(server: PrivateServer, how: str) -> None:
    db.forget_engine()
    if how == "frozen":
        server.freeze()
    else:
        server.stop()


def give_back(server: PrivateServer, how: str) -> None:
    if how == "frozen":
        server.thaw()
    else:
        server.start()


@pytest.mark.parametrize("how", ["stopped", "frozen"])
def test_a_call_outlives_a_short_outage_and_its_end_is_recorded(
    worker: CallWorker, postgres: tuple[PrivateServer, str], how: str
) -> None:
    talks, rings = worker.ring(PICKS_UP[0]), worker.ring(RINGS_FOR_EVER[0])
    answered = worker.wait_for("answer", talks)
    worker.wait_for("ringing", rings)
    take_away(postgres[0], how)
    time.sleep(SELF_HANGUP_SECONDS / 2)
    assert worker.legs("bye") == worker.legs("cancel") == []
    give_back(postgres[0], how)
    assert_renewed(worker, talks)
    worker.end_calls()
    worker.wait()
    ended = row(talks)
    assert (ended.state, ended.end_reason) == ("ended", "infrastructure")
    assert ended.answered_at is not None
    assert abs(ended.answered_at.timestamp() - answered["t"]) < 2


def assert_renewed(worker: CallWorker, attempt: object) -> None:
    asked_at = clock.now()

    def renewed() -> bool:
        try:
            return row(attempt).renewed_at > asked_at  # type: ignore[arg-type]
        except OperationalError:
            return False

    wait_until(renewed, "its lease is renewed again", timeout=BACK_WITHIN)


@pytest.mark.parametrize("how", ["stopped", "frozen"])
def test_without_a_renewal_for_too_long_calls_say_goodbye_and_their_end_is_kept(
    worker: CallWorker, postgres: tuple[PrivateServer, str], how: str
) -> None:
    talks, rings = worker.ring(PICKS_UP[0]), worker.ring(RINGS_FOR_EVER[0])
    worker.wait_for("answer", talks)
    worker.wait_for("ringing", rings)
    assert_renewed(worker, talks)
    take_away(postgres[0], how)
    gone_at = time.time()
    cancel, bye = (
        worker.wait_for("cancel", rings, timeout=60),
        worker.wait_for("bye", talks, timeout=60),
    )
    for end in (cancel, bye):
        lasted = end["t"] - gone_at
        assert SELF_HANGUP_SECONDS - 3 < lasted < SELF_HANGUP_SECONDS + CLOSED_WITHIN
    journal = worker.product.data_dir / "journal"
    wait_until(
        lambda: any(file.stat().st_size for file in journal.iterdir()),
        "the ends are in the journal",
    )
    time.sleep(3)  # some vain tries to write them
    assert worker.process.poll() is None
    give_back(postgres[0], how)
    back_at = time.time()
    wait_until(lambda: ended(talks) and ended(rings), "both are recorded", timeout=40)
    assert time.time() - back_at < BACK_WITHIN
    assert row(rings).end_reason == row(talks).end_reason == "infrastructure"
    said = [message["text"] for message in row(talks).messages]
    assert said[-1].startswith("I have to go now")
    assert row(talks).answered_at is not None


def ended(attempt: object) -> bool:
    try:
        return row(attempt).state == "ended"  # type: ignore[arg-type]
    except OperationalError:
        return False


def test_what_a_killed_worker_could_not_write_the_next_one_writes(
    worker: CallWorker, postgres: tuple[PrivateServer, str]
) -> None:
    rings = worker.ring(RINGS_FOR_EVER[0])
    worker.wait_for("ringing", rings)
    take_away(postgres[0], "stopped")
    worker.wait_for("cancel", rings, timeout=60)
    wait_until(lambda: bool(worker.events("account.not_written")), "it cannot write it")
    worker.process.kill()
    worker.wait()
    give_back(postgres[0], "stopped")
    worker.start()
    wait_until(lambda: ended(rings), "it is recorded", timeout=BACK_WITHIN)
    assert row(rings).disposition == "no_answer"


def test_a_late_account_replaces_unknown_or_amends_its_report(
    worker: CallWorker, postgres: tuple[PrivateServer, str]
) -> None:
    first, second = worker.ring(RINGS_FOR_EVER[0]), worker.ring(RINGS_FOR_EVER[1])
    for attempt in (first, second):
        worker.wait_for("ringing", attempt)
    take_away(postgres[0], "stopped")
    wait_until(
        lambda: len(worker.events("attempt.ended")) == 2,
        "both are in the journal",
        timeout=90,
    )
    worker.process.kill()
    worker.wait()
    give_back(postgres[0], "stopped")
    with transaction() as session:
        for attempt in session.exec(select(Attempt)).all():
            abandon(session, attempt, quarantine=LEASE)
        reported = session.get_one(Attempt, second)
        assert report(session, reported, payload(reported))
    worker.start()
    wait_until(
        lambda: row(first).disposition == "no_answer",
        "the account replaces unknown",
        timeout=BACK_WITHIN,
    )
    assert row(second).disposition == "unknown"

    def kinds() -> list[str]:
        with transaction() as session:
            found = session.exec(select(Report).where(Report.attempt_id == second))
            return sorted(each.kind for each in found)

    wait_until(lambda: kinds() == ["amendment", "end-of-call-report"], "it is amended")


@pytest.mark.parametrize("how", ["stopped", "frozen"])
def test_an_invite_that_waits_while_the_database_goes_is_never_sent(
    worker: CallWorker, postgres: tuple[PrivateServer, str], how: str
) -> None:
    worker.put_off(TOO_LONG_TO_WAIT)
    waits = worker.ring(RINGS_FOR_EVER[0])
    worker.wait_for_state(waits, "dialing")
    take_away(postgres[0], how)
    time.sleep(TOO_LONG_TO_WAIT + 5)  # its instant passes
    assert worker.legs("invite", waits) == []
    give_back(postgres[0], how)
    wait_until(lambda: void(waits), "it is taken back", timeout=BACK_WITHIN)
    assert not row(waits).charged
    assert worker.legs("invite", waits) == []


@pytest.mark.parametrize("how", ["stopped", "frozen"])
def test_a_claim_that_waits_while_the_database_goes_is_never_made(
    worker: CallWorker, postgres: tuple[PrivateServer, str], how: str
) -> None:
    worker.put_off(5.0)
    waits = worker.ring(RINGS_FOR_EVER[0])
    time.sleep(3)
    assert row(waits).state == "claimed"
    take_away(postgres[0], how)
    time.sleep(9)
    give_back(postgres[0], how)
    time.sleep(3)
    assert row(waits).state == "claimed"  # until its lease is over
    assert worker.legs("invite", waits) == []


def void(attempt: object) -> bool:
    try:
        return row(attempt).state == "void"  # type: ignore[arg-type]
    except OperationalError:
        return False
