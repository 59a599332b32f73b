"""Where utterances begin and end in a stream, by loudness. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from campanile.audio.frames import Pcm
from campanile.audio.g711 import decode_alaw, decode_ulaw

Coding = Literal["mulaw", "alaw", "linear16"]

_FRAME_SECONDS = 0.02
_LOUD = 180.0
"""RMS of a frame that belongs to an utterance: −45 dBFS."""
_LEAD_SECONDS = 0.1
"""Kept from before the first loud frame: an unvoiced consonant is quiet."""
_ONSET_SECONDS = 0.06
"""Of loud frames; less than that is a click."""
_PAUSE_SECONDS = 0.12
"""Silence after which an utterance may be over: what it says so far is an interim."""
_LONGEST_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    at: float
    """Seconds from the beginning of the stream, like all times here."""


@dataclass(frozen=True, slots=True)
class Utterance:
    kind: Literal["interim", "ended", "flushed"]
    pcm: Pcm
    start: float
    duration: float


@dataclass(frozen=True, slots=True)
class UtteranceEnd:
    last_word_end: float


Event = SpeechStarted | Utterance | UtteranceEnd


class Segmenter:
    """Cuts one stream of audio in `coding` at `rate`.

    `endpointing`: seconds of silence that end an utterance; `utterance_end`: seconds
    after which that is told once more, None for not at all.
    """

    def __init__(
        self,
        coding: Coding,
        rate: int,
        *,
        endpointing: float,
        utterance_end: float | None = None,
    ):
        self._coding: Coding = coding
        self._rate = rate
        self._frame_samples = round(rate * _FRAME_SECONDS)
        self._endpointing = _frames(endpointing)
        self._utterance_end = None if utterance_end is None else _frames(utterance_end)
        self._rest: Pcm = np.zeros(0, dtype=np.int16)
        self._torn = b""
        self._frames: list[Pcm] = []
        self._loud = 0
        self._quiet = 0
        self._voiced_until: float | None = None
        self._taken = 0

    @property
    def position(self) -> float:
        """Seconds of the stream that were taken in."""
        return self._taken * _FRAME_SECONDS

    def feed(self, audio: bytes) -> list[Event]:
        """Any length of the stream, in order."""
        samples = np.concatenate([self._rest, self._decode(audio)])
        whole = len(samples) // self._frame_samples * self._frame_samples
        self._rest = samples[whole:]
        frames = samples[:whole].reshape(-1, self._frame_samples)
        return [event for frame in frames for event in self._take(frame)]

    def flush(self) -> Utterance | None:
        """End the utterance here, if there is one."""
        return self._cut("flushed") if self._speaking else None

    @property
    def _speaking(self) -> bool:
        return self._loud >= _frames(_ONSET_SECONDS)

    def _take(self, frame: Pcm) -> Iterator[Event]:
        self._taken += 1
        self._frames.append(frame)
        loud = float(np.sqrt(np.mean(np.square(frame, dtype=np.float64)))) > _LOUD
        if not self._speaking:
            self._loud = self._loud + 1 if loud else 0
            if self._speaking:
                self._quiet = 0
                yield SpeechStarted(self._start)
            else:
                del self._frames[: -self._loud - _frames(_LEAD_SECONDS)]
                yield from self._remind()
            return
        self._quiet = 0 if loud else self._quiet + 1
        too_long = len(self._frames) >= _frames(_LONGEST_SECONDS)
        if self._quiet >= self._endpointing or too_long:
            yield self._cut("ended")
        elif self._quiet == _frames(_PAUSE_SECONDS):
            yield self._utterance("interim")

    def _remind(self) -> Iterator[Event]:
        """The vendor's UtteranceEnd: a longer silence, told apart from endpointing."""
        if self._utterance_end is None or self._voiced_until is None:
            return
        if self.position - self._voiced_until >= self._utterance_end * _FRAME_SECONDS:
            yield UtteranceEnd(self._voiced_until)
            self._voiced_until = None

    def _cut(self, kind: Literal["ended", "flushed"]) -> Utterance:
        utterance = self._utterance(kind)
        self._voiced_until = self.position - self._quiet * _FRAME_SECONDS
        self._frames, self._loud, self._quiet = [], 0, 0
        return utterance

    @property
    def _start(self) -> float:
        return self.position - len(self._frames) * _FRAME_SECONDS

    def _utterance(self, kind: Literal["interim", "ended", "flushed"]) -> Utterance:
        pcm: Pcm = np.concatenate(self._frames)
        return Utterance(kind, pcm, self._start, len(pcm) / self._rate)

    def _decode(self, audio: bytes) -> Pcm:
        if self._coding == "mulaw":
            return decode_ulaw(audio)
        if self._coding == "alaw":
            return decode_alaw(audio)
        data = self._torn + audio
        whole = len(data) // 2 * 2
        self._torn = data[whole:]
        return np.frombuffer(data[:whole], "<i2").astype(np.int16)


def _frames(seconds: float) -> int:
    return max(1, round(seconds / _FRAME_SECONDS))
