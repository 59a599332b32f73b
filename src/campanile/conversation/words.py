"""The callee's words of the present turn, gathered from live transcription. Pure."""

from campanile.providers.protocols import Transcript

LATE_WORDS = 1.5
"""Seconds after a turn was taken within which words without new voice still belong to
it: the final text of an utterance that was answered on its interim text."""
_COVERED = 0.15
"""Seconds of the stream: a final text that reaches this close to the last voice is
complete."""


class CalleeWords:
    def __init__(self) -> None:
        self._final: list[str] = []
        self._interim = ""
        self._asked = False
        self._taken_at: float | None = None
        self._taken: list[str] = []
        self.began_at: float | None = None
        """When the voice of this turn began."""
        self.voiced = False
        """The voice detector heard this turn too."""
        self.arrived_at = 0.0
        """When new words last came."""
        self.final_at: float | None = None
        """When the words became complete."""

    @property
    def text(self) -> str:
        return " ".join([*self._final, self._interim]).strip()

    @property
    def complete(self) -> bool:
        """No more words are to be expected for the voice heard so far."""
        return self.final_at is not None and not self._interim

    def voice_began(self, at: float) -> None:
        self.final_at = None
        self._asked = False
        self._taken_at = None
        self.voiced = True
        if self.began_at is None:
            self.began_at = at

    def voice_ended(self) -> None:
        """The final text of what was said is being asked for (`finalize`)."""
        self._asked = True

    def heard(
        self, transcript: Transcript, *, at: float, voiced_until: float | None
    ) -> str | None:
        """Take one result. `voiced_until`: where in the stream the last voice ended, in
        seconds, or None while it goes on.

        Answers with the whole text of the turn already taken, if this is its late end.
        """
        text = transcript.text.strip()
        if self._taken_at is not None and at - self._taken_at < LATE_WORDS:
            if not (transcript.is_final and text):
                return None
            self._taken.append(text)
            return " ".join(self._taken)
        if text:
            self.arrived_at = at
            if self.began_at is None:
                self.began_at = at
        if not transcript.is_final:
            self._interim = text
            return None
        self._interim = ""
        if text:
            self._final.append(text)
        end = transcript.start + transcript.duration
        covered = (
            bool(text) and voiced_until is not None and end >= voiced_until - _COVERED
        )
        if covered or (transcript.speech_final and (self._asked or text)):
            self.final_at = at
        elif text:
            self.final_at = None
        return None

    def take(self, at: float) -> tuple[str, float | None]:
        """The turn is over: its text and when it began. What follows is a new turn."""
        text, began_at = self.text, self.began_at
        self._taken, self._final = self._final, []
        self._interim = ""
        self.began_at = None
        self.voiced = False
        self.final_at = None
        self._asked = False
        self._taken_at = at
        return text, began_at
