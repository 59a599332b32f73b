"""The event loop of the call worker, and the host of its calls, tied to Dramatiq's life.

One loop per process, one coroutine per call. Differences from Dramatiq's own AsyncIO
middleware: uvloop; a parked thread looks for interrupts once a second instead of ten
times (3.4 % of a core for 100 calls, backend.md 2); and on shutdown calls are asked to
end instead of being cancelled, because a cancelled one gets a second to clean up.
"""

import asyncio
from uuid import UUID

import structlog
import uvloop
from dramatiq import Broker, Worker
from dramatiq.asyncio import EventLoopThread, set_event_loop_thread
from dramatiq.logging import get_logger
from dramatiq.middleware import Middleware

from campanile.conversation import opt_out
from campanile.dialing.attempt import run_attempt
from campanile.dialing.host import CallHost

log = structlog.get_logger(__name__)

START_SECONDS = 10.0
STOP_SECONDS = 10.0
INTERRUPT_CHECK_SECONDS = 1.0


class Host:
    """Holds the calls of this process."""

    def __init__(self, calls: CallHost) -> None:
        self.calls = calls

    async def run(self, attempt_id: UUID) -> None:
        try:
            await run_attempt(self.calls, attempt_id)
        except (
            Exception
        ):  # the process edge: the row's lease tells the rest of the story
            log.exception("attempt.crashed", attempt=str(attempt_id))


_hosts: list[Host] = []
"""The one host of this process, while its worker runs; only the call worker has one."""


def host() -> Host:
    return _hosts[0]


class CallLoop(Middleware):
    """Starts loop and host before the worker takes messages, ends them after it."""

    def __init__(self, *, slots: int) -> None:
        self._slots = slots
        self._thread: EventLoopThread | None = None
        self._calls: CallHost | None = None

    def before_worker_boot(self, broker: Broker, worker: Worker) -> None:
        opt_out.warm_up()
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
        thread = EventLoopThread(
            get_logger(__name__, CallLoop), INTERRUPT_CHECK_SECONDS
        )
        thread.start(timeout=START_SECONDS)
        set_event_loop_thread(thread)
        self._thread = thread
        self._calls = thread.run_coroutine(self._open())
        _hosts.append(Host(self._calls))

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        """Take no new calls; those running say what they have to say."""
        if self._thread is not None and self._calls is not None:
            # Not waited for: the threads that take messages are to stop at once.
            asyncio.run_coroutine_threadsafe(self._calls.drain(), self._thread.loop)

    def hang_up(self) -> None:
        """Have every call say goodbye and end now. From any thread."""
        if self._thread is not None and self._calls is not None:
            self._thread.loop.call_soon_threadsafe(self._calls.hang_up)

    def after_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        if self._thread is None or self._calls is None:
            return
        _hosts.clear()
        self._thread.run_coroutine(self._calls.__aexit__())
        self._thread.stop()
        set_event_loop_thread(None)

    async def _open(self) -> CallHost:
        return await CallHost(slots=self._slots).__aenter__()
