"""What a callee notices of the caller: voice or no voice, and the sound of a question.

There is no recognition of words here. A callee knows that it is asked *again* because
the question sounds the same: the spectrum of its last second is kept beside the answer.
"""

from collections import deque

import numpy as np
import numpy.typing as npt

from campanile.audio.frames import FRAME_SAMPLES, Pcm

AUDIBLE = 256
"""Sample value from which on something can be heard: −42 dBFS."""

Fingerprint = npt.NDArray[np.float32]
"""Log energy of the end of an utterance: shape (frames, bands), zero mean per band."""

_TAIL_FRAMES = 50  # one second
_SHORTEST_FRAMES = 20
_SHIFT_FRAMES = 3
_EDGES = np.array([2, 4, 6, 8, 10, 13, 16, 20, 25, 31, 38, 46, 56, 68])  # FFT bins
_ALIKE = 0.65
"""The same question in other words around it reached 0.77 and more, another 0.48."""


def is_audible(pcm: Pcm) -> bool:
    return bool(pcm.max(initial=0) >= AUDIBLE or pcm.min(initial=0) <= -AUDIBLE)


class Tail:
    """The last second of what was heard of an utterance."""

    def __init__(self) -> None:
        self._frames: deque[Pcm] = deque(maxlen=_TAIL_FRAMES + 2 * _SHIFT_FRAMES)
        self._quiet: list[Pcm] = []

    def add(self, pcm: Pcm, *, audible: bool) -> None:
        """One frame; silence counts only where sound follows it."""
        if not audible:
            if self._frames:
                self._quiet.append(pcm)
            return
        self._frames.extend(self._quiet)
        self._quiet.clear()
        self._frames.append(pcm)

    def clear(self) -> None:
        self._frames.clear()
        self._quiet.clear()

    def fingerprint(self) -> Fingerprint | None:
        """None where too little was heard to know it again."""
        if len(self._frames) < _SHORTEST_FRAMES:
            return None
        frames = np.stack(list(self._frames)).astype(np.float32)
        power = np.abs(np.fft.rfft(frames * np.hanning(FRAME_SAMPLES))) ** 2
        bands = np.add.reduceat(power, _EDGES, axis=1)[:, :-1]
        print_ = np.log10(bands + 1e4)
        centred: Fingerprint = (print_ - print_.mean(axis=0)).astype(np.float32)
        return centred


def alike(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether both are the end of the same sentence, in the same voice."""
    frames = min(len(one), len(other), _TAIL_FRAMES)
    best = max(
        _correlation(_ending(one, frames, shift), _ending(other, frames, -shift))
        for shift in range(-_SHIFT_FRAMES, _SHIFT_FRAMES + 1)
    )
    return best >= _ALIKE


def _ending(print_: Fingerprint, frames: int, shift: int) -> Fingerprint:
    """The last `frames` frames, ending `shift` frames before the end if positive."""
    stop = len(print_) - max(shift, 0)
    return print_[max(0, stop - frames) : stop]


def _correlation(one: Fingerprint, other: Fingerprint) -> float:
    frames = min(len(one), len(other))
    a, b = one[-frames:].ravel(), other[-frames:].ravel()
    scale = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / scale if scale else 0.0
