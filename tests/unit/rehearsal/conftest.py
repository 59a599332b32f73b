"""A callee on a stage without a telephone: time jumps, the agent is a script."""

import numpy as np
import pytest

from campanile.audio.frames import FRAME_SAMPLES, FRAME_SECONDS, SILENCE, Pcm
from campanile.rehearsal.callees.people import Act, Callee
from campanile.rehearsal.callees.performance import Performance


def speech(sentence: str, *, seconds: float = 2.0) -> Pcm:
    """Noise whose spectrum wanders as the sentence's own: equal only to itself."""
    rng = np.random.default_rng(list(sentence.encode()))
    frames = round(seconds / FRAME_SECONDS)
    at = np.arange(FRAME_SAMPLES) / 8000
    hertz = rng.uniform(300, 3000, size=(frames, 3))
    sound = np.sin(2 * np.pi * hertz[:, :, None] * at).sum(axis=1)
    pcm: Pcm = (3000 * sound).astype(np.int16).ravel()
    return pcm


class Rehearsed:
    """One performance, with what the callee did and when."""

    words_per_second = 2.5

    def __init__(self, callee: Callee):
        self.time = 0.0
        self.acts: list[tuple[float, Act]] = []
        self._performance = Performance(callee)
        self._performance.begin(0.0)
        self._busy_until: float | None = None

    @property
    def said(self) -> list[str]:
        return [act.text for _, act in self.acts if act.does == "say"]

    @property
    def hung_up(self) -> float | None:
        return next((t for t, act in self.acts if act.does == "hang_up"), None)

    def agent_says(self, sentence: str, *, seconds: float = 2.0) -> None:
        self._hear(speech(sentence, seconds=seconds))

    def silence(self, seconds: float) -> None:
        self._hear(np.tile(SILENCE, round(seconds / FRAME_SECONDS)))

    def ask(self, question: str) -> str:
        """Ask, wait for an answer, and hear it out; empty if none came."""
        before = len(self.said)
        self.agent_says(question)
        self.silence(4.0)
        return " ".join(self.said[before:])

    def _hear(self, pcm: Pcm) -> None:
        for frame in pcm.reshape(-1, FRAME_SAMPLES):
            self.time += FRAME_SECONDS
            if self._busy_until is not None and self.time >= self._busy_until:
                self._busy_until = None
                self._performance.done(self.time)
            self._performance.hear(frame, self.time)
            act = self._performance.next(self.time)
            if act is not None:
                self.acts.append((self.time, act))
                self._busy_until = self._end_of(act)

    def _end_of(self, act: Act) -> float | None:
        if act.does == "say":
            return self.time + len(act.text.split()) / self.words_per_second
        return self.time + act.seconds if act.does == "tone" else None


@pytest.fixture
def rehearse() -> type[Rehearsed]:
    return Rehearsed
