"""Whose turn it is to claim a dial of a trunk: one at a time, in one process.

A gateway that stands still keeps what it is sent, and lets all of it go when it runs on.
So nobody claims while it owes an answer to an INVITE.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE_SECONDS = 0.1
"""An INVITE that is unanswered so long makes the next ones wait. Answers come within some
5 ms; the gateway's client gives one up after 5 s."""


class TrunkTurn:
    """On one event loop."""

    def __init__(self) -> None:
        self.claiming = asyncio.Lock()
        self._unanswered: dict[asyncio.Future[None], float] = {}

    @contextmanager
    def unanswered(self) -> Iterator[None]:
        """Around the sending of an INVITE, until the gateway has taken it."""
        answer = asyncio.get_running_loop().create_future()
        self._unanswered[answer] = time.monotonic()
        try:
            yield
        finally:
            del self._unanswered[answer]
            answer.set_result(None)

    async def gateway_answers(self) -> None:
        """Wait for the answers that have been due for long."""
        while overdue := self._overdue():
            await asyncio.wait(overdue)

    def _overdue(self) -> list[asyncio.Future[None]]:
        sent_before = time.monotonic() - PATIENCE_SECONDS
        return [wait for wait, sent in self._unanswered.items() if sent < sent_before]
