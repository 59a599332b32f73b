"""Nothing is dialed that cannot be talked to (DESIGN D12): sentences rendered ahead.

What every call of an agent says alike (fall-back, silence prompts, the answer to an
opt-out) is rendered once per process and kept.
"""

from collections import OrderedDict
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np

from campanile.agents.config import TtsConfig
from campanile.audio.frames import Pcm
from campanile.conversation.brief import Brief
from campanile.conversation.opt_out import confirmation
from campanile.conversation.streams import within
from campanile.providers.errors import ProviderError
from campanile.providers.protocols import TextToSpeech

FIRST_AUDIO_WITHIN = 5.0
"""Seconds; a provider that is slower before the call would be slower in it."""
_KEPT = 256
"""Sentences, the least recently used dropped first: about 15 MB."""


class Renderings:
    """Sentences that were rendered, by voice and text."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Pcm] = OrderedDict()

    async def pcm(self, text: str, *, tts: TextToSpeech, voice: TtsConfig) -> Pcm:
        """The sentence as audio. Raises ProviderError, after a second try if it helps."""
        key = f"{voice.model_dump_json()}\n{text}"
        if key not in self._kept:
            try:
                self._kept[key] = await _render(text, tts)
            except ProviderError as error:
                if not error.retryable:
                    raise
                self._kept[key] = await _render(text, tts)
        self._kept.move_to_end(key)
        rendered = self._kept[key]
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return rendered


RENDERINGS = Renderings()
"""This process's; audio is never changed once it is in here."""


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str
    pcm: Pcm


@dataclass(frozen=True, slots=True)
class Prepared:
    """What can be said without asking any provider."""

    first_message: Sentence | None
    """None where the agent has none: then the model opens."""
    voicemail_message: Sentence | None
    fallback: Sentence
    opt_out_confirmation: Sentence


async def prepare(
    brief: Brief, tts: TextToSpeech, *, renderings: Renderings = RENDERINGS
) -> Prepared:
    """Render what a call must be able to say, before its INVITE. Raises ProviderError."""
    agent = brief.agent

    async def sentence(text: str) -> Sentence:
        pcm = await renderings.pcm(text, tts=tts, voice=agent.tts_config)
        return Sentence(text, pcm)

    fallback = await sentence(brief.filled(agent.fallback_message))
    confirmed = await sentence(confirmation(brief.language))
    first = brief.filled(agent.first_message)
    voicemail = brief.filled(agent.voicemail_message)
    return Prepared(
        first_message=await sentence(first) if first else None,
        voicemail_message=await sentence(voicemail) if voicemail else None,
        fallback=fallback,
        opt_out_confirmation=confirmed,
    )


async def _render(text: str, tts: TextToSpeech) -> Pcm:
    chunks = []
    speech = within(
        tts.speak(text),
        provider=tts.name,
        first=FIRST_AUDIO_WITHIN,
        following=FIRST_AUDIO_WITHIN,
    )
    async with aclosing(speech):
        async for chunk in speech:
            chunks.append(chunk)  # noqa: PERF401 (an async comprehension hides aclosing)
    if not chunks:
        raise ProviderError(tts.name, "no_audio", retryable=True)
    pcm: Pcm = np.concatenate(chunks)
    pcm.setflags(write=False)
    return pcm
