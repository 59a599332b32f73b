"""The process's shared media clock: every leg is ticked once per 20 ms.

One timer serves all legs. They share up to four phases 5 ms apart, so that a hundred
legs neither wake the loop a hundred times per frame nor send in one burst. After a stall the
clock skips what it missed; it never catches up by bursting (DESIGN D8).
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from math import ceil
from typing import NamedTuple, Protocol

from campanile.audio.frames import FRAME_SECONDS

PHASES = 4
PHASE_SECONDS = FRAME_SECONDS / PHASES
_SHARED_BY = 10
"""Legs that share a phase before the next one is begun: waking costs more than they do."""
_LAG_SECONDS = 10.0
_ROUNDING_SECONDS = 0.0005  # uvloop counts delays in whole milliseconds


class Leg(Protocol):
    def tick(self, now: float) -> None:
        """Take and give one frame. `now` is the `time.monotonic()` that was due.

        Due instants of one leg lie a whole number of frames apart, so that a leg can
        count exactly what a stall made it miss.
        """


class _Place(NamedTuple):
    """What is called for one leg, in this order, each for all legs of its phase."""

    before: Callable[[], None]
    tick: Callable[[float], None]
    after: Callable[[], None]
    failed: Callable[[], None]
    """Instead of all of them, once any of them raised."""


def _nothing() -> None:
    pass


class FrameClock:
    """Ticks legs; runs only while it has some. Belongs to one event loop."""

    def __init__(self) -> None:
        self._phases: list[dict[Leg, _Place]] = [{} for _ in range(PHASES)]
        self._cycle_sinks: list[Callable[[], None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._start = 0.0
        self._slot = 0
        self._lags: deque[tuple[float, float]] = deque()  # when it was due, how late

    def add(
        self,
        leg: Leg,
        *,
        before: Callable[[], None] = _nothing,
        after: Callable[[], None] = _nothing,
        failed: Callable[[], None] = _nothing,
    ) -> None:
        """Tick `leg` from now on, until it is removed or has `failed`.

        `before` and `after` are for its sockets: they are called before, or after, any
        leg of the phase is ticked. System calls leave the processor's caches cold, and
        kept together they cost a hundred legs a third less.
        """
        begun = [phase for phase in self._phases if 0 < len(phase) < _SHARED_BY]
        phase = begun[0] if begun else min(self._phases, key=len)
        phase[leg] = _Place(before, leg.tick, after, failed)
        if self._timer is None:
            self._lags.clear()
            self._start = time.monotonic()
            self._slot = self._phases.index(phase)
            self._arm()

    def remove(self, leg: Leg) -> None:
        """Tick `leg` no more; nothing happens if it was not being ticked."""
        for phase in self._phases:
            phase.pop(leg, None)
        if self._timer is not None and not any(self._phases):
            self._timer.cancel()
            self._timer = None

    def on_cycle(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` once per 20 ms after all legs; the result unsubscribes."""
        self._cycle_sinks.append(callback)
        return lambda: self._cycle_sinks.remove(callback)

    def lag_p99(self) -> float:
        """Seconds that ticks came late over the last ten; 0 when nothing runs."""
        if self._timer is None or not self._lags:
            return 0.0
        lags = sorted(lag for _, lag in self._lags)
        return lags[ceil(0.99 * len(lags)) - 1]

    def _arm(self) -> None:
        due = self._start + self._slot * PHASE_SECONDS
        delay = max(0.0, due - time.monotonic())
        self._timer = asyncio.get_running_loop().call_later(delay, self._fire)

    def _fire(self) -> None:
        due = self._start + self._slot * PHASE_SECONDS
        lag = time.monotonic() - due
        if lag < -_ROUNDING_SECONDS:
            self._arm()
            return
        self._note(due, lag)
        missed = int(lag / FRAME_SECONDS)
        if missed > 0:
            self._slot += missed * PHASES
            due += missed * FRAME_SECONDS
        slot, self._slot = self._slot, self._next_slot()
        self._arm()  # before the legs, so that none of them can stop the clock
        self._run(slot % PHASES, due)
        if self._slot // PHASES > slot // PHASES:
            for sink in tuple(self._cycle_sinks):
                sink()

    def _next_slot(self) -> int:
        """The next one that has legs to tick; without any the next one at all."""
        following = range(self._slot + 1, self._slot + PHASES + 1)
        return next(
            (slot for slot in following if self._phases[slot % PHASES]), following[0]
        )

    def _note(self, due: float, lag: float) -> None:
        self._lags.append((due, max(0.0, lag)))
        while self._lags[0][0] < due - _LAG_SECONDS:
            self._lags.popleft()

    def _run(self, phase: int, due: float) -> None:
        places = tuple(self._phases[phase].items())
        self._call([(leg, place.before) for leg, place in places])
        self._call([(leg, place.tick) for leg, place in places], due)
        self._call([(leg, place.after) for leg, place in places])

    def _call(
        self, calls: list[tuple[Leg, Callable[..., None]]], *arguments: float
    ) -> None:
        for leg, call in calls:
            try:
                call(*arguments)
            except Exception as error:  # noqa: BLE001 - one call's must not mute the rest
                self._fail(leg, error)

    def _fail(self, leg: Leg, error: Exception) -> None:
        place = next((p[leg] for p in self._phases if leg in p), None)
        self.remove(leg)
        loop = asyncio.get_running_loop()
        loop.call_exception_handler({"message": "media.leg_failed", "exception": error})
        if place is not None:
            loop.call_soon(place.failed)
