"""WAV files of 16-bit PCM, read and written whole."""

import wave
from pathlib import Path

import numpy as np

from campanile.audio.frames import SAMPLE_RATE, Pcm
from campanile.errors import Invalid


def read(path: Path | str) -> tuple[Pcm, int]:
    """The samples, shape (n,) or (n, channels), and the rate. Raises Invalid."""
    try:
        with wave.open(str(path), "rb") as file:
            width, channels = file.getsampwidth(), file.getnchannels()
            rate, data = file.getframerate(), file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise Invalid(f"{path} is not a WAV file that can be read: {error}") from error
    if width != 2:
        raise Invalid(f"{path} has {8 * width} bits per sample; 16 are wanted")
    pcm = np.frombuffer(data, "<i2").astype(np.int16)
    return (pcm if channels == 1 else pcm.reshape(-1, channels)), rate


def write(path: Path | str, pcm: Pcm, rate: int = SAMPLE_RATE) -> None:
    """Write samples of shape (n,), or (n, 2) for left and right."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if pcm.ndim == 1 else pcm.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm.astype("<i2").tobytes())
