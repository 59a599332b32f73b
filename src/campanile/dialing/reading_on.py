"""The ledger's mark, kept moving beside the calls of a worker (DESIGN D17).

A backup that is put back in place brings its own mark: older than the one every worker
knows, and the next claim sees it. Whichever worker comes first moves it for all.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from campanile.db import in_short
from campanile.dialing.ledger import LedgerError

log = structlog.get_logger(__name__)

EVERY_SECONDS = 10.0


class LedgerReader:
    """`read_on` is the one of reconcile.py, off the loop. What it could not read, for
    want of rows or file, the next time or the next claim reads."""

    def __init__(self, read_on: Callable[[], Awaitable[None]]) -> None:
        self._read_on = read_on

    async def run(self) -> None:
        """Read for ever; cancel to stop."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            try:
                await self._read_on()
            except LedgerError as error:
                log.warning("ledger.not_read", error=error.message)
            except SQLAlchemyError as error:
                log.warning("ledger.not_read", error=in_short(error))
