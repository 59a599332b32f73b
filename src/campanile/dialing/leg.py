"""One leg: INVITE, ringing, answer, talk, end; answers with how it ended."""

import asyncio
import time
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from campanile.calls.lifecycle import Ending, advance
from campanile.calls.outcomes import Disposition, EndReason
from campanile.calls.states import AttemptState
from campanile.capacity.send_times import LATE_SECONDS, ON_THE_WAY_SECONDS, put_off
from campanile.clock import SteadyClock
from campanile.conversation.preparation import Prepared
from campanile.db import in_short
from campanile.dialing.announcements import Announcements
from campanile.dialing.endings import refused, talked, unanswered
from campanile.dialing.host import CallHost
from campanile.dialing.ledger import LedgerError
from campanile.dialing.orders import Order
from campanile.dialing.plan import Plan
from campanile.dialing.talk import Talk
from campanile.dialing.watchdog import CLOSING_SECONDS, close_within, watch
from campanile.errors import Invalid
from campanile.telephony.line import (
    Answered,
    EarlyMedia,
    Ended,
    GatewayError,
    Line,
    Ringing,
)

log = structlog.get_logger(__name__)

ROW_SECONDS = 1.0
"""How long the end waits for the last change of state to be written: what comes later is
refused by the row, and the end itself says when the call was answered."""
AGAIN_SECONDS = 1.0
"""Until the row is told once more that the call was answered."""


