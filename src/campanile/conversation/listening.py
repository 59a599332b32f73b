"""What comes from the callee: whether there is sound, when there is voice, which words.

Everything is told by two callbacks on the event loop; nothing is decided here.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from campanile.audio.frames import SAMPLE_RATE, Frame
from campanile.conversation.streams import cancel_and_wait
from campanile.conversation.words import CalleeWords
from campanile.media.turns import SpeechEnded, SpeechSegmenter, SpeechStarted
from campanile.providers.errors import ProviderError
from campanile.providers.protocols import SpeechToText, Transcript, TranscriptStream
from campanile.telephony.line import AudioPort

Unsubscribe = Callable[[], None]
_STREAM_HOLDS = 10.0
"""Seconds that a reopened transcription must have held to be worth reopening again."""


class VoiceTrack(Protocol):
    """`media.vad.VoiceTrack`."""

    def on_window(self, callback: Callable[[float, float], None]) -> None: ...
    def close(self) -> None: ...


class Vad(Protocol):
    """`media.vad.SileroBatch`."""

    def listen(
        self, subscribe: Callable[[Callable[[Frame], None]], Unsubscribe]
    ) -> VoiceTrack: ...


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told. All are called on the event loop and must not block."""

    frame: Callable[[Frame, float], None]
    """Every 20 ms, with the latest probability that it is speech."""
    window: Callable[[SpeechStarted | SpeechEnded | None], None]
    """After each window of the voice detector (32 ms)."""
    words: Callable[[Transcript, str | None], None]
    """After `words` took a result; the text is that of the whole turn that was taken
    before its final words came."""
    broken: Callable[[ProviderError, bool], None]
    """Transcription broke off; False: it was begun anew, True: it is over for good."""


class Ears:
    """Opened while it rings (`warm_up`), listening from `start` on, closed once."""

    def __init__(
        self,
        *,
        audio: AudioPort,
        vad: Vad,
        stt: SpeechToText,
        language: str,
        keyterms: list[str],
        listener: Listener,
        call_id: str = "",
    ) -> None:
        self._audio = audio
        self._vad = vad
        self._stt = stt
        self._language = language
        self._keyterms = keyterms
        self._listener = listener
        self._call_id = call_id
        self._stream: TranscriptStream | None = None
        self._ask_final = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._unsubscribe: Unsubscribe = lambda: None
        self._track: VoiceTrack | None = None
        self._sent_samples = 0
        self._voiced_until: float | None = None
        self._voice = 0.0
        self.segmenter = SpeechSegmenter()
        self.words = CalleeWords()
        self.any_sound = False
        """Whether any audio at all has come from the far end."""
        self.first_voice_at: float | None = None
        """When the callee's first utterance began."""

    async def warm_up(self) -> None:
        """Open the transcription. Raises ProviderError."""
        if self._stream is None:
            stream = self._stt.stream(language=self._language, keyterms=self._keyterms)
            self._stream = await stream.__aenter__()

    def start(self) -> None:
        """Begin to listen; `warm_up` was awaited before."""
        self._track = self._vad.listen(self._audio.subscribe)
        self._track.on_window(self._judge)
        self._unsubscribe = self._audio.subscribe(self._hear)
        self._tasks = [
            asyncio.create_task(self._transcribe(), name=f"transcribe {self._call_id}"),
            asyncio.create_task(self._finalize(), name=f"finalize {self._call_id}"),
        ]

    async def close(self) -> None:
        """May be called twice, and without `start`."""
        self._unsubscribe()
        if self._track is not None:
            self._track.close()
        tasks, self._tasks = self._tasks, []
        await cancel_and_wait(*tasks)
        await self._leave_stream()

    def ask_for_final_text(self) -> None:
        self._ask_final.set()

    def _hear(self, frame: Frame) -> None:
        self.any_sound = self.any_sound or frame.heard
        if self._stream is not None:
            self._stream.send(frame.pcm)
            self._sent_samples += len(frame.pcm)
        self._listener.frame(frame, self._voice)

    def _judge(self, probability: float, at: float) -> None:
        self._voice = probability
        change = self.segmenter.feed(probability, at)
        if isinstance(change, SpeechStarted):
            self._voiced_until = None
            if self.first_voice_at is None:
                self.first_voice_at = change.started_at
            self.words.voice_began(change.started_at)
        elif isinstance(change, SpeechEnded):
            pause = change.at - change.last_voiced_at
            self._voiced_until = self._sent_samples / SAMPLE_RATE - pause
            self.words.voice_ended()
            self.ask_for_final_text()
        self._listener.window(change)

    async def _finalize(self) -> None:
        while True:
            await self._ask_final.wait()
            self._ask_final.clear()
            if self._stream is not None:
                try:
                    await self._stream.finalize()
                except ProviderError:
                    continue  # it ends the stream's iteration too, where it is handled

    async def _transcribe(self) -> None:
        now = asyncio.get_running_loop().time
        reopened_at = -_STREAM_HOLDS
        while True:
            try:
                await self.warm_up()
                await self._read()
            except ProviderError as error:
                await self._leave_stream()
                held = now() - reopened_at
                if not error.retryable or held < _STREAM_HOLDS:
                    self._listener.broken(error, True)
                    return
                reopened_at = now()
                self._listener.broken(error, False)

    async def _read(self) -> None:
        assert self._stream is not None
        async for transcript in self._stream:
            late = self.words.heard(
                transcript,
                at=asyncio.get_running_loop().time(),
                voiced_until=self._voiced_until,
            )
            self._listener.words(transcript, late)
        raise ProviderError(self._stt.name, "closed", retryable=True)

    async def _leave_stream(self) -> None:
        stream, self._stream = self._stream, None
        self._sent_samples = 0
        if stream is not None:
            await stream.__aexit__(None, None, None)
