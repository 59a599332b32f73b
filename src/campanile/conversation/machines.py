"""The answering-machine detector on one call: its wiring, and whom we are waiting for."""

from collections.abc import Callable
from dataclasses import dataclass

from campanile.audio.frames import Frame
from campanile.calls.outcomes import AnsweredBy, Disposition, EndReason
from campanile.conversation.outcome import End
from campanile.conversation.voicemail import (
    MAILBOX_PATIENCE,
    MUSIC_PATIENCE,
    SCREENER_PATIENCE,
)
from campanile.media.machine import Event, MachineDetector, Verdict
from campanile.media.phrases import Cue, phrases
from campanile.media.tones import ToneTracker
from campanile.media.turns import SpeechEnded, SpeechStarted


class MachineWatch:
    """Feeds the detector with the call; `take` gives what it has concluded since."""

    def __init__(
        self, *, answered_at: float, language: str, wake: Callable[[], None]
    ) -> None:
        self._detector = MachineDetector(answered_at=answered_at, language=language)
        self._phrases = phrases(language)
        self._tones = ToneTracker()
        self._agent_audible = False
        self._events: list[Event] = []
        self._wake = wake
        self.over = False
        """A person answered, for certain: frames tell nothing more."""

    @property
    def verdict(self) -> Verdict | None:
        return self._detector.verdict

    @property
    def suspicious(self) -> bool:
        """It leans towards a machine without having decided."""
        return self._detector.suspicious

    @property
    def human(self) -> bool:
        """Nothing speaks for a machine."""
        return self.verdict is None or self.verdict.answered_by == "human"

    def frame(self, frame: Frame, voice: float, *, agent_audible: bool) -> None:
        """Every 20 ms of the callee until it is `over`, with the latest probability of
        speech."""
        tones = self._tones.feed(frame.pcm, at=frame.at, voice=voice)
        for tone in tones:
            self._keep(self._detector.tone(tone))
        if agent_audible != self._agent_audible:
            self._agent_audible = agent_audible
            self._keep(self._detector.agent(agent_audible, at=frame.at))
        self._keep(
            self._detector.advance(
                frame.at, tone_sounding=self._tones.sounding, loud=self._tones.loud
            )
        )

    def speech(self, change: SpeechStarted | SpeechEnded) -> None:
        self._keep(self._detector.speech(change))

    def words(self, text: str, *, at: float) -> None:
        """A final text of the callee."""
        self._keep(self._detector.heard(text, at=at))

    def is_screeners(self, text: str) -> bool:
        """Whether a turn was said by a screener rather than by whom it puts through."""
        found = self._phrases.find(text)
        return found is not None and found[0] is Cue.SCREENER

    def take(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def _keep(self, events: list[Event]) -> None:
        if events:
            self._events += events
            verdict = self._detector.verdict
            self.over = (
                verdict is not None
                and verdict.answered_by == "human"
                and not verdict.provisional
            )
            self._wake()


@dataclass(frozen=True, slots=True)
class Patience:
    """Waiting for a machine to do something; at `until` (loop time) it is over."""

    until: float
    end: End
    person_may_come: bool
    """Words that are not the machine's own mean that somebody is on the line now."""


def for_mailbox(now: float) -> Patience:
    end = End(EndReason.VOICEMAIL, Disposition.VOICEMAIL)
    return Patience(now + MAILBOX_PATIENCE, end, person_may_come=False)


def for_screener(now: float) -> Patience:
    end = End(AnsweredBy.SCREENER, Disposition.SCREENED)
    return Patience(now + SCREENER_PATIENCE, end, person_may_come=True)


def for_music(now: float) -> Patience:
    end = End(AnsweredBy.MUSIC, Disposition.MUSIC)
    return Patience(now + MUSIC_PATIENCE, end, person_may_come=True)
