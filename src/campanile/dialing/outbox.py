"""Accounts on their way to the rows: on disk first, then written, however long it takes.

The database may be away for as long as it likes and this process may die meanwhile; an
account that was `put` reaches the rows once they can be reached again, by this process
or by the next one that starts on the same data folder. What the rows will never take
is set aside for a person to read.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import structlog
from pydantic import ValidationError
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from campanile.db import in_short, in_the_way
from campanile.dialing.accounts import ACCOUNTS, Account
from campanile.dialing.journal import Journal
from campanile.errors import Unavailable

log = structlog.get_logger(__name__)

AGAIN_SECONDS = 1.0
"""Between two looks whether the database is back."""

T = TypeVar("T")


class Outbox:
    """`record` brings an account to the rows. Some errors may pass: it is asked again.

    `open` before the first `put`, `run` beside the calls, `close` at the end.
    """

    def __init__(
        self, folder: Path, name: str, record: Callable[[Account], Awaitable[bool]]
    ) -> None:
        self._journal = Journal(folder, name)
        self._record = record
        self._waiting: deque[Account] = deque()
        self._wake = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        # One thread: what is kept, and that all was written, must stay in order.
        self._disk = ThreadPoolExecutor(1, "journal")

    async def open(self) -> None:
        """Take over what earlier processes could not write. Raises OSError."""
        for line in await self._on_disk(self._journal.inherit):
            try:
                self._add(ACCOUNTS.validate_json(line))
            except ValidationError as error:
                why = error.errors()[0]["msg"]
                log.warning("journal.unreadable", error=why)
                await self._on_disk(partial(self._journal.set_aside, line, why=why))
        if self._waiting:
            log.warning("journal.inherited", accounts=len(self._waiting))

    async def put(self, account: Account) -> None:
        """On disk when this returns; in the rows as soon as they can be reached."""
        self._add(account)
        line = ACCOUNTS.dump_json(account)
        try:
            await self._on_disk(lambda: self._journal.keep([line]))
        except OSError as error:  # then it is in memory only, and still gets written
            log.warning("journal.not_kept", error=str(error))

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def holds(self, attempt_id: UUID) -> bool:
        """Whether the rows do not know something yet about this attempt."""
        return any(account.attempt_id == attempt_id for account in self._waiting)

    async def run(self) -> None:
        """Write for ever; cancel to stop."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                if not await self._write_waiting():
                    await asyncio.sleep(AGAIN_SECONDS)
            self._empty.set()
            # What is put from here on is kept behind it, in the same thread.
            await self._on_disk(self._journal.clear)

    async def close(self, *, within: float) -> None:
        """Wait so long for the rest to be written; what is not stays in the journal."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._empty.wait()
        if self._waiting:
            log.warning("journal.left_behind", accounts=len(self._waiting))
        else:
            await self._on_disk(self._journal.clear)
        await self._on_disk(self._journal.close)
        self._disk.shutdown()

    def _add(self, account: Account) -> None:
        self._waiting.append(account)
        self._empty.clear()
        self._wake.set()

    async def _write_waiting(self) -> bool:
        """Go through them once; answer whether all were written."""
        for _ in range(len(self._waiting)):
            account = self._waiting[0]
            try:
                new = await self._record(account)
            except Exception as error:
                # This is the edge: the accounts behind it must get through.
                if _may_pass(error):
                    self._tell_not_written(account, error)
                    if _nobody_answers(error):
                        return False
                else:
                    log.exception("account.refused", **_named(account))
                    if await self._set_aside(account, error):
                        self._waiting.popleft()
                        continue
                self._waiting.rotate(-1)  # the others need not wait for it
                continue
            log.info("account.written", **_named(account), new=new)
            self._waiting.popleft()
        return not self._waiting

    def _tell_not_written(self, account: Account, error: Exception) -> None:
        log.warning(
            "account.not_written",
            **_named(account),
            waiting=len(self._waiting),
            error=in_short(error),
        )

    async def _set_aside(self, account: Account, error: Exception) -> bool:
        """Out of the way, and not lost; answer whether it is."""
        why = f"{type(error).__name__}: {in_short(error)}"
        line = ACCOUNTS.dump_json(account)
        try:
            await self._on_disk(partial(self._journal.set_aside, line, why=why))
        except OSError as disk:
            log.warning("account.not_set_aside", **_named(account), error=str(disk))
            return False
        return True

    async def _on_disk(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._disk, work)


def _named(account: Account) -> dict[str, str]:
    return {"attempt": str(account.attempt_id), "kind": account.kind}


def _may_pass(error: Exception) -> bool:
    """Whether the same may be taken later.

    A database in trouble says so in many ways: it is away, takes no writes, has no such
    table in the midst of being put back. Only what it says of the values it will say
    again. Whatever else is raised is a mistake of ours.
    """
    if isinstance(error, DataError | IntegrityError):
        return False
    return isinstance(error, DBAPIError | NoConnectionFree | Unavailable)


def _nobody_answers(error: Exception) -> bool:
    """Whether the next account would fare no better."""
    return isinstance(error, OperationalError) and not in_the_way(error)
