"""What the agent does when it has the floor to itself and a person may be there:
open, answer a turn, go on after a cough, or say something into a long silence."""

from campanile.calls.outcomes import EndReason
from campanile.conversation.barge_in import OPENING_INTERRUPTION
from campanile.conversation.floor import Settled
from campanile.conversation.journal import Latency
from campanile.conversation.opening import FirstVoice, begin_at
from campanile.conversation.outcome import End
from campanile.conversation.phrases import phrases
from campanile.conversation.silence import SilenceWatch
from campanile.conversation.stage import Stage
from campanile.conversation.turn_taking import Quiet, noise_ends_at, turn_ends_at

HEAD_START = 0.3
"""Seconds before a turn's end at which the model is asked, if the words are complete;
should the callee go on, the reply is taken back before anybody has heard of it."""
NOISE_AFTER = 15.0
"""Seconds of voice without a word after which it does not count as speech."""
BACKCHANNEL_BEFORE_END = 1.0
"""An "okay" this long before the agent's last word was no answer to it."""


class Talking:
    """To be asked only while the floor is free; begins at most one act at a time."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._speech = stage.agent.speech_config
        self._silence = SilenceWatch(self._speech.silence)
        self._phrases = phrases(stage.brief.language)
        self.opened = False
        """The first message, or what stands for it, has been begun."""
        self._cut_off: list[str] | None = None

    def open(self, now: float, *, suspicious: bool) -> None:
        """Speak first, when it is time to (D11)."""
        stage = self._stage
        segmenter = stage.ears.segmenter
        begin = begin_at(
            stage.agent.first_speaker,
            answered_at=stage.report.answered_at,
            voice=FirstVoice(
                segmenter.speaking,
                stage.ears.first_voice_at,
                segmenter.last_voiced_at,
            ),
            suspicious=suspicious,
        )
        if begin is None or not stage.alarm.reached(begin, now):
            return
        latency = stage.latency()
        stage.take_words(now)
        self.greet(latency)

    def greet(self, latency: Latency) -> None:
        """Say the first message; without one the model opens."""
        self.opened = True
        first = self._stage.prepared.first_message
        if first is None:
            self.reply(latency)
            return
        self._stage.floor.begin(
            "opening",
            self._stage.acts.play(first),
            interrupted_by=OPENING_INTERRUPTION,
        )

    def was_cut_off(self, settled: Settled) -> None:
        """Remember what the callee's voice stopped, in case it was only a cough."""
        again = bool(settled.unheard) or settled.name == "reply"
        self._cut_off = settled.unheard if again else None

    def forget_cut_off(self) -> None:
        """What was being said is not to be said any more."""
        self._cut_off = None

    def go_on(self, now: float) -> End | None:
        """Do what is due; an End is to be carried out once the agent has said so."""
        quiet, plan = self._quiet(), self._speech.turn_taking
        reached = self._stage.alarm.reached
        if self._stage.ears.words.text:
            end = turn_ends_at(quiet, plan)
            guess = quiet.words_complete and not quiet.callee_speaking
            ahead = HEAD_START if guess else 0.0
            if end is not None and reached(end - ahead, now):
                self._take_turn(now, quiet, end)
        elif self._cut_off is not None:
            end = noise_ends_at(quiet, plan)
            if end is None:  # a television that has just been turned on
                began = self._stage.ears.segmenter.voiced_since
                end = now if began is None else began + NOISE_AFTER
            if reached(end, now):
                self._resume(self._cut_off)
        elif self._stage.agent.autonomous_silence_handling:
            return self._break_silence(now, quiet)
        return None

    def turn_is_over(self, now: float) -> bool:
        """The callee has said words and finished."""
        if not self._stage.ears.words.text:
            return False
        end = turn_ends_at(self._quiet(), self._speech.turn_taking)
        return end is not None and self._stage.alarm.reached(end, now)

    def reply(self, latency: Latency, *, not_before: float = 0.0) -> None:
        """Let the model answer; inaudibly until `not_before` (loop time)."""
        self._cut_off = None
        stage = self._stage
        stage.floor.begin(
            "reply",
            stage.acts.reply(latency, stage.report.replied, not_before=not_before),
            interrupted_by=self._speech.turn_taking.interruption_min_duration,
            withdrawn_until=not_before,
        )

    def _resume(self, unheard: list[str]) -> None:
        """It was noise: say what it cut off, or answer what it kept from an answer."""
        if unheard:
            self._say("resume", unheard)
        else:
            self.reply(self._stage.latency())

    def _take_turn(self, now: float, quiet: Quiet, ends_at: float) -> None:
        text = self._stage.ears.words.text
        latency = self._stage.latency()
        self._stage.take_words(now)
        self._silence.callee_spoke()
        stopped = now if quiet.last_voiced_at is None else quiet.last_voiced_at
        early = stopped < quiet.agent_stopped_at - BACKCHANNEL_BEFORE_END
        if not (early and self._phrases.is_backchannel(text)):
            self.reply(latency, not_before=ends_at)

    def _break_silence(self, now: float, quiet: Quiet) -> End | None:
        quiet_since = self._quiet_since(now, quiet)
        if quiet_since is None:
            return None
        if not self._stage.alarm.reached(self._silence.due_at(quiet_since), now):
            return None
        prompt = self._silence.prompt()
        text = self._stage.brief.filled(prompt.text)
        if not prompt.final:
            self._say("prompt", [text] if text else [])
            return None
        goodbye = self._stage.acts.goodbye(text)
        self._stage.floor.begin("close", goodbye, interrupted_by=None)
        return End(EndReason.SILENCE)

    def _quiet_since(self, now: float, quiet: Quiet) -> float | None:
        """When both fell silent; None while the callee speaks. What sounds like a voice
        for long without a word in it is a television, not a callee."""
        segmenter = self._stage.ears.segmenter
        floor_free = max(quiet.agent_stopped_at, self._stage.report.answered_at)
        if not quiet.callee_speaking:
            return max(floor_free, quiet.words_at, segmenter.last_voiced_at or 0.0)
        wordless_from = max(floor_free, quiet.words_at, segmenter.voiced_since or 0.0)
        if not self._stage.alarm.reached(wordless_from + NOISE_AFTER, now):
            return None
        return max(floor_free, quiet.words_at)

    def _say(self, name: str, sentences: list[str]) -> None:
        self._cut_off = None
        self._stage.floor.begin(
            name,
            self._stage.acts.say(sentences),
            interrupted_by=self._speech.turn_taking.interruption_min_duration,
        )

    def _quiet(self) -> Quiet:
        words, segmenter = self._stage.ears.words, self._stage.ears.segmenter
        return Quiet(
            callee_speaking=segmenter.speaking,
            last_voiced_at=segmenter.last_voiced_at if words.voiced else None,
            words_at=words.arrived_at,
            words_complete=words.complete,
            unfinished=self._phrases.asks_for_more(words.text),
            agent_stopped_at=self._stage.floor.finished_at,
        )
