"""Accounts on their way to the rows: on disk first, then written, however long it takes.

The database may be away for as long as it likes and this process may die meanwhile; an
account that was `put` reaches the rows once they can be reached again, by this process
or by the next one that starts on the same data folder.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import structlog
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from campanile.db import in_the_way
from campanile.dialing.accounts import ACCOUNTS, Account
from campanile.dialing.journal import Journal

log = structlog.get_logger(__name__)

AGAIN_SECONDS = 1.0
"""Between two looks whether the database is back."""

T = TypeVar("T")


class Outbox:
    """`record` brings an account to the rows; it may raise OperationalError.

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
        """Take over what earlier processes could not write."""
        for line in await self._on_disk(self._journal.inherit):
            try:
                self._add(ACCOUNTS.validate_json(line))
            except ValidationError as error:
                log.warning("journal.unreadable", error=error.errors()[0]["msg"])
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
            except OperationalError as error:
                log.warning(
                    "account.not_written",
                    attempt=str(account.attempt_id),
                    waiting=len(self._waiting),
                    error=str(error.orig).split("\n")[0],
                )
                if not in_the_way(error):
                    return False
                self._waiting.rotate(-1)  # the others need not wait for its lock
                continue
            except Exception:
                # A mistake of ours, which trying again does not mend. This is the edge:
                # the accounts behind it must get through.
                log.exception("account.refused", attempt=str(account.attempt_id))
            else:
                log.info(
                    "account.written",
                    attempt=str(account.attempt_id),
                    kind=account.kind,
                    new=new,
                )
            self._waiting.popleft()
        return not self._waiting

    async def _on_disk(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._disk, work)
