"""Which earlier words of the callee the present ones continue. Pure.

"Please don't call" — a pause, in which the turn is taken and the agent perhaps begins —
"me ever again": neither half says it alone. Times are on the loop's clock.
"""

from dataclasses import dataclass

LONGEST_PAUSE = 3.0
"""Seconds between the callee's last voice and the next; after them he begins anew."""
SAME_BREATH = 1.0
"""Seconds of pause, the agent silent, in which a sentence is not thought to have ended."""
AGENT_SAID_SOMETHING = 0.8
"""Seconds of the agent's voice that hold words; what comes then may answer them: "shall
I stop?" - "don't". An agent who is cut off sooner was only talked over."""
TURNS = 3
"""How far is looked back: "take me" - "off" - "your" - "list"."""


@dataclass(frozen=True, slots=True)
class Before:
    """What was said directly before, turn by turn; nothing, if there are no texts."""

    texts: tuple[str, ...] = ()
    same_breath: bool = False
    """The last of them was."""


NOTHING = Before()


class DirectlyBefore:
    """One call's memory of it. Told of sounds as they come and of final words alone."""

    def __init__(self) -> None:
        self._said: tuple[str, ...] = ()
        """Of the turns that are over, as far back as they continue each other."""
        self._said_until = 0.0
        self._before_last = NOTHING
        self._last_until = 0.0
        self._present = ""
        self._began_at: float | None = None
        self._agent_since_voice = 0.0
        self._agent_between = 0.0

    def sound(
        self, seconds: float, *, agent_audible: bool, callee_speaking: bool
    ) -> None:
        """So long a stretch of the line has passed."""
        if callee_speaking:
            self._agent_since_voice = 0.0
        elif agent_audible:
            self._agent_since_voice += seconds

    def voice_began(self, at: float) -> None:
        """As long as no words come of it, it was a cough; then the next one counts."""
        if not self._present:
            self._began_at = at
            self._agent_between += self._agent_since_voice
            self._agent_since_voice = 0.0

    def of(self, text: str, *, at: float) -> Before:
        """What the present turn, of which `text` is known by now, continues."""
        if self._began_at is None:  # the voice detector missed it
            self.voice_began(at)
        self._present = text
        return self._before()

    def of_late(self, text: str) -> Before:
        """As `of`, for the turn that was over before its final words came."""
        self._remember(self._before_last, text, self._last_until)
        return self._before_last

    def turn_over(self, *, ended_at: float) -> None:
        """What follows is a new turn; voice was last heard at `ended_at`."""
        self._before_last, self._last_until = self._before(), ended_at
        if self._present:
            self._remember(self._before_last, self._present, ended_at)
        self._present, self._began_at = "", None

    def _remember(self, before: Before, text: str, until: float) -> None:
        self._said = (*before.texts, text)[-TURNS:]
        self._said_until = until
        self._agent_between = 0.0

    def _before(self) -> Before:
        if self._began_at is None or not self._said:
            return NOTHING
        pause = self._began_at - self._said_until
        if pause > LONGEST_PAUSE or self._agent_between >= AGENT_SAID_SOMETHING:
            return NOTHING
        together = pause <= SAME_BREATH and not self._agent_between
        return Before(self._said, same_breath=together)
