"""One leg: INVITE, ringing, answer, talk, end; answers with how it ended."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import structlog

from campanile.calls.lifecycle import Ending, advance
from campanile.calls.states import AttemptState
from campanile.clock import now
from campanile.conversation.preparation import Prepared
from campanile.dialing.endings import gateway_lost, refused, unanswered
from campanile.dialing.host import CallHost
from campanile.dialing.plan import Plan
from campanile.dialing.talk import Talk
from campanile.dialing.watchdog import watch
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


class Leg:
    """Made when the claim has committed; `hold` may be awaited once."""

    def __init__(
        self, host: CallHost, plan: Plan, line: Line, speech: Prepared
    ) -> None:
        self._host = host
        self._plan = plan
        self._line = line
        self._talk = Talk(host, plan, line, speech)
        self._rang_out = False
        self._lost = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._writes: asyncio.Task[None] | None = None

    def lose(self) -> None:
        """The lease is gone: not another word."""
        self._lost = True
        self._start(self._line.hang_up(), "hang up, lease lost")

    async def hold(self) -> Ending:
        try:
            # At once: this is the instant that was reserved.
            await self._line.dial(
                destination=self._plan.destination,
                caller_id=self._plan.caller_id,
                call_id=str(self._plan.attempt_id),
            )
            self._talk.warm_up()
            return await self._until_ended()
        except (GatewayError, Invalid) as error:
            return refused(error)
        finally:
            await self._stop_tasks()
            await self._talk.close()

    async def _until_ended(self) -> Ending:
        loop = asyncio.get_running_loop()
        ringing = loop.call_later(self._plan.ring_timeout, self._ring_out)
        ended = Ended(0, "the gateway fell silent", "gateway")
        rang = answered = False
        async for event in self._line.events():
            if isinstance(event, Ringing | EarlyMedia):
                rang = True
                self._record(AttemptState.RINGING, ringing_at=now())
            elif isinstance(event, Answered):
                ringing.cancel()
                answered = True
                self._record(AttemptState.ANSWERED, answered_at=now())
                self._talk.begin()
                self._start(self._watch(), "watchdog")
            elif isinstance(event, Ended):
                ended = event
        ringing.cancel()
        if not answered:
            return unanswered(ended, rang=rang, rang_out=self._rang_out)
        ending = await self._talk.end(ended)
        if ended.by == "gateway" and not self._lost:
            return gateway_lost(ended)
        return ending

    async def _watch(self) -> None:
        await watch(
            self._plan.agent.max_duration_seconds,
            wind_down=self._talk.wind_down,
            hang_up=self._line.hang_up,
        )

    def _ring_out(self) -> None:
        self._rang_out = True
        self._start(self._line.hang_up(), "ring time-out")

    def _record(self, state: AttemptState, **values: Any) -> None:
        """Write a change of state without making the media wait, in order."""
        before = self._writes
        self._writes = self._start(self._write(before, state, values), "row")

    async def _write(
        self, before: asyncio.Task[None] | None, state: AttemptState, values: Any
    ) -> None:
        if before is not None:
            await before
        if not await self._host.rows(advance, self._plan.attempt_id, state, **values):
            log.warning("attempt.not_advanced", state=state)

    def _start(self, work: Awaitable[None], name: str) -> asyncio.Task[None]:
        async def run() -> None:
            await work

        task = asyncio.create_task(run(), name=f"{name} {self._plan.attempt_id}")
        self._tasks.add(task)
        return task

    async def _stop_tasks(self) -> None:
        if self._writes is not None:
            await asyncio.wait([self._writes])
        for task in self._tasks:
            task.cancel()
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(result, Exception):
                log.warning("leg.task_failed", error=repr(result))
