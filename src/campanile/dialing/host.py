"""What the calls of one worker process share: clock, ears, gateway, providers, leases.

Made on the process's event loop. Database work runs in the host's own few threads, so
that neither the loop nor its default executor (which resolves names) waits for rows.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any, Self, TypeVar
from uuid import UUID

import structlog

from campanile import egress
from campanile.agents.tools import TIMEOUT_SECONDS
from campanile.calls import lifecycle
from campanile.capacity import slots
from campanile.config import settings
from campanile.db import transaction
from campanile.dialing.leases import LeaseKeeper
from campanile.dialing.ledger import Ledger
from campanile.dialing.plan import Plan
from campanile.media.clock import FrameClock
from campanile.media.vad import SileroBatch
from campanile.providers.pool import Pool
from campanile.telephony.janus import JanusGateway
from campanile.telephony.trunk_account import TrunkAccount

log = structlog.get_logger(__name__)

DATABASE_THREADS = 8

T = TypeVar("T")


class CallHost:
    """An async context manager; `run` in attempt.py holds one call with it."""

    def __init__(self, *, slots: int) -> None:
        self.worker_id = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.slots = slots
        self.draining = asyncio.Event()
        self.clock = FrameClock()
        self.vad = SileroBatch()
        self.clock.on_cycle(self.vad.run)
        self.providers = Pool()
        self.webhooks = egress.client(timeout=TIMEOUT_SECONDS)
        self.ledger = Ledger(settings().data_dir / "ledger" / "dials.ndjson")
        self.leases = LeaseKeeper(
            self._renew,
            every=settings().renew_seconds,
            give_up_after=settings().self_hangup_seconds,
        )
        self._gateways: dict[UUID, JanusGateway] = {}
        self._threads = ThreadPoolExecutor(DATABASE_THREADS, "database")
        self._keeping: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.leases.renew_once()  # announces us before the first message comes
        self._keeping = asyncio.create_task(self.leases.run(), name="leases")
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.draining.set()
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        for gateway in self._gateways.values():
            await gateway.close()
        await self.rows(slots.withdraw, self.worker_id)
        await self.providers.close()
        await self.webhooks.aclose()
        self.ledger.close()
        self._threads.shutdown()

    async def rows(self, work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run `work(session, …)` in a transaction of its own, off the loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._threads, partial(_in_transaction, work, args, kwargs)
        )

    async def off_loop(self, work: Callable[[], T]) -> T:
        """Run something that touches files, off the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def gateway(self, plan: Plan) -> JanusGateway:
        """The gateway as seen by one trunk; one master handle each (DESIGN D9)."""
        if plan.trunk_id not in self._gateways:
            self._gateways[plan.trunk_id] = JanusGateway(
                settings().gateway_url,
                clock=self.clock,
                media_address=settings().media_address,
                trunk=TrunkAccount(
                    address=plan.trunk_address, username=plan.trunk_username
                ),
                renew_seconds=settings().renew_seconds,
            )
        return self._gateways[plan.trunk_id]

    async def _renew(self, attempts: Iterable[UUID]) -> set[UUID]:
        return await self.rows(self._renew_rows, list(attempts))

    def _renew_rows(self, session: Any, attempts: list[UUID]) -> set[UUID]:
        lease = timedelta(seconds=settings().lease_seconds)
        lag = self.clock.lag_p99()
        lagging = lag > settings().lag_limit_seconds
        accepting = not self.draining.is_set() and not lagging
        if lagging:
            log.warning("worker.lagging", lag_ms=round(lag * 1000, 1))
        slots.announce(
            session, self.worker_id, slots=self.slots, accepting=accepting, lease=lease
        )
        return lifecycle.renew(session, self.worker_id, attempts, lease=lease)


def _in_transaction(
    work: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> T:
    with transaction() as session:
        return work(session, *args, **kwargs)
