"""24 kHz PCM as it comes off the wire → the line's 8 kHz, chunk by chunk."""

import numpy as np

from campanile.audio.frames import SAMPLE_RATE, Pcm

_RATE = 24_000
_STEP = _RATE // SAMPLE_RATE
_TAPS = 73
_CUT_OFF = 3_600  # Hz; what lies above 4 kHz would fold back into the voice


def _low_pass() -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    n = np.arange(_TAPS) - (_TAPS - 1) / 2
    taps = np.sinc(2 * _CUT_OFF / _RATE * n) * np.hamming(_TAPS)
    return np.asarray(taps / taps.sum(), dtype=np.float32)


_KERNEL = _low_pass()


class Downsampler:
    """Keeps the filter's memory, and half a sample where a chunk ends inside one."""

    def __init__(self) -> None:
        self._odd = b""
        self._held = np.zeros(_TAPS // 2, dtype=np.float32)

    def feed(self, data: bytes) -> Pcm:
        """Little-endian 16-bit samples at 24 kHz, any number of bytes, to 8 kHz."""
        data = self._odd + data
        whole = len(data) - len(data) % 2
        self._odd = data[whole:]
        return self._filter(np.frombuffer(data[:whole], dtype="<i2"))

    def flush(self) -> Pcm:
        """What the filter still holds back: 1.5 ms."""
        return self._filter(np.zeros(_TAPS // 2, dtype=np.int16))

    def _filter(self, samples: Pcm) -> Pcm:
        held = np.concatenate((self._held, samples.astype(np.float32)))
        if len(held) < _TAPS:
            self._held = held
            return np.zeros(0, dtype=np.int16)
        windows = np.lib.stride_tricks.sliding_window_view(held, _TAPS)[::_STEP]
        self._held = held[len(windows) * _STEP :]
        line: Pcm = np.clip(np.rint(windows @ _KERNEL), -32768, 32767).astype(np.int16)
        return line
