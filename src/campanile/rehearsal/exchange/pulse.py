"""How late the exchange may be in noticing what reached it.

On a machine without a free processor an event loop sees an INVITE some time after it
arrived. A log that tells times to whoever judges a rate has to say how much.
"""

import asyncio
import time
from collections.abc import Callable

BEAT_SECONDS = 0.010


class Pulse:
    """A task that wakes every 10 ms; where it woke late, so did everything else."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._last = self._before = monotonic()

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            self.beat()

    def beat(self) -> None:
        self._before, self._last = self._last, self._monotonic()

    def late(self) -> float:
        """The longest time in seconds that what is seen now may have lain unseen.

        The loop was away since its last beat; and where that beat was just now, it was
        away before it and may have come to the beat first.
        """
        since = self._monotonic() - self._last
        if since < BEAT_SECONDS:
            since += self._last - self._before
        return max(0.0, since - BEAT_SECONDS)
