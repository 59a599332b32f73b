"""Sentences become sound: text to speech, one sentence ahead, into the leg's audio.

The next sentence's audio is asked for while the present one still arrives, and then
waits its turn; that far and no further, since whatever the callee cuts off was paid for.
"""

import asyncio
from contextlib import aclosing
from types import TracebackType
from typing import Self

from campanile.agents.config import TtsConfig
from campanile.audio.frames import Pcm, seconds
from campanile.conversation.journal import Latency
from campanile.conversation.preparation import Renderings, Sentence
from campanile.conversation.streams import cancel_and_wait, sleep_until, within
from campanile.conversation.transcript import Piece, Utterance
from campanile.providers.errors import ProviderError
from campanile.providers.protocols import TextToSpeech
from campanile.telephony.line import AudioPort

FIRST_AUDIO_WITHIN = 5.0
FOLLOWING_AUDIO_WITHIN = 5.0
_SENTENCES_AT_ONCE = 2
_ENOUGH_QUEUED = 6.0
"""Seconds of queued audio beyond which no further sentence is asked for."""


class Voice:
    """What the agent speaks with on one call."""

    def __init__(
        self,
        *,
        audio: AudioPort,
        tts: TextToSpeech,
        settings: TtsConfig,
        renderings: Renderings,
    ) -> None:
        self.audio = audio
        self.tts = tts
        self._settings = settings
        self._renderings = renderings

    def play(self, utterance: Utterance, sentence: Sentence) -> None:
        """Queue what was rendered before."""
        piece = Piece(sentence.text)
        utterance.pieces.append(piece)
        self.queue(utterance, piece, sentence.pcm)
        piece.whole = True

    async def say(self, utterance: Utterance, text: str) -> None:
        """Speak a sentence that many calls say alike. Raises ProviderError."""
        pcm = await self._renderings.pcm(text, tts=self.tts, voice=self._settings)
        self.play(utterance, Sentence(text, pcm))

    def queue(self, utterance: Utterance, piece: Piece, pcm: Pcm) -> None:
        """Queue one chunk of a sentence and note where it lies."""
        ahead = self.audio.queued
        if piece.at is None:
            piece.at = self.audio.played + ahead
        if utterance.began_at is None:
            utterance.began_at = asyncio.get_running_loop().time() + ahead
        piece.seconds += seconds(pcm)
        self.audio.play(pcm)


class Speech:
    """Speaks one utterance whose sentences come one by one; an async context manager.

    Leaving it waits until all its audio is queued and raises the ProviderError of the
    first sentence that could not be spoken; leaving it by an exception cancels the rest.
    Nothing is audible before `not_before` (loop time).
    """

    def __init__(
        self,
        voice: Voice,
        utterance: Utterance,
        *,
        latency: Latency,
        not_before: float = 0.0,
    ) -> None:
        self._voice = voice
        self._utterance = utterance
        self._latency = latency
        self._not_before = not_before
        self._tasks: list[asyncio.Task[None]] = []
        self._slots = asyncio.Semaphore(_SENTENCES_AT_ONCE)
        self._before: asyncio.Event | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                for task in self._tasks:
                    await task
        finally:
            await cancel_and_wait(*self._tasks)

    def say(self, text: str) -> None:
        """Speak `text` behind what was said before; a lone emoji or dash is left out."""
        if not any(character.isalnum() for character in text):
            return
        piece = Piece(text)
        self._utterance.pieces.append(piece)
        before, self._before = self._before, asyncio.Event()
        speaking = self._speak(piece, before=before, done=self._before)
        self._tasks.append(asyncio.create_task(speaking, name="speak sentence"))

    async def _speak(
        self, piece: Piece, *, before: asyncio.Event | None, done: asyncio.Event
    ) -> None:
        async with self._slots:
            if (too_much := self._voice.audio.queued - _ENOUGH_QUEUED) > 0:
                await asyncio.sleep(too_much)
            try:
                await self._render(piece, before)
            except ProviderError as error:
                if not error.retryable or piece.at is not None:
                    raise
                await self._render(piece, before)
        piece.whole = True
        done.set()

    async def _render(self, piece: Piece, before: asyncio.Event | None) -> None:
        tts = self._voice.tts
        speech = within(
            tts.speak(piece.text),
            provider=tts.name,
            first=FIRST_AUDIO_WITHIN,
            following=FOLLOWING_AUDIO_WITHIN,
        )
        async with aclosing(speech):
            async for chunk in speech:
                self._latency.first_audio()
                if before is not None:
                    await before.wait()
                elif piece.at is None:
                    await sleep_until(self._not_before)
                self._voice.queue(self._utterance, piece, chunk)
                self._latency.first_sample()
        if piece.at is None:
            raise ProviderError(tts.name, "no_audio", retryable=True)
