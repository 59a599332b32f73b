"""Scripted providers with fixed delays, implementing providers/protocols.py."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from campanile.audio.frames import Pcm
from campanile.providers.errors import ProviderError
from campanile.providers.protocols import (
    ChatMessage,
    TextDelta,
    ToolCall,
    ToolSpec,
    Transcript,
)

from .line import FakeLine, marked, utterance_of

SECONDS_PER_WORD = 0.3


class FakeTts:
    """Every word lasts 0.3 s; first audio after 0.1 s, then four times real time."""

    name = "faketts"

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.spoken: list[str] = []
        self.failures: list[Exception] = []
        """Raised by the next requests, one each."""
        self.breaks_after: float | None = None
        """Seconds of audio after which a sentence breaks off with an error."""
        self.cancelled = 0
        self.first_audio_after = 0.1

    async def speak(self, text: str) -> AsyncIterator[Pcm]:
        self.spoken.append(text)
        if text not in self.sentences:
            self.sentences.append(text)
        number = self.sentences.index(text) + 1
        try:
            await asyncio.sleep(self.first_audio_after)
            if self.failures:
                raise self.failures.pop(0)
            left, given = SECONDS_PER_WORD * len(text.split()), 0.0
            while left > 0.001:
                if self.breaks_after is not None and given >= self.breaks_after:
                    raise ProviderError(self.name, "closed", retryable=True)
                yield marked(number, min(left, 0.1))
                left, given = left - 0.1, given + 0.1
                await asyncio.sleep(0.025)
        except (asyncio.CancelledError, GeneratorExit):
            self.cancelled += 1
            raise


class FakeModel:
    """Answers from a list: a text, or a list of texts, tool calls, errors and pauses
    in seconds."""

    name = "fakellm"

    def __init__(self, replies: Sequence[Any] = ()) -> None:
        self.replies = list(replies)
        self.asked: list[list[ChatMessage]] = []
        self.asked_at: list[float] = []
        self.offered: list[list[str]] = []
        self.cancelled = 0
        self.first_token_after = 0.2

    async def reply(
        self, messages: Sequence[ChatMessage], tools: Sequence[ToolSpec]
    ) -> AsyncIterator[TextDelta | ToolCall]:
        self.asked.append(list(messages))
        self.asked_at.append(asyncio.get_running_loop().time())
        self.offered.append([tool.name for tool in tools])
        reply = self.replies.pop(0) if self.replies else "I see."
        try:
            await asyncio.sleep(self.first_token_after)
            for part in reply if isinstance(reply, list) else [reply]:
                if isinstance(part, Exception):
                    raise part
                if isinstance(part, float):
                    await asyncio.sleep(part)
                    continue
                if isinstance(part, ToolCall):
                    yield part
                    continue
                for word in part.split(" "):
                    yield TextDelta(word + " ")
                    await asyncio.sleep(0.01)
        except (asyncio.CancelledError, GeneratorExit):
            self.cancelled += 1
            raise

    async def fill(
        self, messages: Sequence[ChatMessage], schema: dict[str, Any]
    ) -> dict[str, Any]:
        raise NotImplementedError

    async def write(self, messages: Sequence[ChatMessage]) -> str:
        raise NotImplementedError


class FakeStt:
    """Understands exactly what the callee says: an interim text at the end of an
    utterance, the final one `final_after` seconds after it was asked for."""

    name = "fakestt"

    def __init__(self, line: FakeLine, *, final_after: float = 0.15) -> None:
        self._line = line
        self.final_after = final_after
        self.gives_finals = True
        self.gives_interims = True
        self.streams: list[FakeStream] = []
        self.failures: list[Exception] = []
        """Raised by the next streams that are opened, one each."""

    def stream(self, *, language: str, keyterms: Sequence[str]) -> "FakeStream":
        stream = FakeStream(self, self._line)
        self.streams.append(stream)
        return stream


class FakeStream:
    def __init__(self, stt: FakeStt, line: FakeLine) -> None:
        self._stt = stt
        self._line = line
        self._results: asyncio.Queue[Transcript | Exception] = asyncio.Queue()
        self._number = 0
        self._unsaid: list[str] = []
        self.open = False

    async def __aenter__(self) -> "FakeStream":
        if self._stt.failures:
            raise self._stt.failures.pop(0)
        self.open = True
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.open = False

    def send(self, pcm: Pcm) -> None:
        number = utterance_of(pcm)
        if number != self._number:
            if self._number:
                self._utterance_over(self._line.utterances[self._number - 1])
            self._number = number

    async def finalize(self) -> None:
        if self._stt.gives_finals:
            asyncio.get_running_loop().call_later(self._stt.final_after, self._final)

    def gives(self, transcript: Transcript) -> None:
        """Say something that the voice detector did not hear."""
        self._results.put_nowait(transcript)

    def breaks(self, error: Exception) -> None:
        self._results.put_nowait(error)

    def _utterance_over(self, text: str) -> None:
        if text:
            self._unsaid.append(text)
            if self._stt.gives_interims:
                so_far = Transcript(" ".join(self._unsaid), is_final=False)
                self._results.put_nowait(so_far)

    def _final(self) -> None:
        text, self._unsaid = " ".join(self._unsaid), []
        self._results.put_nowait(Transcript(text, is_final=True, speech_final=True))

    async def __aiter__(self) -> AsyncIterator[Transcript]:
        while True:
            result = await self._results.get()
            if isinstance(result, Exception):
                raise result
            yield result
