"""A circuit breaker per provider: it stops *new* calls, never one that is under way.

Pure state; the time is handed in (`time.monotonic()` in production).
"""

from dataclasses import dataclass
from enum import StrEnum


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(slots=True)
class Breaker:
    """Opens after `threshold` failures in a row; one probe per `cool_down` seconds."""

    threshold: int = 5
    cool_down: float = 30.0
    _failures: int = 0
    _shut_until: float | None = None

    def state(self, now: float) -> BreakerState:
        if self._shut_until is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if now < self._shut_until else BreakerState.HALF_OPEN

    def allows(self, now: float) -> bool:
        """May a new call be begun? Half open, the first who asks is the probe."""
        if self.state(now) is BreakerState.HALF_OPEN:
            # Whoever asks next waits for the probe's result, or, should the probe be
            # lost without one, for another cool-down.
            self._shut_until = now + self.cool_down
            return True
        return self._shut_until is None

    def succeeded(self) -> None:
        self._failures = 0
        self._shut_until = None

    def failed(self, now: float) -> None:
        self._failures += 1
        if self._failures >= self.threshold:
            self._shut_until = now + self.cool_down
