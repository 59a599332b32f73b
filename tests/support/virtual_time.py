"""An event loop whose clock jumps to the next timer, so that a 30 s call takes an instant.

Nothing waits: when no callback is ready, `loop.time()` is moved to the earliest timer.
A test that would hang (nothing is ready and no timer is set) fails at once instead.
Real sockets and threads have no place on it.
"""

import asyncio
import selectors
from collections.abc import Mapping
from typing import Any


class NothingLeftToWaitFor(RuntimeError):
    """Every task waits for something that can no longer happen."""


class _JumpingSelector(selectors.BaseSelector):
    """Polls the loop's own sockets; instead of sleeping it moves the clock."""

    def __init__(self) -> None:
        self._real = selectors.DefaultSelector()
        self.now = 0.0

    def select(
        self, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0)
        if not ready:
            if timeout is None:
                raise NothingLeftToWaitFor
            self.now += max(timeout, 0.0)
        return ready

    def register(
        self, fileobj: Any, events: int, data: Any = None
    ) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Use it by pytest-asyncio's `pytest_asyncio_loop_factories` hook in a conftest."""

    def __init__(self, start: float = 1000.0) -> None:
        self._jumping = _JumpingSelector()
        self._jumping.now = start
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now
