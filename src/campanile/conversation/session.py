"""One call's dialogue, from answer to goodbye: a loop over small policies.

The loop wakes when something was heard, an act of the agent is over, somebody asked for
the end, or a policy's instant has come; then it asks the policies, in order, what to do.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from math import inf

from campanile.audio.frames import Frame
from campanile.calls.outcomes import Disposition, EndReason, provider_failure
from campanile.conversation.acts import Acts
from campanile.conversation.barge_in import OPENING_INTERRUPTION
from campanile.conversation.brief import Brief
from campanile.conversation.floor import Floor
from campanile.conversation.journal import Incident, Journal, Latency, NoJournal
from campanile.conversation.listening import Ears, Listener, Vad
from campanile.conversation.opening import FirstVoice, begin_at
from campanile.conversation.opt_out import is_opt_out
from campanile.conversation.outcome import End, Outcome
from campanile.conversation.phrases import phrases
from campanile.conversation.preparation import (
    RENDERINGS,
    Prepared,
    Renderings,
    Sentence,
)
from campanile.conversation.replying import Replier
from campanile.conversation.report import Report
from campanile.conversation.silence import SilenceWatch
from campanile.conversation.speaking import Voice
from campanile.conversation.tools import RunTool, Toolbox, offered
from campanile.conversation.transcript import Dialogue
from campanile.conversation.turn_taking import Quiet, noise_ends_at, turn_ends_at
from campanile.media.turns import SpeechEnded, SpeechStarted
from campanile.providers.errors import ProviderError
from campanile.providers.protocols import Providers, Transcript
from campanile.telephony.line import AudioPort, Ended, GatewayError

NO_AUDIO_AFTER = 5.0
"""Seconds after answer without a single frame from the far end."""
LAST_WORDS_WITHIN = 0.8
"""Seconds that the words of a callee who spoke and hung up are waited for: they may be
an opt-out."""
BACKCHANNEL_BEFORE_END = 1.0
"""An "okay" this long before the agent's last word was no answer to it."""


