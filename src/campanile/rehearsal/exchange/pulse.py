"""How late the exchange may be in noticing what reached it.

On a machine without a free processor an event loop sees an INVITE some time after it
arrived. A log that tells times to whoever judges a rate has to say how much.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from itertools import pairwise

BEAT_SECONDS = 0.010
ROUNDS = 3
"""An INVITE comes while the loop is busy, is read in its next round and handled in the
one after that. Each has one beat at most."""


class Pulse:
    """A task that wakes every 10 ms; where it woke late, so did everything else."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._beats = deque([monotonic()], maxlen=ROUNDS + 1)

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            self.beat()

    def beat(self) -> None:
        self._beats.append(self._monotonic())

    def late(self) -> float:
        """The longest time in seconds that what is seen now may have lain unseen: what
        the last beats and the next one were late."""
        moments = [*self._beats, self._monotonic()]
        gaps = (after - before for before, after in pairwise(moments))
        return sum(max(0.0, gap - BEAT_SECONDS) for gap in gaps)
