"""An account that was put reaches the rows, whatever happens to database and process."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.errors import (
    LockNotAvailable,
    NotNullViolation,
    NumericValueOutOfRange,
    ReadOnlySqlTransaction,
    UndefinedTable,
)
from sqlalchemy.exc import (
    DataError,
    IntegrityError,
    InterfaceError,
    InternalError,
    NoResultFound,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from structlog.testing import capture_logs

from campanile.calls.lifecycle import Ending
from campanile.calls.outcomes import Disposition, EndReason
from campanile.clock import now
from campanile.dialing import outbox as outbox_module
from campanile.dialing.accounts import ACCOUNTS, Account, CameTo, OptOut, Withdrawn
from campanile.dialing.attempt import run_attempt
from campanile.dialing.journal import REFUSED, Journal
from campanile.dialing.ledger import LedgerError
from campanile.dialing.outbox import Outbox

NOT_BACK_YET = [
    InternalError("UPDATE", {}, ReadOnlySqlTransaction("read-only")),
    ProgrammingError("UPDATE", {}, UndefinedTable("in mid-restore")),
    InterfaceError("UPDATE", {}, Exception("the connection is closed")),
    NoConnectionFree("the pool is used up"),
    LedgerError("its disk is full"),
]
OURS = [
    DataError("UPDATE", {}, NumericValueOutOfRange("too much")),
    IntegrityError("INSERT", {}, NotNullViolation("nothing there")),
    NoResultFound("no such attempt"),
    KeyError("a mistake"),
]


class Rows:
    def __init__(self) -> None:
        self.known: list[Account] = []
        self.away = False
        self.locked: set[UUID] = set()
        self.refuses: dict[UUID, Exception] = {}

    async def record(self, account: Account) -> bool:
        await asyncio.sleep(0)
        if self.away:
            raise OperationalError("UPDATE", {}, Exception("connection refused"))
        if account.attempt_id in self.locked:
            raise OperationalError("UPDATE", {}, LockNotAvailable("a lock"))
        if error := self.refuses.get(account.attempt_id):
            raise error
        self.known.append(account)
        return True


@asynccontextmanager
async def running(folder: Path, name: str, rows: Rows) -> AsyncIterator[Outbox]:
    box = Outbox(folder, name, rows.record)
    await box.open()
    task = asyncio.create_task(box.run())
    try:
        yield box
    finally:
        await box.close(within=0.2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "AGAIN_SECONDS", 0.01)


def opt_out() -> OptOut:
    return OptOut(attempt_id=uuid4(), phone_number="+12125550101", root_id=uuid4())


async def until(happened: Callable[[], bool]) -> None:
    for _ in range(1000):
        if happened():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("not within five seconds")


def left_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def in_journal(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines()


@pytest.fixture
def captured() -> Iterator[list[dict[str, Any]]]:
    with capture_logs() as lines:
        yield lines  # type: ignore[misc]


async def test_with_the_database_up_it_is_written_at_once_and_nothing_stays(
    tmp_path: Path,
) -> None:
    rows, account = Rows(), opt_out()
    async with running(tmp_path, "a", rows) as box:
        await box.put(account)
        await until(lambda: rows.known == [account])
        await until(lambda: (tmp_path / "a.ndjson").stat().st_size == 0)
    assert left_in(tmp_path) == []


async def test_while_it_is_away_they_wait_and_are_written_in_order_when_it_is_back(
    tmp_path: Path,
) -> None:
    rows, accounts = Rows(), [opt_out() for _ in range(20)]
    rows.away = True
    async with running(tmp_path, "a", rows) as box:
        for account in accounts:
            await box.put(account)
        await asyncio.sleep(0.05)
        assert rows.known == []
        assert len((tmp_path / "a.ndjson").read_bytes().splitlines()) == 20
        rows.away = False
        await until(lambda: rows.known == accounts)


async def test_one_that_meets_a_lock_holds_nobody_up(tmp_path: Path) -> None:
    rows, first, second = Rows(), opt_out(), opt_out()
    rows.locked = {first.attempt_id}
    async with running(tmp_path, "a", rows) as box:
        await box.put(first)
        await box.put(second)
        await until(lambda: rows.known == [second])
        rows.locked.clear()
        await until(lambda: rows.known == [second, first])


@pytest.mark.parametrize("trouble", NOT_BACK_YET, ids=lambda e: type(e).__name__)
async def test_whatever_a_database_in_trouble_says_nothing_is_thrown_away(
    tmp_path: Path, trouble: Exception
) -> None:
    rows, first, second = Rows(), opt_out(), opt_out()
    rows.refuses = {first.attempt_id: trouble, second.attempt_id: trouble}
    async with running(tmp_path, "a", rows) as box:
        await box.put(first)
        await box.put(second)
        await asyncio.sleep(0.05)
        assert box.waiting == len(in_journal(tmp_path / "a.ndjson")) == 2
        rows.refuses.clear()
        await until(lambda: rows.known == [first, second])
    assert left_in(tmp_path) == []


async def test_one_that_only_itself_is_in_trouble_holds_nobody_up(
    tmp_path: Path,
) -> None:
    rows, first, second = Rows(), opt_out(), opt_out()
    rows.refuses = {first.attempt_id: NOT_BACK_YET[1]}
    async with running(tmp_path, "a", rows) as box:
        await box.put(first)
        await box.put(second)
        await until(lambda: rows.known == [second])
        rows.refuses.clear()
        await until(lambda: rows.known == [second, first])


@pytest.mark.parametrize("mistake", OURS, ids=lambda e: type(e).__name__)
async def test_what_the_rows_refuse_for_good_is_set_aside_for_a_person_to_read(
    tmp_path: Path, mistake: Exception, captured: list[dict[str, Any]]
) -> None:
    rows, refused, taken = Rows(), opt_out(), opt_out()
    rows.refuses = {refused.attempt_id: mistake}
    async with running(tmp_path, "a", rows) as box:
        await box.put(refused)
        await box.put(taken)
        await until(lambda: rows.known == [taken])
        await until(lambda: box.waiting == 0)
    (line,) = in_journal(tmp_path / REFUSED)
    kept = json.loads(line)
    assert ACCOUNTS.validate_json(kept["line"]) == refused
    assert type(mistake).__name__ in kept["why"]
    assert (tmp_path / REFUSED).stat().st_mode & 0o077 == 0
    (told,) = [line for line in captured if line["event"] == "account.refused"]
    assert told["attempt"] == str(refused.attempt_id)


async def test_what_was_set_aside_is_no_journal_to_be_taken_over(
    tmp_path: Path,
) -> None:
    rows, account = Rows(), opt_out()
    rows.refuses = {account.attempt_id: OURS[0]}
    async with running(tmp_path, "a", rows) as box:
        await box.put(account)
        await until(lambda: box.waiting == 0)
    before = (tmp_path / REFUSED).read_bytes()
    async with running(tmp_path, "next", rows) as box:
        assert box.waiting == 0
    assert left_in(tmp_path) == [tmp_path / REFUSED]
    assert (tmp_path / REFUSED).read_bytes() == before


async def test_what_cannot_even_be_set_aside_is_kept_and_tried_again(
    tmp_path: Path,
) -> None:
    rows, account = Rows(), opt_out()
    rows.refuses = {account.attempt_id: OURS[0]}
    (tmp_path / REFUSED).mkdir()  # nobody can write a file of this name
    async with running(tmp_path, "a", rows) as box:
        await box.put(account)
        await asyncio.sleep(0.05)
        assert box.waiting == len(in_journal(tmp_path / "a.ndjson")) == 1
        (tmp_path / REFUSED).rmdir()
        await until(lambda: box.waiting == 0)
    assert len(in_journal(tmp_path / REFUSED)) == 1


async def test_a_line_that_cannot_be_read_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "dead.ndjson").write_bytes(b'{"kind":"of a later version"}\n')
    async with running(tmp_path, "a", Rows()) as box:
        assert box.waiting == 0
    assert left_in(tmp_path) == [tmp_path / REFUSED]
    (line,) = in_journal(tmp_path / REFUSED)
    assert json.loads(line)["line"] == '{"kind":"of a later version"}'


async def test_what_a_dead_process_could_not_write_the_next_one_writes(
    tmp_path: Path,
) -> None:
    rows, account = Rows(), opt_out()
    rows.away = True
    async with running(tmp_path, "dead", rows) as box:
        await box.put(account)
    assert (tmp_path / "dead.ndjson").exists()  # left behind at the end
    with (tmp_path / "dead.ndjson").open("ab") as torn:
        torn.write(b'{"kind":"came_to","att')
    rows.away = False
    async with running(tmp_path, "next", rows):
        await until(lambda: rows.known == [account])
    assert left_in(tmp_path) == []


async def test_the_journal_of_a_process_that_lives_is_left_alone(
    tmp_path: Path,
) -> None:
    rows = Rows()
    rows.away = True
    async with running(tmp_path, "alive", rows) as box:
        await box.put(opt_out())
        async with running(tmp_path, "other", rows) as other:
            assert other.waiting == 0
        assert (tmp_path / "alive.ndjson").stat().st_size > 0


async def test_a_full_disk_loses_nothing_while_the_process_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    rows, account = Rows(), opt_out()
    async with running(tmp_path, "a", rows) as box:
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            await box.put(account)
        await until(lambda: rows.known == [account])


def test_nobody_else_may_read_the_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", "a")
    assert (tmp_path / "journal").stat().st_mode & 0o077 == 0
    assert (tmp_path / "journal" / "a.ndjson").stat().st_mode & 0o077 == 0
    journal.close()
    journal.close()


@given(
    disposition=st.sampled_from(Disposition),
    words=st.text(),
    after=st.none() | st.timedeltas(),
)
def test_an_account_comes_out_of_the_journal_as_it_went_in(
    disposition: Disposition, words: str, after: object
) -> None:
    ending = Ending(
        disposition,
        EndReason.STOPPED,
        ringing_at=now(),
        ended_at=now(),
        callback_in=after,  # type: ignore[arg-type]
        messages=[{"role": "user", "text": words, "at": 1.5, "interrupted": False}],
    )
    attempt_id = uuid4()
    for account in (
        CameTo(attempt_id=attempt_id, ending=ending, quarantine_until=now()),
        Withdrawn(attempt_id=attempt_id, worker_id="w", reason=words, again_at=now()),
        OptOut(attempt_id=attempt_id, phone_number="+12125550101", root_id=attempt_id),
    ):
        line = ACCOUNTS.dump_json(account)
        assert b"\n" not in line
        assert ACCOUNTS.validate_json(line) == account


def test_a_journal_of_an_older_version_is_still_read() -> None:
    attempt_id = uuid4()
    wish = ACCOUNTS.validate_json(f'{{"attempt_id":"{attempt_id}","kind":"opt_out"}}')
    assert wish == OptOut(attempt_id=attempt_id, phone_number=None, root_id=None)
    came_to = CameTo(attempt_id=attempt_id, ending=Ending(Disposition.BUSY, "486"))
    older = json.loads(ACCOUNTS.dump_json(came_to))
    del older["ending"]["ringing_at"]
    assert ACCOUNTS.validate_python(older) == came_to


async def test_who_was_to_be_withdrawn_is_not_begun_again_before_the_rows_know(
    tmp_path: Path,
) -> None:
    """A withdrawal names its worker: one that is written late would void the dial that a
    doubled message has had the same worker claim meanwhile."""
    rows, begun = Rows(), asyncio.Event()
    gone = Withdrawn(attempt_id=uuid4(), worker_id="w", reason="", again_at=now())

    async def read_rows(*_: object) -> None:
        begun.set()

    async with running(tmp_path, "a", rows) as box:
        host: Any = SimpleNamespace(
            attempts=set(), outbox=box, draining=asyncio.Event(), rows=read_rows
        )
        rows.away = True
        await box.put(gone)
        await run_attempt(host, gone.attempt_id)
        assert not begun.is_set()
        rows.away = False
        await until(lambda: box.waiting == 0)
        await run_attempt(host, gone.attempt_id)
        assert begun.is_set()
