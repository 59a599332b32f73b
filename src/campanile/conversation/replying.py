"""One reply: the model's text becomes speech as it streams, its tools are run.

A tool once asked is never asked again because the callee spoke meanwhile: it goes on by
itself, and the next reply begins with its answer.
"""

import asyncio
from contextlib import aclosing

from campanile.conversation.journal import Latency
from campanile.conversation.sentences import SentenceSplitter
from campanile.conversation.speaking import Speech, Voice
from campanile.conversation.streams import cancel_and_wait, sleep_until, within
from campanile.conversation.tools import Requests, Toolbox
from campanile.conversation.transcript import Dialogue, Utterance
from campanile.providers.errors import ProviderError
from campanile.providers.protocols import (
    ChatMessage,
    LanguageModel,
    TextDelta,
    ToolCall,
    ToolSpec,
)

MOST_ROUNDS = 5
"""Of tools within one reply; in the last the model is offered none and must speak."""
FIRST_TOKEN_WITHIN = 8.0
FOLLOWING_TOKEN_WITHIN = 8.0


class Replier:
    """Speaks for the model on one call; `reply` is cancelled to interrupt it."""

    def __init__(
        self,
        *,
        prompt: list[ChatMessage],
        tools: list[ToolSpec],
        model: LanguageModel,
        voice: Voice,
        dialogue: Dialogue,
        toolbox: Toolbox,
    ) -> None:
        self._prompt = prompt
        self._tools = tools
        self._model = model
        self._voice = voice
        self._dialogue = dialogue
        self._toolbox = toolbox
        self._running: asyncio.Task[None] | None = None

    @property
    def requests(self) -> Requests:
        return self._toolbox.requests

    async def reply(self, latency: Latency, *, not_before: float = 0.0) -> bool:
        """Answer the dialogue; returns when all was played, or raises ProviderError.

        Until `not_before` (loop time) it may still be taken back: nothing is said and
        no tool is asked. The result says whether the agent said anything.
        """
        await self._tools_done()
        spoke = False
        for rounds_left in reversed(range(MOST_ROUNDS)):
            tools = self._tools if rounds_left else []
            utterance, calls = await self._round(
                tools, latency, not_before=not_before, may_retry=not spoke
            )
            spoke = spoke or bool(utterance.pieces)
            if not calls:
                break
            await sleep_until(not_before)
            self._running = asyncio.create_task(
                self._run(utterance, calls), name="tools"
            )
            await self._tools_done()
            if self.requests.end_call:
                break
        await self._voice.audio.drained()
        return spoke

    async def close(self) -> None:
        if self._running is not None:
            await cancel_and_wait(self._running)

    async def _tools_done(self) -> None:
        if self._running is not None:
            await asyncio.shield(self._running)
            self._running = None

    async def _run(self, utterance: Utterance, calls: list[ToolCall]) -> None:
        for call in calls:
            answer = await self._toolbox.answer(call)
            utterance.tool_results.append((call, answer))

    async def _round(
        self,
        tools: list[ToolSpec],
        latency: Latency,
        *,
        not_before: float,
        may_retry: bool,
    ) -> tuple[Utterance, list[ToolCall]]:
        """One request to the model; once more where that can help and nobody has heard
        anything of it yet."""
        utterance = self._dialogue.agent_speaks()
        try:
            return utterance, await self._speak(utterance, tools, latency, not_before)
        except ProviderError as error:
            unheard = utterance.began_at is None
            if not (error.retryable and may_retry and unheard):
                raise
        utterance.close(self._voice.audio.played)
        utterance = self._dialogue.agent_speaks()
        return utterance, await self._speak(utterance, tools, latency, not_before)

    async def _speak(
        self,
        utterance: Utterance,
        tools: list[ToolSpec],
        latency: Latency,
        not_before: float,
    ) -> list[ToolCall]:
        messages = [*self._prompt, *self._dialogue.messages()]
        answer = within(
            self._model.reply(messages, tools),
            provider=self._model.name,
            first=FIRST_TOKEN_WITHIN,
            following=FOLLOWING_TOKEN_WITHIN,
        )
        calls: list[ToolCall] = []
        sentences = SentenceSplitter()
        async with (
            Speech(
                self._voice, utterance, latency=latency, not_before=not_before
            ) as speech,
            aclosing(answer),
        ):
            async for item in answer:
                latency.first_token()
                if isinstance(item, TextDelta):
                    for sentence in sentences.feed(item.text):
                        speech.say(sentence)
                else:
                    calls.append(item)
            if rest := sentences.rest():
                speech.say(rest)
        return calls
