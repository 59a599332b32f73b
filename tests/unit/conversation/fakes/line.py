"""A leg in virtual time: what the agent plays is laid out on a time line, and the callee
speaks by a script."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from campanile.audio.frames import FRAME_SAMPLES, FRAME_SECONDS, SILENCE, Frame, Pcm
from campanile.audio.frames import seconds as length


def marked(number: int, seconds: float) -> Pcm:
    """Sound that can be recognised again: every sample is `number`."""
    return np.full(round(seconds * 8000), number, dtype=np.int16)


def utterance_of(pcm: Pcm) -> int:
    """Which utterance of the callee a frame belongs to, from 1; 0 for none."""
    number = int(pcm[0])
    return number - 1000 if number > 1000 and number == int(pcm[1]) else 0


def sine(frequency: float, start: int) -> Pcm:
    """One frame of a tone whose first sample is the `start`th of it."""
    samples = np.arange(start, start + FRAME_SAMPLES)
    wave = 8000 * np.sin(2 * np.pi * frequency * samples / 8000)
    return wave.astype(np.int16)


@dataclass
class Played:
    number: int
    began: float
    ended: float


class FakeAudio:
    """Implements AudioPort; nothing runs, everything is computed from the clock."""

    def __init__(self) -> None:
        self.timeline: list[Played] = []
        self.gains: list[tuple[float, float]] = []
        self.cleared_at: list[float] = []
        self._sinks: list[Callable[[Frame], None]] = []

    def subscribe(self, sink: Callable[[Frame], None]) -> Callable[[], None]:
        self._sinks.append(sink)
        return lambda: self._sinks.remove(sink) if sink in self._sinks else None

    def on_sent(self, sink: Callable[[Pcm], None]) -> Callable[[], None]:
        return lambda: None

    def receive(self, pcm: Pcm, *, heard: bool = True) -> None:
        frame = Frame(pcm, _now(), heard)
        for sink in tuple(self._sinks):
            sink(frame)

    def play(self, pcm: Pcm) -> None:
        began = max(_now(), self.timeline[-1].ended if self.timeline else 0.0)
        number, ended = int(pcm[0]), began + length(pcm)
        last = self.timeline[-1] if self.timeline else None
        if last and last.number == number and abs(last.ended - began) < 0.001:
            last.ended = ended
        else:
            self.timeline.append(Played(number, began, ended))

    def clear(self) -> float:
        dropped, now = self.queued, _now()
        if dropped:
            self.cleared_at.append(now)
        self.timeline = [each for each in self.timeline if each.began < now]
        if self.timeline:
            self.timeline[-1].ended = min(self.timeline[-1].ended, now)
        return dropped

    def duck(self, gain: float) -> None:
        if gain != (self.gains[-1][1] if self.gains else 1.0):
            self.gains.append((_now(), gain))

    @property
    def queued(self) -> float:
        return max(0.0, self.timeline[-1].ended - _now()) if self.timeline else 0.0

    @property
    def played(self) -> float:
        now = _now()
        return sum(
            max(0.0, min(each.ended, now) - each.began) for each in self.timeline
        )

    async def drained(self) -> None:
        while self.queued > 0:  # noqa: ASYNC110 (virtual time)
            await asyncio.sleep(self.queued)


class FakeLine:
    """The callee's end of the leg. A script awaits its methods."""

    def __init__(self, sentences: list[str]) -> None:
        self.audio = FakeAudio()
        self.sentences = sentences
        """What the fake voice was asked to speak; `Played.number` is 1 + the index."""
        self.utterances: list[str] = []
        """What the callee said; its frames hold 1001 + the index."""
        self.answered_at = 0.0
        self.stopped_talking_at: list[float] = []
        self.hung_up_at: float | None = None
        self.on_hang_up: Callable[[], None] = lambda: None
        self.muted = False
        """No frame arrives at all."""
        self._speaking: int | None = None
        self._tone: float | None = None
        self._tone_samples = 0

    def since_answer(self, at: float) -> float:
        return round(at - self.answered_at, 3)

    def now(self) -> float:
        """Seconds since answer."""
        return self.since_answer(_now())

    async def pump(self) -> None:
        """Send what the callee says, frame by frame."""
        while True:
            self.audio.receive(self._sound(), heard=not self.muted)
            await asyncio.sleep(FRAME_SECONDS)

    def _sound(self) -> Pcm:
        if self._tone is not None:
            self._tone_samples += FRAME_SAMPLES
            return sine(self._tone, self._tone_samples)
        if self._speaking is not None and not self.muted:
            return marked(self._speaking, FRAME_SECONDS)
        return SILENCE

    async def beeps(self, frequency: float = 1000.0, seconds: float = 0.4) -> None:
        self._tone, self._tone_samples = frequency, 0
        await asyncio.sleep(seconds)
        self._tone = None

    async def says(self, text: str, seconds: float = 0.6) -> None:
        """Speak for so long; an empty text is noise that sounds like a voice."""
        self.utterances.append(text)
        self._speaking = 1000 + len(self.utterances)
        await asyncio.sleep(seconds)
        self._speaking = None
        self.stopped_talking_at.append(_now())

    async def waits(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def hears(self, text: str) -> None:
        """Until the agent has begun to say a sentence that holds `text`."""
        while not any(text in sentence for sentence, _, _ in self.heard()):  # noqa: ASYNC110 (virtual time)
            await asyncio.sleep(0.02)

    async def hears_out(self, text: str) -> None:
        """Until the agent has said a sentence that holds `text`, and fell silent."""
        await self.hears(text)
        while self.audio.queued > 0:  # noqa: ASYNC110 (virtual time)
            await asyncio.sleep(0.02)

    async def hangs_up(self) -> None:
        self.on_hang_up()

    def heard(self) -> list[tuple[str, float, float]]:
        """What the agent was heard to say so far: text, from, to (since answer)."""
        now = _now()
        return [
            (
                self.sentences[each.number - 1],
                self.since_answer(each.began),
                self.since_answer(min(each.ended, now)),
            )
            for each in self.audio.timeline
            if each.began <= now
        ]


def _now() -> float:
    return asyncio.get_running_loop().time()
