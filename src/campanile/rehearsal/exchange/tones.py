"""The sounds of a telephone network and of its machines."""

import numpy as np

from campanile.audio.frames import SAMPLE_RATE, Pcm

_AMPLITUDE = 8000
_RAMP_SECONDS = 0.005


def tone(hertz: tuple[float, ...], seconds: float) -> Pcm:
    """A chord with soft edges, so that it does not click."""
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    sound = np.sum([np.sin(2 * np.pi * h * at) for h in hertz], axis=0) / len(hertz)
    edge = np.minimum(at, at[::-1]) / _RAMP_SECONDS
    pcm: Pcm = (_AMPLITUDE * sound * np.clip(edge, 0, 1)).astype(np.int16)
    return pcm


def silence(seconds: float) -> Pcm:
    return np.zeros(round(seconds * SAMPLE_RATE), dtype=np.int16)


def ringback(seconds: float, *, british: bool) -> Pcm:
    """What the caller hears while it rings (ITU-T E.180, supplement 2)."""
    if british:
        burst = tone((400, 450), 0.4)
        cadence = np.concatenate([burst, silence(0.2), burst, silence(2.0)])
    else:
        cadence = np.concatenate([tone((440, 480), 2.0), silence(4.0)])
    repeats = int(seconds * SAMPLE_RATE) // len(cadence) + 1
    return np.tile(cadence, repeats)[: round(seconds * SAMPLE_RATE)]


def vacant() -> Pcm:
    """The special information tone of a number that is not in service (E.180)."""
    return _special(0.38, 0.274)


def no_circuit() -> Pcm:
    """The one of a network that has no line left (Telcordia SR-2275, 6.21)."""
    return _special(0.38, 0.38)


def announcement(tones: Pcm) -> Pcm:
    """As a network plays it: when the line is through, and again."""
    return np.tile(np.concatenate([silence(1.0), tones]), 3)


def _special(first: float, second: float) -> Pcm:
    """How long the first two of its three parts are, in seconds, says what is told."""
    return np.concatenate(
        [tone((985.2,), first), tone((1370.6,), second), tone((1776.7,), 0.38)]
    )
