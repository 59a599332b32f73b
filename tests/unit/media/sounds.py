"""Sounds for tests: synthetic tones, and two clips of an espeak-ng voice as a phone
would deliver it (300–3400 Hz, through µ-law)."""

import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from campanile.audio.frames import FRAME_SAMPLES, SAMPLE_RATE, Pcm

CLIPS = Path(__file__).parent / "clips"


def clip(name: str) -> Pcm:
    """`hello` (0.8 s, a short human) or `greeting` (3.5 s, a business)."""
    with wave.open(str(CLIPS / f"{name}.wav")) as file:
        return np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16)


def silence(seconds: float) -> Pcm:
    return np.zeros(round(seconds * SAMPLE_RATE), dtype=np.int16)


def hiss(seconds: float, *, level: float = -60.0, seed: int = 1) -> Pcm:
    """White noise at `level` dBFS."""
    noise = np.random.default_rng(seed).standard_normal(round(seconds * SAMPLE_RATE))
    return (noise * 32767 * 10 ** (level / 20)).astype(np.int16)


def tone(*frequencies: float, seconds: float, level: float = -20.0) -> Pcm:
    """Sines added together; `level` is the root mean square in dBFS."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    wave_ = sum(np.sin(2 * np.pi * f * time) for f in frequencies)
    peak = 32767 * 10 ** (level / 20) * np.sqrt(2 / len(frequencies))
    return np.asarray(peak * wave_).astype(np.int16)


def join(*parts: Pcm) -> Pcm:
    return np.concatenate(parts)


def frames(pcm: Pcm) -> Iterator[Pcm]:
    """`pcm` in pieces of 20 ms; the last is filled up with silence."""
    padded = np.pad(pcm, (0, -len(pcm) % FRAME_SAMPLES))
    yield from padded.reshape(-1, FRAME_SAMPLES)
