"""What a conversation asks of its providers; one file per provider implements it.

Audio is mono 8 kHz int16 (`Pcm`) everywhere; adapters ask the provider for G.711 or
8 kHz PCM and convert nothing else. Every failure is a `ProviderError` that says
whether trying again can help, decided once from the status code (errors.py).
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from campanile.audio.frames import Pcm


@dataclass(frozen=True, slots=True)
class Transcript:
    """One result of live transcription."""

    text: str
    is_final: bool
    """The words will not change any more."""
    speech_final: bool = False
    """The provider itself heard the end of an utterance, or answers our `finalize`."""
    start: float = 0.0
    duration: float = 0.0
    """Seconds of the stream that the text covers."""


class TranscriptStream(Protocol):
    """One live transcription; an async context manager."""

    async def __aenter__(self) -> "TranscriptStream": ...
    async def __aexit__(self, *exc: object) -> None: ...

    def send(self, pcm: Pcm) -> None:
        """Queue audio; never blocks. Nothing is raised here: errors end the iteration."""

    async def finalize(self) -> None:
        """Ask for the final text of everything sent so far."""

    def __aiter__(self) -> AsyncIterator[Transcript]: ...


class SpeechToText(Protocol):
    name: str

    def stream(self, *, language: str, keyterms: Sequence[str]) -> TranscriptStream: ...


class TextToSpeech(Protocol):
    name: str

    def speak(self, text: str) -> AsyncIterator[Pcm]:
        """One sentence or passage as audio, in chunks as they arrive."""


@dataclass(frozen=True, slots=True)
class ChatMessage:
    role: Literal["system", "user", "assistant", "tool"]
    content: str
    tool_call_id: str = ""
    tool_calls: "tuple[ToolCall, ...]" = ()


@dataclass(frozen=True, slots=True)
class ToolSpec:
    name: str
    description: str
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TextDelta:
    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    id: str
    name: str
    arguments: dict[str, Any]


class LanguageModel(Protocol):
    name: str

    def reply(
        self, messages: Sequence[ChatMessage], tools: Sequence[ToolSpec]
    ) -> AsyncIterator[TextDelta | ToolCall]:
        """Stream one assistant turn; tool calls arrive whole, after the text."""

    async def fill(
        self, messages: Sequence[ChatMessage], schema: dict[str, Any]
    ) -> dict[str, Any]:
        """Answer with JSON by `schema` (not validated here)."""

    async def write(self, messages: Sequence[ChatMessage]) -> str:
        """Answer with text, whole."""


@dataclass(frozen=True, slots=True)
class Providers:
    """The three that one conversation is held with."""

    stt: SpeechToText
    llm: LanguageModel
    tts: TextToSpeech
