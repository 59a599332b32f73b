"""What the calls of one worker process share: clock, ears, gateway, providers, leases.

Made on the process's event loop. Database work runs in the host's own few threads, so
that neither the loop nor its default executor (which resolves names) waits for rows.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, Self, TypeVar
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from campanile import egress
from campanile.agents.tools import TIMEOUT_SECONDS
from campanile.calls import lifecycle
from campanile.capacity import slots
from campanile.config import settings
from campanile.db import transaction
from campanile.dialing.accounts import Account, record
from campanile.dialing.leases import LeaseKeeper
from campanile.dialing.ledger import Ledger
from campanile.dialing.orders import Order, Orders, orders_for
from campanile.dialing.outbox import Outbox
from campanile.dialing.plan import Plan
from campanile.dialing.reading_on import LedgerReader
from campanile.dialing.reconcile import read_on
from campanile.dialing.trunk_turn import TrunkTurn
from campanile.media.clock import FrameClock
from campanile.media.vad import SileroBatch
from campanile.providers.pool import Pool
from campanile.telephony.janus import JanusGateway
from campanile.telephony.trunk_account import TrunkAccount

log = structlog.get_logger(__name__)

DATABASE_THREADS = 8
KEEPER_THREADS = 2
FILE_THREADS = 2
LAST_WRITES_SECONDS = 10.0
"""How long the end of the process waits for the last outcomes to reach the rows."""

T = TypeVar("T")


class CallHost:
    """An async context manager; `run_attempt` in attempt.py holds one call with it."""

    def __init__(self, *, slots: int) -> None:
        self.worker_id = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.slots = slots
        self.draining = asyncio.Event()
        self.attempts: set[UUID] = set()
        """every one that has come here and is not over"""
        self.clock = FrameClock()
        self.vad = SileroBatch()
        self.clock.on_cycle(self.vad.run)
        self.providers = Pool()
        self.webhooks = egress.client(timeout=TIMEOUT_SECONDS)
        self.ledger = Ledger(settings().ledger_path)
        self.leases = LeaseKeeper(
            self._renew,
            every=settings().renew_seconds,
            give_up_after=settings().self_hangup_seconds,
        )
        self.orders = Orders(self._look_for_orders)
        self.outbox = Outbox(
            settings().data_dir / "journal",
            self.worker_id.replace(":", "-"),
            self._record,
        )
        self.reader = LedgerReader(
            partial(self.in_thread, partial(read_on, self.ledger))
        )
        self._gateways: dict[UUID, JanusGateway] = {}
        self._turns: dict[UUID, TrunkTurn] = {}
        self._threads = ThreadPoolExecutor(DATABASE_THREADS, "database")
        # Who is to say whether a call may go on must not wait behind those who write.
        self._keepers = ThreadPoolExecutor(KEEPER_THREADS, "keeper")
        self._files = ThreadPoolExecutor(FILE_THREADS, "files")
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await self.leases.renew_once()  # announces us before the first message comes
        await self.outbox.open()
        for name in ("leases", "orders", "outbox", "reader"):
            work = _lasting(name, getattr(self, name).run)
            self._tasks.append(asyncio.create_task(work, name=name))
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.drain()
        for gateway in self._gateways.values():
            await gateway.close()
        await self.outbox.close(within=LAST_WRITES_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(SQLAlchemyError):  # then the lease says it, a little later
            await self.rows(slots.withdraw, self.worker_id)
        await self.providers.close()
        await self.webhooks.aclose()
        self.ledger.close()
        for threads in (self._threads, self._keepers, self._files):
            threads.shutdown()

    async def drain(self) -> None:
        """Take no new calls, and say so at once; those that run go on to their end."""
        self.draining.set()
        await self.leases.renew_once()

    def hang_up(self) -> None:
        """Have every call say goodbye and end."""
        for holder in self.leases.holders():
            holder.give_up()

    async def rows(self, work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run `work(session, …)` in a transaction of its own, off the loop."""
        return await self.in_thread(partial(_in_transaction, work, args, kwargs))

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run something that opens transactions itself, off the loop."""
        return await _run_in(self._threads, work)

    async def off_loop(self, work: Callable[[], T]) -> T:
        """Run something that touches files, off the loop."""
        return await _run_in(self._files, work)

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

    def turn(self, trunk_id: UUID) -> TrunkTurn:
        """To claim a dial of this trunk."""
        return self._turns.setdefault(trunk_id, TrunkTurn())

    async def _renew(self, attempts: Sequence[UUID]) -> set[UUID]:
        work = partial(_in_transaction, self._renew_rows, (attempts,), {})
        return await _run_in(self._keepers, work)

    async def _look_for_orders(self, attempts: Sequence[UUID]) -> dict[UUID, Order]:
        work = partial(_in_transaction, orders_for, (attempts,), {})
        return await _run_in(self._keepers, work)

    async def _record(self, account: Account) -> bool:
        return await self.in_thread(partial(record, account, ledger=self.ledger))

    def _renew_rows(self, session: Session, attempts: Sequence[UUID]) -> set[UUID]:
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


async def _lasting(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """What all calls depend on is begun anew, should a mistake of ours end it."""
    while True:
        try:
            await run()
        except Exception:
            log.exception("host.task_failed", task=name)
            await asyncio.sleep(1.0)


async def _run_in(threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(threads, work)


def _in_transaction(
    work: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> T:
    with transaction() as session:
        return work(session, *args, **kwargs)
