"""The leases of one worker process, renewed in one batch; without one a call ends.

Two ways to be without: the row says that the attempt is no longer ours, and then not
another word may be said; or nobody could be asked for `give_up_after` seconds, and then
the call closes with a sentence, before the one who may still see the row reports it.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Protocol
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from campanile.db import in_short

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0


class Holder(Protocol):
    """Who holds a lease, told once when it is over."""

    def lose(self) -> None:
        """The attempt is no longer ours: not another word."""

    def give_up(self) -> None:
        """It could not be renewed for too long: close, soon."""


class LeaseKeeper:
    """`renew` answers which of the given attempts are still ours. Whatever error the
    database gives, or no answer within `every`, counts as not renewed."""

    def __init__(
        self,
        renew: Callable[[list[UUID]], Awaitable[set[UUID]]],
        *,
        every: float,
        give_up_after: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._renew = renew
        self._every = every
        self._give_up_after = give_up_after
        self._monotonic = monotonic
        self._held: dict[UUID, tuple[Holder, float]] = {}
        self._failed_at = -math.inf

    @contextmanager
    def held(self, attempt_id: UUID, holder: Holder) -> Iterator[None]:
        """Renew this lease while the block lasts."""
        self._held[attempt_id] = (holder, self._monotonic())
        try:
            yield
        finally:
            self._held.pop(attempt_id, None)

    def holds(self, attempt_id: UUID) -> bool:
        return attempt_id in self._held

    def holders(self) -> list[Holder]:
        return [holder for holder, _ in self._held.values()]

    async def run(self) -> None:
        """Renew for ever; cancel to stop."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._renewing(), name="leases.renew")
            both.create_task(self._watching(), name="leases.watch")

    async def renew_once(self) -> bool:
        """Answer whether the rows could be asked."""
        asked, asked_at = list(self._held), self._monotonic()
        try:
            async with asyncio.timeout(self._every):
                kept = await self._renew(asked)
        except (SQLAlchemyError, TimeoutError) as error:
            log.warning(
                "leases.not_renewed",
                calls=len(asked),
                error=in_short(error),
            )
            self._failed_at = self._monotonic()
            return False
        for attempt_id in asked:
            if attempt_id not in self._held:
                continue  # it ended while we asked
            if attempt_id in kept:
                self._held[attempt_id] = (self._held[attempt_id][0], asked_at)
            else:
                log.warning("lease.lost", attempt=str(attempt_id))
                self._held.pop(attempt_id)[0].lose()
        return True

    def drop_overdue(self) -> None:
        """Whoever could not be renewed for too long gives up.

        Only on the word of a renewal that failed just now: a process that stood still
        must ask first, because by then the calls may be somebody else's.
        """
        moment = self._monotonic()
        if moment - self._failed_at > 2 * self._every:
            return
        for attempt_id, (holder, renewed_at) in list(self._held.items()):
            if moment - renewed_at > self._give_up_after:
                log.warning("lease.overdue", attempt=str(attempt_id))
                self._held.pop(attempt_id)
                holder.give_up()

    async def _renewing(self) -> None:
        while True:
            began = self._monotonic()
            await self.renew_once()
            await asyncio.sleep(max(0.0, began + self._every - self._monotonic()))

    async def _watching(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.drop_overdue()
