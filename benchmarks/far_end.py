"""What the simulated phone network saw of the product: the benchmarks' only witness."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

Event = dict[str, Any]
Window = tuple[float, float]
"""From and to, in unix seconds."""

_ANSWER_SECONDS = 6.0
"""An utterance that begins so shortly before the end may be answered after it."""


@dataclass(frozen=True, slots=True)
class Frames:
    """The agent's 20 ms frames by the kernel's time stamps of their arrival."""

    expected: int = 0
    late: int = 0
    """More than 20 ms behind the most punctual frame of their leg."""
    missing: int = 0
    """Skipped by the sender, or lost."""

    def percent(self, name: str) -> float:
        return 100.0 * float(getattr(self, name)) / max(self.expected, 1)


@dataclass(frozen=True, slots=True)
class Turn:
    """One utterance of a callee."""

    text: str
    waited: float | None
    """Seconds from its last audible sample to the agent's first; None: no answer."""


class FarEnd:
    def __init__(self, data: Path):
        self._folder = data / "rehearsal"

    def legs(self) -> list[Event]:
        return read_ndjson(self._folder / "legs.ndjson")

    def frames(self, window: Window) -> Frames:
        """Of all legs between two moments."""
        counts = {"expected": 0, "late": 0, "missing": 0}
        for notes in self._by_leg("pace.ndjson").values():
            begin = [note for note in notes if note["t"] <= window[0]]
            end = [note for note in notes if note["t"] <= window[1]]
            for name in counts if end else ():
                counts[name] += end[-1][name] - (begin[-1][name] if begin else 0)
        return Frames(**counts)

    def turns(self, window: Window) -> list[Turn]:
        """Every utterance that began between two moments, but for the very last."""
        heard = self._by_leg("legs.ndjson", lambda event: event["event"] == "heard")
        return [
            Turn(line["text"], _answer(line, lines[index + 1 :], heard[leg]))
            for leg, lines in self._by_leg("said.ndjson").items()
            for index, line in enumerate(lines)
            if window[0] <= line["t"] <= window[1] - _ANSWER_SECONDS
        ]

    def into_silence(self) -> list[float]:
        """Seconds from answer to the agent's first sample, where the callee waited."""
        return [
            event["ms"] / 1000
            for event in self.legs()
            if event["event"] == "heard" and event["after"] == "answer"
        ]

    def _by_leg(
        self, file: str, wanted: Callable[[Event], bool] = lambda _event: True
    ) -> defaultdict[str, list[Event]]:
        found: defaultdict[str, list[Event]] = defaultdict(list)
        for event in filter(wanted, read_ndjson(self._folder / file)):
            found[event["leg"]].append(event)
        return found


def read_ndjson(file: Path) -> list[Event]:
    if not file.exists():
        return []
    lines = file.read_bytes().split(b"\n")[:-1]  # the last one may be half written
    return [orjson.loads(line) for line in lines]


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that so great a share does not exceed; NaN of nothing."""
    ordered = sorted(values)
    return (
        ordered[min(len(ordered) - 1, int(share * len(ordered)))]
        if values
        else float("nan")
    )


def _answer(said: Event, after: list[Event], heard: list[Event]) -> float | None:
    until = after[0]["t"] if after else float("inf")
    for event in heard:
        if said["t"] < event["t"] <= until and event["after"] == "utterance":
            return float(event["ms"]) / 1000
    return None
