"""Hides lost frames by repeating the last pitch period, ever softer.

After ITU-T G.711 Appendix I, simplified: its period search and its attenuation (none
for 10 ms, silence after 60 ms), without its overlap at each repetition.
"""

import numpy as np
import numpy.typing as npt

from campanile.audio.frames import FRAME_SAMPLES, SILENCE, Pcm

_HIDDEN_FRAMES = 3
_SHORTEST_PERIOD = 40  # samples: 200 Hz
_LONGEST_PERIOD = 120  # 66 Hz
_MATCHED = 160  # samples compared when looking for the period
_MERGED = 40  # samples over which sound that returns is blended in

_RISE = np.linspace(0.0, 1.0, _MERGED, dtype=np.float32)
_GAIN = np.interp(
    np.arange((_HIDDEN_FRAMES + 1) * FRAME_SAMPLES), [0, 80, 480], [1.0, 1.0, 0.0]
).astype(np.float32)


class Concealer:
    """Follows one stream's frames, and makes up those that are missing."""

    def __init__(self) -> None:
        self._history: tuple[Pcm, Pcm, Pcm] = (SILENCE, SILENCE, SILENCE)
        self._period: npt.NDArray[np.float32] | None = None
        # Samples since the last good frame; before the first, nothing is to be hidden.
        self._made_up = _HIDDEN_FRAMES * FRAME_SAMPLES
        self.concealed = 0
        """Frames made up since the beginning, silent ones left out."""

    def good(self, frame: Pcm) -> Pcm:
        """A received frame, blended into what was made up before it."""
        if self._period is not None:
            frame = frame.copy()
            made_up = self._continue(_MERGED)
            frame[:_MERGED] = made_up + (frame[:_MERGED] - made_up) * _RISE
            self._period = None
        self._made_up = 0
        _, older, last = self._history
        self._history = older, last, frame
        return frame

    def splice(self) -> None:
        """Samples are left out here: blend the next good frame in."""
        if self._period is None:
            self._period = self._last_period()

    def lost(self) -> Pcm:
        """A frame in place of a missing one; silence after 60 ms."""
        if self._made_up >= _HIDDEN_FRAMES * FRAME_SAMPLES:
            return SILENCE
        self.splice()
        frame = self._continue(FRAME_SAMPLES).astype(np.int16)
        self._made_up += FRAME_SAMPLES
        self.concealed += 1
        return frame

    def _continue(self, count: int) -> npt.NDArray[np.float32]:
        assert self._period is not None
        at = np.arange(self._made_up, self._made_up + count)
        return self._period[at % len(self._period)] * _GAIN[at]

    def _last_period(self) -> npt.NDArray[np.float32]:
        past = np.concatenate(self._history).astype(np.float32)
        recent = past[-_MATCHED:]
        candidates = np.lib.stride_tricks.sliding_window_view(
            past[-_MATCHED - _LONGEST_PERIOD : -_SHORTEST_PERIOD], _MATCHED
        )
        energy = np.sqrt((candidates * candidates).sum(axis=1)) + 1.0
        best = int(np.argmax((candidates @ recent) / energy))
        return past[-(_LONGEST_PERIOD - best) :]
