"""What the agent does when it has the floor; each act ends when all was played."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from campanile.conversation.journal import Latency
from campanile.conversation.preparation import Sentence
from campanile.conversation.replying import Replier
from campanile.conversation.speaking import Voice
from campanile.conversation.transcript import Dialogue
from campanile.providers.errors import ProviderError

HANG_UP_PAUSE = 0.25
"""Seconds between the last word and the BYE; the network must not swallow its end."""


class Acts:
    """Coroutines for `Floor.begin`. All but `goodbye` may raise ProviderError."""

    def __init__(
        self, *, voice: Voice, dialogue: Dialogue, replier: Replier, end_message: str
    ) -> None:
        self._voice = voice
        self._dialogue = dialogue
        self._replier = replier
        self._end_message = end_message

    async def play(self, sentence: Sentence) -> None:
        """Say what was rendered before the call."""
        self._voice.play(self._dialogue.agent_speaks(), sentence)
        await self._voice.audio.drained()

    async def say(self, sentences: list[str]) -> None:
        """Say fixed sentences, e.g. a silence prompt or what a cough cut off."""
        utterance = self._dialogue.agent_speaks()
        for sentence in sentences:
            await self._voice.say(utterance, sentence)
        await self._voice.audio.drained()

    async def reply(
        self,
        latency: Latency,
        replied: Callable[[Latency], None],
        *,
        not_before: float,
    ) -> None:
        """Let the model answer; hear of its latency once it was spoken or cut off."""
        try:
            spoke = await self._replier.reply(latency, not_before=not_before)
        finally:
            replied(latency)
        if self._replier.requests.end_call:
            if not spoke and self._end_message:
                await self.say([self._end_message])
            await asyncio.sleep(HANG_UP_PAUSE)

    async def goodbye(self, sentence: Sentence | str | None) -> None:
        """The last words, if they can be said."""
        with suppress(ProviderError):
            if isinstance(sentence, Sentence):
                await self.play(sentence)
            elif sentence:
                await self.say([sentence])
            await asyncio.sleep(HANG_UP_PAUSE)
