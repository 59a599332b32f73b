"""What was said, as the analysis reads it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Utterance:
    role: Literal["assistant", "user"]
    """The agent, or the callee."""
    text: str
    at: float = 0.0
    """Seconds since the call was answered."""


def callee_spoke(transcript: Sequence[Utterance]) -> bool:
    return any(said.role == "user" and said.text.strip() for said in transcript)


def message_count(transcript: Sequence[Utterance]) -> int:
    """Messages of both sides that hold words; what `min_messages_threshold` counts."""
    return sum(1 for said in transcript if said.text.strip())


def as_text(transcript: Sequence[Utterance]) -> str:
    """One line per utterance, as a model reads it best."""
    return "\n".join(
        f"{'Agent' if said.role == 'assistant' else 'Callee'}: "
        f"{' '.join(said.text.split())}"
        for said in transcript
        if said.text.strip()
    )
