"""When the agent begins to speak on an outbound call (DESIGN D11). Pure.

`auto`: soon after the callee's first utterance, or into a silence that has lasted long
enough. Whoever talks for long before we said anything is likely a recorded greeting:
then the pauses within it must not be mistaken for its end.
"""

from dataclasses import dataclass
from typing import Literal

SILENCE_BEFORE_BEGINNING = 1.2
"""Seconds after answer without a word."""
PAUSE_AFTER_HELLO = 0.35
"""Seconds since the last voice of a short first utterance: longer than the breath in
"Hello, who is there?", and less than 0.6 with the detector's tail and the network."""
SHORT_UTTERANCE = 1.5
"""Seconds: "Hello?", "Jansen speaking"."""
PAUSE_AFTER_MEDIUM_UTTERANCE = 0.5
"""Long enough for the words to be known: "you have reached the voicemail of"."""
LONG_UTTERANCE = 3.0
"""Seconds; nearly every person who answers a telephone is shorter."""
PAUSE_AFTER_LONG_UTTERANCE = 1.2
LONGEST_HOLD = 8.0
"""Seconds of silence for which a suspicion of a machine may keep the agent quiet."""
LONGEST_LISTENING = 15.0
"""Seconds of voice after which it is a noisy line, and we begin regardless."""
LONGEST_GREETING = 40.0
"""The same where it may be a mailbox's greeting."""
CALLEE_NEVER_BEGAN = 7.0
"""Seconds that an agent told to wait for the callee does wait."""


@dataclass(frozen=True, slots=True)
class FirstVoice:
    """What has been heard of the callee so far; times on the loop's clock."""

    speaking: bool
    began_at: float | None
    """When the first utterance began; None while nothing was said."""
    last_voiced_at: float | None


def begin_at(
    first_speaker: Literal["auto", "agent", "callee"],
    *,
    answered_at: float,
    voice: FirstVoice,
    suspicious: bool,
) -> float | None:
    """The instant to begin at, or None while that is open.

    `suspicious`: the machine detector leans towards a machine but has not decided.
    """
    if first_speaker == "agent":
        return answered_at
    if voice.speaking:
        longest = LONGEST_GREETING if suspicious else LONGEST_LISTENING
        return None if voice.began_at is None else voice.began_at + longest
    if voice.began_at is None or voice.last_voiced_at is None:
        wait = (
            SILENCE_BEFORE_BEGINNING if first_speaker == "auto" else CALLEE_NEVER_BEGAN
        )
        return answered_at + wait
    return voice.last_voiced_at + _pause(
        voice.last_voiced_at - voice.began_at, suspicious=suspicious
    )


def _pause(lasted: float, *, suspicious: bool) -> float:
    """Seconds after a first utterance that lasted so long."""
    if suspicious:
        return LONGEST_HOLD
    if lasted < SHORT_UTTERANCE:
        return PAUSE_AFTER_HELLO
    if lasted < LONG_UTTERANCE:
        return PAUSE_AFTER_MEDIUM_UTTERANCE
    return PAUSE_AFTER_LONG_UTTERANCE
