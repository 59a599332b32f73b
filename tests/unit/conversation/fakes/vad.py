"""A voice detector that never errs: the callee's fake frames are voice, all else not."""

from collections.abc import Callable

from campanile.audio.frames import Frame

from .line import utterance_of

WINDOW_SAMPLES = 256


class FakeVad:
    """Implements the `listen` of media.vad.SileroBatch."""

    def listen(
        self, subscribe: Callable[[Callable[[Frame], None]], Callable[[], None]]
    ) -> "FakeTrack":
        return FakeTrack(subscribe)


class FakeTrack:
    def __init__(
        self, subscribe: Callable[[Callable[[Frame], None]], Callable[[], None]]
    ) -> None:
        self._callback: Callable[[float, float], None] = lambda probability, at: None
        self._samples = 0
        self._voiced = 0
        self.close = subscribe(self._hear)

    def on_window(self, callback: Callable[[float, float], None]) -> None:
        self._callback = callback

    def _hear(self, frame: Frame) -> None:
        self._samples += len(frame.pcm)
        self._voiced += len(frame.pcm) if utterance_of(frame.pcm) else 0
        if self._samples >= WINDOW_SAMPLES:
            self._callback(0.95 if self._voiced >= 160 else 0.02, frame.at)
            self._samples -= WINDOW_SAMPLES
            self._voiced = 0
