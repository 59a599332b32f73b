"""Does to the product what was drawn, when its instant has come, and undoes it."""

import heapq
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from random import Random
from typing import Any

import psutil  # type: ignore[import-untyped]
import psycopg
from dramatiq.errors import DramatiqError
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from chaos.faults import Fault, Kind
from chaos.history import History
from chaos.messages import JOBS, Messages
from chaos.orders import Orders
from chaos.restoring import put_back, take_backup
from chaos.stack import CLOCKED, Stack, clock_file
from chaos.world import World

AWAY = (SQLAlchemyError, RedisError, DramatiqError, psycopg.Error)
"""What is to be expected of servers that are just being killed."""
WAKE_SECONDS = 3.0
TRIES = 60


class Injector:
    """`tend` does what is due; nothing it does may take long, so rows and messages are
    written by a few threads."""

    def __init__(
        self, faults: list[Fault], stack: Stack, world: World, history: History
    ):
        self._stack = stack
        self._processes = stack.processes
        self._history = history
        self._rng = Random(f"targets {world['seed']}")
        self._orders = Orders(world, history, self._rng)
        self._messages = Messages(stack.redis.url(), self._rng)
        self._threads = ThreadPoolExecutor(6, "orders")
        self._number = count()
        self._due: list[tuple[float, int, Callable[[], Any], bool]] = []
        self._faults = deque(faults)
        self._later(WAKE_SECONDS, self._wake)
        self._passed = 0.0
        self._frozen: set[str] = set()
        self._backup: float | None = None

    def tend(self, passed: float, *, progress: float) -> None:
        """`passed` are seconds; `progress` is what the faults' instants are meant in."""
        self._passed = passed
        while self._faults and self._faults[0].at <= progress:
            self._begin(self._faults.popleft())
        while self._due and self._due[0][0] <= passed:
            heapq.heappop(self._due)[2]()

    def undo(self) -> None:
        """Everything runs again; what was paused or stopped is let go."""
        for name in list(self._frozen):
            self._thaw(name)
        clock_file(self._stack.folder).write_text("0")
        while self._due:
            _, _, act, undoes = heapq.heappop(self._due)
            if undoes:
                act()
        self._threads.shutdown()
        self._messages.close()

    def _begin(self, fault: Fault) -> None:
        match fault.kind.split():
            case ["kill", "backend"]:
                self._kill_backend()
            case ["kill", what]:
                self._kill(what, fault)
            case ["stop", "postgres"]:
                self._kill("postgres", fault)
            case ["freeze" | "hold", what]:
                self._freeze(what, fault.seconds)
            case ["clock"]:
                self._step(fault)
            case ["flush", "redis"]:
                self._rows(self._flush)
            case _:
                self._order(fault.kind, fault.seconds)

    # -- processes ----------------------------------------------------------------

    def _kill(self, what: str, fault: Fault) -> None:
        name = self._one(what)
        if name is None:
            return
        self._history.note(
            "kill",
            target=name,
            signal=fault.signal.name,
            until=time.time() + fault.seconds,
        )
        self._frozen.discard(name)
        self._processes.kill(name, fault.signal, down=fault.seconds)

    def _freeze(self, what: str, seconds: float) -> None:
        name = self._one(what)
        if name is None:
            return
        self._frozen.add(name)
        self._processes.freeze(name)
        until = time.time() + seconds
        self._history.note("freeze", target=name, until=until)
        self._after(seconds, lambda: self._thaw(name))

    def _thaw(self, name: str) -> None:
        if name in self._frozen:
            self._frozen.discard(name)
            self._processes.thaw(name)

    def _one(self, what: str) -> str | None:
        """One of these processes that is up and not frozen."""
        fit = [
            name
            for name in self._processes.names(what)
            if name not in self._frozen and self._processes.alive(name)
        ]
        return self._rng.choice(fit) if fit else None

    def _kill_backend(self) -> None:
        """One connection's process; PostgreSQL then restarts all of them."""
        postmaster = self._processes.pid("postgres")
        if "postgres" in self._frozen or postmaster is None:
            return
        children = psutil.Process(postmaster).children()
        backends = [
            c for c in children if "campanile campanile" in " ".join(c.cmdline())
        ]
        if backends:
            self._history.note("kill", target="postgres backend")
            self._rng.choice(backends).kill()

    def _step(self, fault: Fault) -> None:
        until = time.time() + fault.seconds
        self._history.note("clock", target=CLOCKED, step=fault.step, until=until)
        file = clock_file(self._stack.folder)
        file.write_text(str(fault.step))
        self._after(fault.seconds, lambda: file.write_text("0"))

    # -- messages and orders ------------------------------------------------------

    def _flush(self) -> None:
        self._messages.flush()
        self._history.note("flush", target="redis")

    def _order(self, kind: Kind, seconds: float) -> None:
        orders = self._orders
        match kind:
            case "suppress":
                self._rows(orders.suppress)
            case "cps":
                self._rows(orders.change_rate)
            case "cancel":
                self._rows(orders.cancel)
            case "pause":
                self._rows(lambda: self._pause(seconds))
            case "stop":
                self._rows(lambda: self._stop(seconds))
            case "double":
                self._rows(lambda: self._double(seconds))
            case "forge":
                self._rows(self._forge)
            case "backup":
                self._surely(self._back_up)
            case "restore":
                self._surely(self._restore)

    def _pause(self, seconds: float) -> None:
        target = self._orders.pause()
        if target is not None:
            self._after(
                seconds, lambda: self._surely(lambda: self._orders.resume(target))
            )

    def _stop(self, seconds: float) -> None:
        scope, target = self._orders.stop()
        self._after(
            seconds, lambda: self._surely(lambda: self._orders.lift(scope, target))
        )

    def _double(self, seconds: float) -> None:
        """What is on its way now arrives twice more at once, and again later."""
        ids = self._orders.claimed()
        reports = self._orders.unreported()
        self._messages.send(*ids, *ids)
        self._messages.send(*reports, *reports, to=JOBS)
        self._history.note("double", messages=len(ids) + len(reports))
        self._after(
            seconds, lambda: self._rows(lambda: self._messages.send(*ids, age=seconds))
        )

    def _forge(self) -> None:
        ended = self._orders.ended()
        self._messages.forge(self._rng.sample(ended, k=min(3, len(ended))))
        self._history.note("forge")

    def _back_up(self) -> None:
        self._backup = take_backup()
        self._history.note("backup")

    def _restore(self) -> None:
        """Only what was backed up can be put back."""
        if self._backup is not None:
            backup, self._backup = self._backup, None
            asked = time.time()
            put_back()
            self._history.note("restore", target="postgres", backup=backup, asked=asked)
        self._orders.lift_what_came_back()

    def _wake(self) -> None:
        self._rows(self._orders.wake)
        self._later(self._passed + WAKE_SECONDS, self._wake)

    # -- when and where -----------------------------------------------------------

    def _rows(self, work: Callable[[], Any]) -> Future[None]:
        """Off this thread; a server that is away makes it come to nothing."""

        def attempt() -> None:
            with suppress(*AWAY):
                work()

        return self._submit(attempt)

    def _submit(self, work: Callable[[], None]) -> Future[None]:
        def seen(done: Future[None]) -> None:
            # A mistake of ours would otherwise be a fault that never happened.
            if (error := done.exception()) is not None:
                self._history.note("mistake", fault=False, error=repr(error))

        future = self._threads.submit(work)
        future.add_done_callback(seen)
        return future

    def _surely(self, work: Callable[[], Any]) -> Future[None]:
        """Again and again until the servers are back."""

        def attempts() -> None:
            for _ in range(TRIES):
                try:
                    work()
                except AWAY:
                    time.sleep(0.5)
                else:
                    return

        return self._submit(attempts)

    def _after(self, seconds: float, act: Callable[[], Any]) -> None:
        """What undoes something; done at the end of the round at the latest."""
        self._later(self._passed + seconds, act, undoes=True)

    def _later(
        self, at: float, act: Callable[[], Any], *, undoes: bool = False
    ) -> None:
        # From several threads: heapq's push is one step under the interpreter's lock.
        heapq.heappush(self._due, (at, next(self._number), act, undoes))