class Leg:
    """Made when the claim has committed; `hold` may be awaited once.

    `lose`, `give_up` and `obey` may be called at any time from then on.
    """

    def __init__(
        self,
        host: CallHost,
        plan: Plan,
        line: Line,
        speech: Prepared,
        clock: SteadyClock,
    ) -> None:
        self._host = host
        self._clock = clock
        self._plan = plan
        self._line = line
        self._talk = Talk(host, plan, line, speech)
        self._early: Announcements | None = None
        self._ringing_at: datetime | None = None
        self._answered_at: datetime | None = None
        self._talking = False
        self._over = False
        self._cancelled: EndReason | None = None
        self._given_up = False
        self._closing = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._writes: asyncio.Task[None] | None = None
        self._no_more_writes = asyncio.Event()

    def lose(self) -> None:
        """The attempt is no longer ours: not another word."""
        if self._talking:
            self._talk.cut()
        self._cancel(EndReason.INFRASTRUCTURE)

    def give_up(self) -> None:
        """Nobody can say any more whether it is ours: say goodbye, and end."""
        self._given_up = True
        self._end_it(EndReason.INFRASTRUCTURE)

    def obey(self, order: Order) -> None:
        """A ringing phone falls silent; a conversation goes on unless told otherwise."""
        if order.hang_up or not self._talking:
            self._end_it(order.end_reason)

    async def hold(self, instant: float) -> Ending:
        """`instant`, by `time.monotonic`, is the trunk's for this INVITE: now."""
        try:
            with self._host.turn(self._plan.trunk_id).unanswered():
                await self._line.dial(
                    destination=self._plan.destination,
                    caller_id=self._plan.caller_id,
                    call_id=str(self._plan.attempt_id),
                )
            late = time.monotonic() - instant - LATE_SECONDS - ON_THE_WAY_SECONDS
            if late > 0:
                self._writes = self._start(self._keep_distance(late), "distance")
            self._talk.warm_up()
            ending = await self._until_ended()
        except (GatewayError, Invalid) as error:
            ending = refused(error)
        finally:
            self._over = True
            self._listen_no_longer()
            await self._stop_tasks()
            await self._talk.close()
        return replace(ending, ringing_at=self._ringing_at)

    async def _until_ended(self) -> Ending:
        loop = asyncio.get_running_loop()
        ringing = loop.call_later(
            self._plan.ring_timeout, self._cancel, EndReason.RING_TIMEOUT
        )
        ended = Ended(0, "the gateway fell silent", "gateway")
        async for event in self._line.events():
            if isinstance(event, Ringing | EarlyMedia):
                self._ring()
                if isinstance(event, EarlyMedia) and self._early is None:
                    self._early = Announcements(
                        self._line.audio,
                        told=partial(self._cancel, EndReason.ANNOUNCEMENT),
                    )
            elif isinstance(event, Answered):
                ringing.cancel()
                self._listen_no_longer()
                self._answer()
            elif isinstance(event, Ended):
                ended = event
        ringing.cancel()
        self._over = True
        if not self._talking:
            rang = self._ringing_at is not None
            announced = self._early.announced if self._early else None
            return unanswered(
                ended, rang=rang, cancelled=self._cancelled, announced=announced
            )
        try:
            ending = await self._talk.end(ended)
        except TimeoutError:
            ending = Ending(
                Disposition.UNKNOWN,
                EndReason.INFRASTRUCTURE,
                error="the conversation did not notice that its leg was over",
            )
        return talked(ending, ended, given_up=self._given_up)

    def _ring(self) -> None:
        if self._ringing_at is None:
            self._ringing_at = self._clock.now()
            self._record(AttemptState.RINGING, ringing_at=self._ringing_at)

    def _listen_no_longer(self) -> None:
        if self._early is not None:
            self._early.close()

    def _answer(self) -> None:
        self._answered_at = self._clock.now()
        self._record(AttemptState.ANSWERED, answered_at=self._answered_at)
        self._start(self._tell_ledger(self._answered_at.timestamp()), "ledger")
        if self._cancelled:  # our CANCEL met the answer on the way; a BYE follows it
            return
        self._talking = True
        self._talk.begin()
        self._start(self._watch(), "watchdog")

    @property
    def answered_at(self) -> datetime | None:
        return self._answered_at

    async def _watch(self) -> None:
        await watch(
            self._plan.agent.max_duration_seconds,
            wind_down=partial(self._talk.wind_down, EndReason.MAX_DURATION),
            hang_up=self._line.hang_up,
        )

    def _end_it(self, reason: EndReason) -> None:
        """With a sentence where there is somebody to say it to."""
        if not self._talking:
            self._cancel(reason)
        elif not self._closing and not self._over:
            self._closing = True
            log.info("leg.closing", reason=reason)
            self._start(self._close(reason), "close")

    async def _close(self, reason: EndReason) -> None:
        await close_within(
            CLOSING_SECONDS,
            wind_down=partial(self._talk.wind_down, reason),
            hang_up=self._line.hang_up,
        )

    def _cancel(self, reason: EndReason) -> None:
        if self._cancelled is None and not self._over:
            self._cancelled = reason
            log.info("leg.cancelled", reason=reason)
            self._start(self._line.hang_up(), "hang up")

    async def _keep_distance(self, late: float) -> None:
        """The gateway has the INVITE only now: those that follow leave later, too."""
        log.warning("attempt.sent_late", ms=round(late * 1000))
        try:
            await self._host.rows(put_off, self._plan.trunk_id, late)
        except SQLAlchemyError as error:
            log.warning("trunk.not_put_off", error=in_short(error))

    def _record(self, state: AttemptState, **values: Any) -> None:
        """Write a change of state without making the media wait, in order."""
        before = self._writes
        self._writes = self._start(self._write(before, state, values), "row")

    async def _write(
        self, before: asyncio.Task[None] | None, state: AttemptState, values: Any
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        # An answer is told until it is known: if this process were lost, a row without
        # one would be taken for a call that nobody took, and the lead rung again.
        while not await self._told(state, values) and state is AttemptState.ANSWERED:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._no_more_writes.wait(), AGAIN_SECONDS)
                return

    async def _told(self, state: AttemptState, values: dict[str, Any]) -> bool:
        """Whether the row has it now, or will not have it: it says something else."""
        try:
            known = await self._host.rows(
                advance, self._plan.attempt_id, state, **values
            )
        except SQLAlchemyError as error:
            log.warning("attempt.state_not_written", state=state, error=in_short(error))
            return False
        if not known:
            log.warning("attempt.not_advanced", state=state)
        return True

    async def _tell_ledger(self, answered_at: float) -> None:
        try:
            await self._host.off_loop(
                partial(
                    self._host.ledger.answered, self._plan.attempt_id, t=answered_at
                )
            )
        except LedgerError as error:
            log.warning("ledger.not_told", error=error.message)

    def _start(self, work: Awaitable[None], name: str) -> asyncio.Task[None]:
        async def run() -> None:
            await work

        task = asyncio.create_task(run(), name=f"{name} {self._plan.attempt_id}")
        self._tasks.add(task)
        return task

    async def _stop_tasks(self) -> None:
        self._no_more_writes.set()
        if self._writes is not None:
            await asyncio.wait([self._writes], timeout=ROW_SECONDS)
        for task in self._tasks:
            task.cancel()
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(result, Exception):
                log.warning("leg.task_failed", error=repr(result))
