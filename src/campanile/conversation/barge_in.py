"""Whether the callee's voice stops the agent: duck, decide, or let it be a false alarm.

Pure. The measure is the voice within the utterance (`SpeechSegmenter.voiced_seconds`),
so that one long breath after a short word does not count as talking.
"""

from enum import Enum, auto

DUCK_AFTER = 0.15
"""Seconds of voice at which the agent becomes quieter, before anything is decided."""
DUCKED_GAIN = 0.3
OPENING_INTERRUPTION = 1.0
"""The callee's own "Hello?" must not cut the greeting (DESIGN D11)."""
_STARTED_TOGETHER = 0.3
"""Voice may have begun this long before the agent and still be an interruption; what
began earlier is a noisy line, which would otherwise stop every reply at once."""


class Move(Enum):
    DUCK = auto()
    RESTORE = auto()
    INTERRUPT = auto()


class BargeIn:
    """Judges one thing the agent says. `needed`: seconds of voice that stop it."""

    def __init__(self, *, needed: float, agent_began_at: float) -> None:
        self._needed = needed
        self._earliest = agent_began_at - _STARTED_TOGETHER
        self._ducked = False

    def heard(
        self,
        *,
        voiced_since: float | None,
        voiced_seconds: float,
        at_least: float = 0.0,
    ) -> Move | None:
        """Take the state of the callee's voice after one more window.

        `at_least`: seconds needed now, should they be more than at first.
        """
        if voiced_since is None:
            return self._restore()
        if voiced_since < self._earliest:
            return None
        needed = max(self._needed, at_least)
        if voiced_seconds >= needed - 1e-6:
            self._ducked = False
            return Move.INTERRUPT
        # A greeting is not made quieter by every short "Hello?" spoken into it.
        duck_after = max(DUCK_AFTER, needed / 2)
        if not self._ducked and voiced_seconds >= duck_after - 1e-6:
            self._ducked = True
            return Move.DUCK
        return None

    def _restore(self) -> Move | None:
        if not self._ducked:
            return None
        self._ducked = False
        return Move.RESTORE
