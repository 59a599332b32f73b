"""One call's dialogue, from answer to goodbye: a loop over small policies.

The loop wakes when something was heard, an act of the agent is over, somebody asked for
the end, or a policy's instant has come; then it asks the policies, in order, what to do.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from campanile.audio.frames import FRAME_SECONDS, Frame
from campanile.calls.outcomes import Disposition, EndReason, provider_failure
from campanile.conversation.answering import LEFT, Answering
from campanile.conversation.barge_in import OPENING_INTERRUPTION
from campanile.conversation.brief import Brief
from campanile.conversation.journal import Incident, Journal, NoJournal
from campanile.conversation.listening import Listener, Vad
from campanile.conversation.machines import MachineWatch
from campanile.conversation.opt_out import Wish, is_opt_out_after
from campanile.conversation.outcome import End, Outcome
from campanile.conversation.preparation import (
    RENDERINGS,
    Prepared,
    Renderings,
    Sentence,
)
from campanile.conversation.stage import Stage
from campanile.conversation.talking import Talking
from campanile.conversation.tools import RunTool
from campanile.media.turns import SpeechEnded, SpeechStarted
from campanile.providers.errors import ProviderError
from campanile.providers.protocols import Providers, Transcript
from campanile.telephony.line import AudioPort, Ended, GatewayError

NO_AUDIO_AFTER = 5.0
"""Seconds after answer without a single frame from the far end."""
LAST_WORDS_WITHIN = 0.8
"""Seconds that the words of a callee who spoke and hung up are waited for: they may be
an opt-out."""


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
        self._stage = Stage(
            brief,
            prepared=prepared,
            audio=audio,
            providers=providers,
            vad=vad,
            journal=journal or NoJournal(),
            listener=Listener(
                frame=self._frame,
                window=self._window,
                words=self._words,
                broken=self._broken,
            ),
            run_tool=run_tool,
            renderings=renderings,
        )
        self._hang_up = hang_up
        self._talking = Talking(self._stage)
        self._watch: MachineWatch
        self._answering: Answering
        self._wish: Wish | None = None
        self._asked_to_close: tuple[str, str] | None = None
        self._failure: ProviderError | None = None
        self._closing: End | None = None
        self._leg_over: Ended | None = None
        self._over = asyncio.Event()

    async def warm_up(self) -> None:
        """Open the transcription while it rings. Raises ProviderError."""
        await self._stage.ears.warm_up()

    async def run(self) -> Outcome:
        """Hold the dialogue, from answer until the leg is hung up."""
        stage = self._stage
        stage.report.answered()
        self._watch = MachineWatch(
            answered_at=stage.report.answered_at,
            language=stage.brief.language,
            wake=stage.alarm.ring,
        )
        self._answering = Answering(stage, self._talking, self._watch)
        try:
            stage.ears.start()
            end = await self._converse()
            await self._hear_last_words()
            if self._leg_over is None:
                with suppress(GatewayError):  # then there is nothing left to hang up
                    await self._hang_up()
        finally:
            self._keep_wish()
            await self.close()
        return stage.report.outcome(end, callback=stage.requests.callback)

    def leg_ended(self, ended: Ended) -> None:
        """The leg is over; `run` returns at once, or when the last words are known."""
        self._leg_over = ended
        self._stage.alarm.ring()

    async def wind_down(self, sentence: str, reason: str) -> None:
        """Say a closing sentence (may be empty) and hang up; returns when it is over.

        `reason` is the EndReason to report. Whoever calls this bounds it.
        """
        if self._asked_to_close is None:
            self._asked_to_close = (sentence, reason)
        self._stage.alarm.ring()
        await self._over.wait()

    async def close(self) -> None:
        """End whatever still runs. May be called twice, and without `run`."""
        await self._stage.close()
        self._over.set()

    async def _converse(self) -> End:
        alarm = self._stage.alarm
        while True:
            alarm.reset()
            end = await self._step(asyncio.get_running_loop().time())
            if end is not None:
                return end
            await alarm.wait()

    async def _step(self, now: float) -> End | None:
        """Look at everything once."""
        if self._leg_over is not None:
            return self._end_of_leg(self._leg_over)
        await self._settle()
        if self._closing is not None:
            return None if self._stage.floor.act else self._closing
        if self._hears_nothing(now):
            return End(EndReason.NO_AUDIO, Disposition.NO_AUDIO)
        if await self._must_close(now) or self._wish is not None:
            return None
        if end := await self._answering.heed(now):
            return end
        return None if self._stage.floor.act else self._begin_next(now)

    def _begin_next(self, now: float) -> End | None:
        """The floor is free: begin what is due, or answer with the end."""
        if self._answering.waiting:
            return self._answering.go_on(now)
        if self._talking.opened:
            self._closing = self._talking.go_on(now)
        else:
            self._talking.open(now, suspicious=self._answering.suspicious)
        return None

    async def _settle(self) -> None:
        """Take note of an act that is over."""
        try:
            settled = await self._stage.floor.settle()
        except ProviderError as error:
            self._failure = self._failure or error
            return
        if settled is None:
            return
        self._stage.report.note_turns()
        if settled.interrupted:
            self._stage.requests.end_call = False  # "oh, wait": the model decides anew
            self._talking.was_cut_off(settled)
        elif self._stage.requests.end_call:
            self._closing = self._closing or End(EndReason.ASSISTANT_END_CALL)

    def _hears_nothing(self, now: float) -> bool:
        due = self._stage.report.answered_at + NO_AUDIO_AFTER
        return not self._stage.ears.any_sound and self._stage.alarm.reached(due, now)

    async def _must_close(self, now: float) -> bool:
        """Begin the goodbye if anything asks for the end of the call."""
        prepared = self._stage.prepared
        if self._wish is not None and self._is_certain(self._wish, now):
            self._keep_wish()
            await self._close(prepared.opt_out_confirmation, End(EndReason.OPT_OUT))
        elif self._asked_to_close is not None:
            sentence, reason = self._asked_to_close
            await self._close(sentence, End(reason))
        elif self._failure is not None:
            failure = provider_failure(self._failure.provider, self._failure.cause)
            await self._close(prepared.fallback, End(failure, Disposition.AGENT_FAILED))
        return self._closing is not None

    async def _close(self, sentence: Sentence | str, end: End) -> None:
        stage = self._stage
        self._closing = end
        await stage.floor.stop()
        stage.take_words(asyncio.get_running_loop().time())
        stage.floor.begin("close", stage.acts.goodbye(sentence), interrupted_by=None)

    def _end_of_leg(self, ended: Ended) -> End:
        if self._closing is not None:  # decided before; the callee was only quicker
            return self._closing
        if self._answering.message_left:
            return LEFT
        if ended.by == "callee":
            return End(EndReason.CUSTOMER_HANGUP)
        if ended.by == "us" and self._asked_to_close is not None:
            return End(self._asked_to_close[1])
        return End(EndReason.INFRASTRUCTURE)

    async def _hear_last_words(self) -> None:
        """Somebody who says "stop calling" and hangs up must still be understood."""
        stage, words = self._stage, self._stage.ears.words
        await stage.floor.stop()
        if self._leg_over is not None and words.voiced and not words.complete:
            stage.ears.ask_for_final_text()
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORDS_WITHIN):
                    while not words.complete:
                        stage.alarm.reset()
                        await stage.alarm.wait()
        self._look_for_opt_out()
        self._keep_wish()  # it is written down before the leg is given up
        stage.take_words(asyncio.get_running_loop().time())

    def _frame(self, frame: Frame, voice: float) -> None:
        audible = self._stage.audio.queued > 0
        self._stage.before.sound(
            FRAME_SECONDS,
            agent_audible=audible,
            callee_speaking=self._stage.ears.segmenter.speaking,
        )
        if not self._watch.over:
            self._watch.frame(frame, voice, agent_audible=audible)

    def _window(self, change: SpeechStarted | SpeechEnded | None) -> None:
        # Both sides' goodbyes overlap; that is no interruption.
        resists = OPENING_INTERRUPTION if self._stage.requests.end_call else 0.0
        self._stage.floor.voice(self._stage.ears.segmenter, resists=resists)
        if isinstance(change, SpeechStarted):
            self._stage.before.voice_began(change.started_at)
        if change is not None:
            self._watch.speech(change)
            self._stage.alarm.ring()

    def _words(self, transcript: Transcript, late: str | None) -> None:
        now = asyncio.get_running_loop().time()
        if transcript.is_final:
            self._watch.words(transcript.text, at=now)
        if late is not None:
            self._stage.dialogue.callee_meant(late, at=self._stage.report.answered_at)
            self._stage.report.note_turns()
        if transcript.is_final:
            self._look_for_opt_out(late)
        self._stage.alarm.ring()

    def _look_for_opt_out(self, late: str | None = None) -> None:
        """Recognised without the model; a machine's "to opt out, press nine" is none.

        `late`: the whole text of the turn that was taken before it came.
        """
        stage, words = self._stage, self._stage.ears.words
        if stage.report.opted_out or self._answering.machine_speaks:
            return
        text = words.text if late is None else late
        if not text:
            return
        if late is None:
            before = stage.before.of(text, at=words.arrived_at)
        else:
            before = stage.before.of_late(text)
        if not is_opt_out_after(before, text, stage.brief.language):
            self._wish = None  # "don't call me", it was, "before six"
        elif self._wish is None:
            now = asyncio.get_running_loop().time()
            self._wish = Wish(" ".join((*before.texts, text)), now)

    def _is_certain(self, wish: Wish, now: float) -> bool:
        segmenter = self._stage.ears.segmenter
        certain_at = wish.certain_at(
            callee_speaking=segmenter.speaking,
            last_voiced_at=segmenter.last_voiced_at,
        )
        return self._stage.alarm.reached(certain_at, now)

    def _keep_wish(self) -> None:
        wish, self._wish = self._wish, None
        if wish is not None:
            self._stage.report.callee_opted_out(wish.text)

    def _broken(self, error: ProviderError, for_good: bool) -> None:
        report = self._stage.report
        report.note(Incident(f"{error.provider}_{error.cause}", report.clock()))
        if for_good:
            self._failure = self._failure or error
            self._stage.alarm.ring()
