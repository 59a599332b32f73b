"""What a conversation tells of itself while it goes on.

The dialing layer keeps it; `note` is called on the event loop and must only append.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, Protocol

from campanile.conversation.transcript import Turn


@dataclass(frozen=True, slots=True)
class TurnTaken:
    """A turn as it stands; a later one with the same `number` replaces it."""

    number: int
    """Position in the transcript, from 0."""
    turn: Turn


@dataclass(frozen=True, slots=True)
class ToolUsed:
    name: str
    arguments: dict[str, Any]
    answer: str
    at: float
    """Seconds since answer at which it was asked."""
    seconds: float


@dataclass(frozen=True, slots=True)
class MachineHeard:
    """The answering-machine detector's opinion, each time it changes."""

    answered_by: str
    provisional: bool
    reason: str
    at: float


@dataclass(frozen=True, slots=True)
class Replied:
    """How long one reply took; all are seconds since answer, None where not reached."""

    callee_stopped_at: float | None
    final_text_at: float | None
    """May come after `turn_taken_at`, when the interim text was used."""
    turn_taken_at: float
    first_token_at: float | None
    first_audio_at: float | None
    """The speech provider's first audio."""
    first_sample_at: float | None
    """The first sample handed to the leg."""


@dataclass(frozen=True, slots=True)
class OptedOut:
    """The callee asked never to be called again: suppress at once, not at the end."""

    text: str
    at: float


@dataclass(frozen=True, slots=True)
class Incident:
    """Something went wrong and was coped with, e.g. a provider's stream reopened."""

    what: str
    at: float


Entry = TurnTaken | ToolUsed | MachineHeard | Replied | OptedOut | Incident


class Journal(Protocol):
    def note(self, entry: Entry) -> None: ...


class NoJournal:
    """Keeps nothing."""

    def note(self, entry: Entry) -> None:
        pass


class Latency:
    """Stops the times of one reply, each once; loop times until `entry`."""

    def __init__(
        self,
        *,
        callee_stopped_at: float | None = None,
        final_text_at: float | None = None,
    ) -> None:
        self._now = asyncio.get_running_loop().time
        self.callee_stopped_at = callee_stopped_at
        self.final_text_at = final_text_at
        self.turn_taken_at = self._now()
        self.first_token_at: float | None = None
        self.first_audio_at: float | None = None
        self.first_sample_at: float | None = None

    def first_token(self) -> None:
        self.first_token_at = self.first_token_at or self._now()

    def first_audio(self) -> None:
        self.first_audio_at = self.first_audio_at or self._now()

    def first_sample(self) -> None:
        self.first_sample_at = self.first_sample_at or self._now()

    def entry(self, answered_at: float) -> Replied:
        def since(at: float | None) -> float | None:
            return None if at is None else round(at - answered_at, 3)

        return Replied(
            callee_stopped_at=since(self.callee_stopped_at),
            final_text_at=since(self.final_text_at),
            turn_taken_at=round(self.turn_taken_at - answered_at, 3),
            first_token_at=since(self.first_token_at),
            first_audio_at=since(self.first_audio_at),
            first_sample_at=since(self.first_sample_at),
        )
