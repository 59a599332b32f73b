"""G.711, the codec of the telephone network: one byte per sample, by table.

The tables are built from ITU-T G.711 (11/1988), tables 1a to 2b; PCM is 16-bit, so the
recommendation's 13 and 14 bit values are scaled up to fill it.
"""

import numpy as np
import numpy.typing as npt

from campanile.audio.frames import Pcm

# Tables are read by `take(…, mode="wrap")`: an index cannot be out of range here, and
# not checking it saves a third of the time.

ULAW_SILENCE = 0xFF
ALAW_SILENCE = 0xD5

_ULAW_BIAS = 132
_ULAW_CLIP = 32635


def encode_ulaw(pcm: Pcm) -> bytes:
    """PCMU: one byte per sample."""
    return _ENCODE_ULAW.take(pcm.view(np.uint16), mode="wrap").tobytes()


def decode_ulaw(data: bytes) -> Pcm:
    """The samples of PCMU bytes, shape (len(data),)."""
    return _DECODE_ULAW.take(np.frombuffer(data, np.uint8), mode="wrap")


def encode_alaw(pcm: Pcm) -> bytes:
    """PCMA: one byte per sample."""
    return _ENCODE_ALAW.take(pcm.view(np.uint16), mode="wrap").tobytes()


def decode_alaw(data: bytes) -> Pcm:
    """The samples of PCMA bytes, shape (len(data),)."""
    return _DECODE_ALAW.take(np.frombuffer(data, np.uint8), mode="wrap")


def _every_sample() -> npt.NDArray[np.int32]:
    """All 65536 samples, in the order of their unsigned bit patterns."""
    return np.arange(1 << 16, dtype=np.uint16).view(np.int16).astype(np.int32)


def _segment(magnitude: npt.NDArray[np.int32], first: int) -> npt.NDArray[np.int32]:
    """Which of the eight chords a magnitude lies in; chord 1 begins at `first`."""
    starts = first << np.arange(7)
    return np.searchsorted(starts, magnitude, side="right").astype(np.int32)


def _build_encode_ulaw() -> npt.NDArray[np.uint8]:
    samples = _every_sample()
    magnitude = np.minimum(np.abs(samples), _ULAW_CLIP) + _ULAW_BIAS
    chord = _segment(magnitude, 256)
    step = (magnitude >> (chord + 3)) & 0x0F
    sign = np.where(samples < 0, 0x80, 0)
    codes: npt.NDArray[np.int32] = ~(sign | chord << 4 | step) & 0xFF
    return codes.astype(np.uint8)


def _build_decode_ulaw() -> Pcm:
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    chord = code >> 4 & 7
    magnitude = ((((code & 0x0F) << 3) + _ULAW_BIAS) << chord) - _ULAW_BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _build_encode_alaw() -> npt.NDArray[np.uint8]:
    samples = _every_sample()
    # One's complement, so that -1 falls in the same step as 0 does on the other side.
    magnitude = np.where(samples < 0, ~samples, samples)
    chord = _segment(magnitude, 256)
    step = (magnitude >> np.maximum(chord + 3, 4)) & 0x0F
    sign = np.where(samples < 0, 0, 0x80)
    codes: npt.NDArray[np.int32] = (sign | chord << 4 | step) ^ 0x55
    return codes.astype(np.uint8)


def _build_decode_alaw() -> Pcm:
    code = np.arange(256, dtype=np.int32) ^ 0x55
    chord = code >> 4 & 7
    step = (code & 0x0F) << 4
    low = step + 8
    high = (step + 264) << np.maximum(chord - 1, 0)
    magnitude = np.where(chord == 0, low, high)
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


_ENCODE_ULAW = _build_encode_ulaw()
_DECODE_ULAW = _build_decode_ulaw()
_ENCODE_ALAW = _build_encode_alaw()
_DECODE_ALAW = _build_decode_alaw()
