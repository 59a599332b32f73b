"""Resampling by a polyphase windowed-sinc filter (Smith, “Digital Audio Resampling”).

Speech engines give 16, 22.05, 24 or 48 kHz; everything inside campanile is 8 kHz.
"""

from functools import lru_cache
from math import ceil, gcd

import numpy as np
import numpy.typing as npt

from campanile.audio.frames import Pcm

_ZERO_CROSSINGS = 16  # to each side: the stop band lies 70 dB down
_PASS_BAND = 0.94
_KAISER_BETA = 7.0
_FEW_PHASES = 6  # 24 or 16 kHz to 8 kHz has one, 8 to 24 kHz three
_OUTPUTS_AT_ONCE = 4096  # bounds the scratch memory


def resample(pcm: Pcm, from_rate: int, to_rate: int) -> Pcm:
    """`pcm` at another rate; lasts the same time, to one sample."""
    if from_rate == to_rate:
        return pcm
    resampler = Resampler(from_rate, to_rate)
    return np.concatenate((resampler.feed(pcm), resampler.flush()))


class Resampler:
    """Resamples a stream chunk by chunk, without a seam between the chunks."""

    def __init__(self, from_rate: int, to_rate: int):
        divisor = gcd(from_rate, to_rate)
        self._up, self._down = to_rate // divisor, from_rate // divisor
        self._filter = _filter_bank(self._up, self._down)
        self._half = self._filter.shape[1] // 2
        # Zeros before the first sample let the first output stand at its place.
        self._pending: npt.NDArray[np.float32] = np.zeros(self._half, dtype=np.float32)
        self._begin = -self._half  # input position of the first pending sample
        self._output = 0  # outputs given
        self._input = 0  # inputs taken

    def feed(self, pcm: Pcm) -> Pcm:
        """The output that `pcm` completes; it trails the input by some 2 ms."""
        self._input += len(pcm)
        return self._push(pcm.astype(np.float32))

    def flush(self) -> Pcm:
        """The rest of the output. Nothing may be fed afterwards."""
        rest = self._push(np.zeros(2 * self._half + 2, dtype=np.float32))
        total = ceil(self._input * self._up / self._down)
        return rest[: len(rest) - max(0, self._output - total)]

    def _push(self, samples: npt.NDArray[np.float32]) -> Pcm:
        self._pending = np.concatenate((self._pending, samples))
        available = self._begin + len(self._pending)
        # Output n wants inputs up to n * down / up + half.
        last = ((available - self._half) * self._up - 1) // self._down
        pieces = [
            self._outputs(start, min(start + _OUTPUTS_AT_ONCE, last + 1))
            for start in range(self._output, last + 1, _OUTPUTS_AT_ONCE)
        ]
        self._output = max(self._output, last + 1)
        spent = self._output * self._down // self._up - self._half + 1 - self._begin
        spent = min(max(spent, 0), len(self._pending))
        self._pending = self._pending[spent:]
        self._begin += spent
        return np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.int16)

    def _outputs(self, start: int, stop: int) -> Pcm:
        windows = np.lib.stride_tricks.sliding_window_view(
            self._pending, self._filter.shape[1]
        )
        sound = np.empty(stop - start, dtype=np.float32)
        if self._up <= _FEW_PHASES:
            # One strided view per phase: seventeen times as fast as gathering.
            for at in range(min(self._up, stop - start)):
                position, phase = divmod((start + at) * self._down, self._up)
                first = position - self._half + 1 - self._begin
                count = len(range(at, stop - start, self._up))
                sound[at :: self._up] = np.einsum(
                    "ij,j->i", windows[first :: self._down][:count], self._filter[phase]
                )
        else:
            positions, phases = np.divmod(
                np.arange(start, stop, dtype=np.int64) * self._down, self._up
            )
            firsts = positions - self._half + 1 - self._begin
            np.einsum("ij,ij->i", windows[firsts], self._filter[phases], out=sound)
        pcm: Pcm = np.clip(np.rint(sound), -32768, 32767).astype(np.int16)
        return pcm


@lru_cache(maxsize=16)
def _filter_bank(up: int, down: int) -> npt.NDArray[np.float32]:
    """For each of the `up` phases the weights of the inputs around it."""
    cutoff = _PASS_BAND * min(1.0, up / down)
    half = ceil(_ZERO_CROSSINGS / cutoff)
    offsets = np.arange(-half + 1, half + 1)[None, :] - (np.arange(up) / up)[:, None]
    window = np.i0(
        _KAISER_BETA * np.sqrt(np.clip(1 - (offsets / half) ** 2, 0, None))
    ) / np.i0(_KAISER_BETA)
    bank = cutoff * np.sinc(cutoff * offsets) * window
    bank /= bank.sum(axis=1, keepdims=True)
    weights: npt.NDArray[np.float32] = bank.astype(np.float32)
    return weights
