"""The ledger's mark is kept moving, whatever one reading comes to."""

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy.exc import OperationalError

from campanile.dialing import reading_on
from campanile.dialing.ledger import LedgerError
from campanile.dialing.reading_on import LedgerReader


async def test_a_reading_that_failed_is_not_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading_on, "EVERY_SECONDS", 0.0)
    went_wrong: Iterator[Exception] = iter(
        [
            OperationalError("SELECT", {}, Exception("the server is gone")),
            LedgerError("the disk is gone"),
        ]
    )
    read = asyncio.Event()

    async def read_on() -> None:
        if error := next(went_wrong, None):
            raise error
        read.set()

    running = asyncio.create_task(LedgerReader(read_on).run())
    async with asyncio.timeout(5):
        await read.wait()
    running.cancel()
