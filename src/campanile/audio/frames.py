"""The audio that media, providers and telephony exchange.

Inside campanile audio is mono, 8 kHz, 16-bit signed linear PCM in numpy arrays; the
wire's G.711 is decoded on arrival and encoded on departure (RFC 3551, section 4.5.14).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 8000
"""Samples per second."""
FRAME_SECONDS = 0.02
FRAME_SAMPLES = 160
"""Samples in one 20 ms frame."""

Pcm = npt.NDArray[np.int16]
"""Mono samples at 8 kHz, shape (n,), int16."""

SILENCE: Pcm = np.zeros(FRAME_SAMPLES, dtype=np.int16)
SILENCE.setflags(write=False)


class Frame(NamedTuple):
    """Twenty milliseconds of what the far end said."""

    pcm: Pcm
    """Shape (160,)."""
    at: float
    """`time.monotonic()` of the clock tick that played it out of the jitter buffer."""
    heard: bool = True
    """False where the jitter buffer concealed loss or nothing has arrived."""


def seconds(pcm: Pcm) -> float:
    """How long `pcm` lasts."""
    return len(pcm) / SAMPLE_RATE
