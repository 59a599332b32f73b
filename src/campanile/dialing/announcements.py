"""What the network says before anybody answers.

A special information tone tells that there is no such number, or no circuit to it. The
status that follows often tells less: 480, or nothing until we give up (DESIGN.md 7).
"""

from collections.abc import Callable

from campanile.audio.frames import Frame
from campanile.media.tones import ToneKind, ToneTracker
from campanile.telephony.causes import Cause
from campanile.telephony.line import AudioPort

MEANS = {
    ToneKind.SIT_VACANT: Cause.INVALID_NUMBER,
    ToneKind.SIT_NO_CIRCUIT: Cause.CONGESTION,
}
"""An intercept (a changed number, a barred one) may mean anything: it is not acted on."""


class Announcements:
    """Listens from its making until `close`; calls `told` at the first that says what
    becomes of the call."""

    def __init__(self, audio: AudioPort, *, told: Callable[[], None]) -> None:
        self.announced: Cause | None = None
        self._told = told
        self._tones = ToneTracker()
        self._leave = audio.subscribe(self._hear)

    def close(self) -> None:
        """May be called twice."""
        self._leave()

    def _hear(self, frame: Frame) -> None:
        for tone in self._tones.feed(frame.pcm, at=frame.at):
            if self.announced is None and tone.kind in MEANS:
                self.announced = MEANS[tone.kind]
                self._told()
