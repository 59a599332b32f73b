"""The leases of one worker process, renewed in one batch; a lost one ends its call.

A call whose lease was not renewed for `self_hangup_seconds` hangs up by itself: by then
the sweep may have closed it, and a worker that lost its lease speaks no further word.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog
from sqlalchemy.exc import OperationalError

log = structlog.get_logger(__name__)


class LeaseKeeper:
    """`renew` answers which of the given attempts are still ours; it may raise
    OperationalError, which counts as not renewed."""

    def __init__(
        self,
        renew: Callable[[list[UUID]], Awaitable[set[UUID]]],
        *,
        every: float,
        give_up_after: float,
    ) -> None:
        self._renew = renew
        self._every = every
        self._give_up_after = give_up_after
        self._held: dict[UUID, tuple[Callable[[], None], float]] = {}

    def hold(self, attempt_id: UUID, lost: Callable[[], None]) -> None:
        """Renew this lease from now on; call `lost` once if that fails."""
        self._held[attempt_id] = (lost, time.monotonic())

    def let_go(self, attempt_id: UUID) -> None:
        self._held.pop(attempt_id, None)

    @property
    def held(self) -> int:
        return len(self._held)

    async def run(self) -> None:
        """Renew for ever; cancel to stop."""
        while True:
            await self.renew_once()
            await asyncio.sleep(self._every)

    async def renew_once(self) -> None:
        asked = list(self._held)
        try:
            kept = await self._renew(asked)
        except OperationalError as error:
            log.warning("leases.not_renewed", calls=len(asked), error=str(error.orig))
            self._drop_overdue()
            return
        moment = time.monotonic()
        for attempt_id in asked:
            if attempt_id not in self._held:
                continue  # it ended while we asked
            lost, _ = self._held[attempt_id]
            if attempt_id in kept:
                self._held[attempt_id] = (lost, moment)
            else:
                self._lose(attempt_id)

    def _drop_overdue(self) -> None:
        limit = time.monotonic() - self._give_up_after
        for attempt_id, (_, renewed) in list(self._held.items()):
            if renewed < limit:
                self._lose(attempt_id)

    def _lose(self, attempt_id: UUID) -> None:
        lost, _ = self._held.pop(attempt_id)
        log.warning("lease.lost", attempt=str(attempt_id))
        lost()