class Conversation:
    """Made before the INVITE: `warm_up` while it rings, `run` at answer, `close` at last.

    `hang_up` ends the leg (BYE) and may raise GatewayError; `run_tool` answers webhook
    tools. One conversation is for one call.
    """

    def __init__(
        self,
        brief: Brief,
        *,
        prepared: Prepared,
        audio: AudioPort,
        providers: Providers,
        vad: Vad,
        hang_up: Callable[[], Awaitable[None]],
        journal: Journal | None = None,
        run_tool: RunTool | None = None,
        renderings: Renderings = RENDERINGS,
    ) -> None:
        agent = brief.agent
        self._brief = brief
        self._agent = agent
        self._prepared = prepared
        self._audio = audio
        self._hang_up = hang_up
        self._wake = asyncio.Event()
        self._dialogue = Dialogue()
        self._report = Report(self._dialogue, journal or NoJournal())
        self._floor = Floor(audio, self._dialogue, self._wake.set)
        self._ears = Ears(
            audio=audio,
            vad=vad,
            stt=providers.stt,
            language=brief.language,
            keyterms=agent.stt_config.keyterms,
            listener=Listener(
                frame=self._frame,
                window=self._window,
                words=self._words,
                broken=self._broken,
            ),
        )
        voice = Voice(
            audio=audio,
            tts=providers.tts,
            settings=agent.tts_config,
            renderings=renderings,
        )
        self._replier = Replier(
            prompt=brief.prompt(),
            tools=offered(agent),
            model=providers.llm,
            voice=voice,
            dialogue=self._dialogue,
            toolbox=Toolbox(run=run_tool, report=self._report),
        )
        self._acts = Acts(
            voice=voice,
            dialogue=self._dialogue,
            replier=self._replier,
            end_message=brief.filled(agent.speech_config.end_call_message),
        )
        self._silence = SilenceWatch(agent.speech_config.silence)
        self._phrases = phrases(brief.language)
        self._opened = False
        self._unheard: list[str] = []
        self._opt_out_due = False
        self._failure: ProviderError | None = None
        self._asked_to_close: tuple[str, str] | None = None
        self._closing: End | None = None
        self._leg_over: Ended | None = None
        self._over = asyncio.Event()
        self._due = inf

    async def warm_up(self) -> None:
        """Open the transcription while it rings. Raises ProviderError."""
        await self._ears.warm_up()

    async def run(self) -> Outcome:
        """Hold the dialogue, from answer until the leg is hung up."""
        self._report.answered()
        try:
            self._ears.start()
            end = await self._converse()
            await self._hear_last_words()
            if self._leg_over is None:
                with suppress(GatewayError):  # then there is nothing left to hang up
                    await self._hang_up()
        finally:
            await self.close()
        return self._report.outcome(end, callback=self._replier.requests.callback)

    def leg_ended(self, ended: Ended) -> None:
        """The leg is over; `run` returns at once."""
        self._leg_over = ended
        self._wake.set()

    async def wind_down(self, sentence: str, reason: str) -> None:
        """Say a closing sentence and hang up; returns when the call is over.

        `reason` is the EndReason to report. Whoever calls this bounds it.
        """
        if self._asked_to_close is None:
            self._asked_to_close = (sentence, reason)
        self._wake.set()
        await self._over.wait()

    async def close(self) -> None:
        """End whatever still runs. May be called twice, and without `run`."""
        await self._floor.stop()
        await self._replier.close()
        await self._ears.close()
        self._over.set()

    async def _converse(self) -> End:
        loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()
            self._due = inf
            end = await self._step(loop.time())
            if end is not None:
                return end
            if self._due == inf:
                await self._wake.wait()
                continue
            timer = loop.call_at(self._due, self._wake.set)
            await self._wake.wait()
            timer.cancel()

    async def _step(self, now: float) -> End | None:
        """Look at everything once; begin at most one act."""
        if self._leg_over is not None:
            return self._end_of_leg(self._leg_over)
        await self._settle()
        if self._closing is not None:
            return None if self._floor.act else self._closing
        if not self._ears.any_sound and self._reached(
            self._report.answered_at + NO_AUDIO_AFTER, now
        ):
            return End(EndReason.NO_AUDIO, Disposition.NO_AUDIO)
        if await self._must_close():
            return None
        if not self._floor.act:
            if self._opened:
                self._talk(now)
            else:
                self._open(now)
        return None

    async def _settle(self) -> None:
        """Take note of an act that is over."""
        try:
            settled = await self._floor.settle()
        except ProviderError as error:
            self._failure = self._failure or error
            return
        if settled is None:
            return
        self._report.note_turns()
        self._unheard = settled.unheard
        if self._replier.requests.end_call and not settled.interrupted:
            self._closing = self._closing or End(EndReason.ASSISTANT_END_CALL)

    async def _must_close(self) -> bool:
        """Begin the goodbye if anything asks for the end of the call."""
        if self._opt_out_due:
            await self._close(
                self._prepared.opt_out_confirmation, End(EndReason.OPT_OUT)
            )
        elif self._asked_to_close is not None:
            sentence, reason = self._asked_to_close
            await self._close(sentence, End(reason))
        elif self._failure is not None:
            failure = provider_failure(self._failure.provider, self._failure.cause)
            await self._close(
                self._prepared.fallback, End(failure, Disposition.AGENT_FAILED)
            )
        return self._closing is not None

    async def _close(self, sentence: Sentence | str | None, end: End) -> None:
        await self._floor.stop()
        self._take_words(asyncio.get_running_loop().time())
        self._closing = end
        self._floor.begin("close", self._acts.goodbye(sentence), interrupted_by=None)

    def _open(self, now: float) -> None:
        """Speak first, when it is time to (D11)."""
        segmenter = self._ears.segmenter
        begin = begin_at(
            self._agent.first_speaker,
            answered_at=self._report.answered_at,
            voice=FirstVoice(
                segmenter.speaking,
                self._ears.first_voice_at,
                segmenter.last_voiced_at,
            ),
            suspicious=False,
        )
        if begin is None or not self._reached(begin, now):
            return
        self._opened = True
        latency = self._latency()
        self._take_words(now)
        if self._prepared.first_message is None:
            self._reply(latency)
            return
        self._floor.begin(
            "opening",
            self._acts.play(self._prepared.first_message),
            interrupted_by=OPENING_INTERRUPTION,
        )

    def _talk(self, now: float) -> None:
        """It is nobody's turn, or the callee's."""
        quiet = self._quiet()
        plan = self._agent.speech_config.turn_taking
        if self._ears.words.text:
            end = turn_ends_at(quiet, plan)
            if end is not None and self._reached(end, now):
                self._take_turn(now, quiet)
        elif self._unheard:
            end = noise_ends_at(quiet, plan)
            if end is not None and self._reached(end, now):
                self._say("resume", self._unheard)
        elif not quiet.callee_speaking and self._agent.autonomous_silence_handling:
            self._prompt(now, quiet)

    def _take_turn(self, now: float, quiet: Quiet) -> None:
        text = self._ears.words.text
        latency = self._latency()
        self._take_words(now)
        self._silence.callee_spoke()
        stopped = quiet.last_voiced_at or now
        early = stopped < quiet.agent_stopped_at - BACKCHANNEL_BEFORE_END
        if early and self._phrases.is_backchannel(text):
            return
        self._reply(latency)

    def _prompt(self, now: float, quiet: Quiet) -> None:
        """Say something into a long silence; at last, goodbye."""
        quiet_since = max(
            quiet.agent_stopped_at,
            self._ears.segmenter.last_voiced_at or 0.0,
            self._report.answered_at,
        )
        if not self._reached(self._silence.due_at(quiet_since), now):
            return
        prompt = self._silence.prompt()
        text = self._brief.filled(prompt.text)
        if prompt.final:
            self._closing = End(EndReason.SILENCE)
            self._floor.begin("close", self._acts.goodbye(text), interrupted_by=None)
        else:
            self._say("prompt", [text] if text else [])

    def _say(self, name: str, sentences: list[str]) -> None:
        self._unheard = []
        self._floor.begin(
            name, self._acts.say(sentences), interrupted_by=self._interruption
        )

    def _reply(self, latency: Latency) -> None:
        self._unheard = []
        self._floor.begin(
            "reply",
            self._acts.reply(latency, self._report.replied),
            interrupted_by=self._interruption,
        )

    @property
    def _interruption(self) -> float:
        return self._agent.speech_config.turn_taking.interruption_min_duration

    def _latency(self) -> Latency:
        return Latency(
            callee_stopped_at=self._ears.segmenter.last_voiced_at,
            final_text_at=self._ears.words.final_at,
        )

    def _take_words(self, now: float) -> None:
        """Write down what the callee has said so far; what follows is a new turn."""
        text, began_at = self._ears.words.take(now)
        if began_at is not None:
            self._dialogue.callee_said(text, began_at=began_at)
            self._report.note_turns()

    def _quiet(self) -> Quiet:
        words, segmenter = self._ears.words, self._ears.segmenter
        return Quiet(
            callee_speaking=segmenter.speaking,
            last_voiced_at=segmenter.last_voiced_at if words.voiced else None,
            words_at=words.arrived_at,
            words_complete=words.complete,
            unfinished=self._phrases.asks_for_more(words.text),
            agent_stopped_at=self._floor.stopped_at,
        )

    def _reached(self, instant: float, now: float) -> bool:
        """Whether `instant` has come; if not, the loop wakes when it does."""
        if now >= instant:
            return True
        self._due = min(self._due, instant)
        return False

    def _end_of_leg(self, ended: Ended) -> End:
        if self._closing is not None:  # decided before; the callee was only quicker
            return self._closing
        if ended.by == "callee":
            return End(EndReason.CUSTOMER_HANGUP)
        if ended.by == "us" and self._asked_to_close is not None:
            return End(self._asked_to_close[1])
        return End(EndReason.INFRASTRUCTURE)

    async def _hear_last_words(self) -> None:
        """Somebody who says "stop calling" and hangs up must still be understood."""
        words = self._ears.words
        if self._leg_over is not None and words.voiced and not words.complete:
            self._ears.ask_for_final_text()
            self._wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORDS_WITHIN):
                    while not words.complete:
                        await self._wake.wait()
                        self._wake.clear()
        self._look_for_opt_out(words.text)
        await self._floor.stop()
        self._take_words(asyncio.get_running_loop().time())

    def _frame(self, frame: Frame, voice: float) -> None:
        pass

    def _window(self, change: SpeechStarted | SpeechEnded | None) -> None:
        self._floor.voice(self._ears.segmenter)
        if change is not None:
            self._wake.set()

    def _words(self, transcript: Transcript, late: str | None) -> None:
        if late is not None:
            self._dialogue.callee_meant(late, at=self._report.answered_at)
            self._report.note_turns()
            self._look_for_opt_out(late)
        elif transcript.is_final:
            self._look_for_opt_out(self._ears.words.text)
        self._wake.set()

    def _look_for_opt_out(self, text: str) -> None:
        if not self._report.opted_out and is_opt_out(text, self._brief.language):
            self._report.callee_opted_out(text)
            self._opt_out_due = True

    def _broken(self, error: ProviderError, for_good: bool) -> None:
        self._report.note(
            Incident(f"{error.provider}_{error.cause}", self._report.clock())
        )
        if for_good:
            self._failure = self._failure or error
            self._wake.set()
