"""The agent and a machine that answered: wait, leave the message, introduce itself."""

import asyncio

from campanile.audio.frames import seconds
from campanile.calls.outcomes import Disposition, EndReason
from campanile.conversation.journal import MachineHeard
from campanile.conversation.machines import (
    MachineWatch,
    Patience,
    for_mailbox,
    for_music,
    for_screener,
)
from campanile.conversation.outcome import End
from campanile.conversation.stage import Stage
from campanile.conversation.talking import Talking
from campanile.conversation.voicemail import AS_GOOD_AS_LEFT, Reaction, react
from campanile.media.machine import Verdict

LEFT = End(EndReason.VOICEMAIL, Disposition.VOICEMAIL_LEFT)
_MESSAGE = "voicemail message"


class Answering:
    """Heeds the detector; does nothing but note where detection is off."""

    def __init__(self, stage: Stage, talking: Talking, watch: MachineWatch) -> None:
        self._stage = stage
        self._talking = talking
        self._watch = watch
        self._acting = stage.agent.voicemail_detection
        self._patience: Patience | None = None
        self._message_began: float | None = None  # in what the leg has played
        self._introduced = False
        self._person_came = False

    @property
    def machine_speaks(self) -> bool:
        """What is heard now is said by a machine."""
        return self._acting and not (self._watch.human or self._person_came)

    @property
    def waiting(self) -> bool:
        """A machine is on the line: no small talk."""
        return self._patience is not None

    @property
    def suspicious(self) -> bool:
        """Better not to begin speaking yet."""
        return self._acting and self._watch.suspicious

    @property
    def message_left(self) -> bool:
        """The voicemail message was played, or as good as."""
        share = self._share_heard()
        return share is not None and share >= AS_GOOD_AS_LEFT

    async def heed(self, now: float) -> End | None:
        """Act on what the detector has concluded; an End is to be carried out."""
        for event in self._watch.take():
            if isinstance(event, Verdict):
                self._note(event)
            if not self._acting:
                continue
            reaction = react(
                event,
                has_message=self._stage.prepared.voicemail_message is not None,
                message_heard=self._share_heard(),
            )
            if isinstance(reaction, End):
                await self._stage.floor.stop()
                return reaction
            if reaction is not None:
                await self._do(reaction, now)
        return None

    def go_on(self, now: float) -> End | None:
        """While waiting and the floor is free: leave, give up, or find a person there."""
        assert self._patience is not None
        if self.message_left:
            return LEFT
        if self._patience.person_may_come and self._talking.turn_is_over(now):
            self._hear(now)
            return None
        if self._stage.alarm.reached(self._patience.until, now):
            return self._patience.end
        return None

    def _hear(self, now: float) -> None:
        """Somebody said something: the machine itself, or whom it puts through."""
        words, latency = self._stage.ears.words.text, self._stage.latency()
        too_early = self._screened and not self._introduced
        self._stage.take_words(now)
        if too_early or self._watch.is_screeners(words):
            return
        self._patience = None
        self._person_came = True
        self._stage.report.machine = "human"
        if self._talking.opened:
            self._talking.reply(latency)
        else:
            self._talking.greet(latency)

    async def _do(self, reaction: Reaction, now: float) -> None:
        if reaction in (Reaction.WAIT_FOR_MAILBOX, Reaction.WAIT_FOR_SCREENER):
            mailbox = reaction is Reaction.WAIT_FOR_MAILBOX
            self._patience = for_mailbox(now) if mailbox else for_screener(now)
            await self._fall_silent(now)
        elif reaction is Reaction.WAIT_THROUGH_MUSIC:
            self._patience = for_music(now)
            await self._fall_silent(now)
        elif reaction is Reaction.INTRODUCE:
            await self._introduce()
        elif reaction is Reaction.BEGIN_MESSAGE_AGAIN:
            await self._stage.floor.stop()
            self._message_began = None
        else:
            await self._leave_message()

    async def _fall_silent(self, now: float) -> None:
        await self._stage.floor.stop()
        self._talking.forget_cut_off()
        self._stage.take_words(now)

    async def _introduce(self) -> None:
        """Name and reason, once: both are in the first message."""
        if self._introduced or not self.waiting:
            return
        self._introduced = True
        await self._stage.floor.stop()
        self._talking.greet(self._stage.latency())

    async def _leave_message(self) -> None:
        message = self._stage.prepared.voicemail_message
        if message is None or not self.waiting or self._message_began is not None:
            return
        await self._stage.floor.stop()
        self._stage.take_words(asyncio.get_running_loop().time())
        self._message_began = self._stage.audio.played
        self._stage.floor.begin(
            _MESSAGE, self._stage.acts.goodbye(message), interrupted_by=None
        )

    def _share_heard(self) -> float | None:
        message = self._stage.prepared.voicemail_message
        if message is None or self._message_began is None:
            return None
        played = self._stage.audio.played - self._message_began
        return played / max(seconds(message.pcm), 0.001)

    @property
    def _screened(self) -> bool:
        verdict = self._watch.verdict
        return verdict is not None and verdict.answered_by == "screener"

    def _note(self, verdict: Verdict) -> None:
        self._stage.report.machine = verdict.answered_by
        self._stage.report.note(
            MachineHeard(
                verdict.answered_by,
                verdict.provisional,
                verdict.reason,
                round(verdict.at - self._stage.report.answered_at, 3),
            )
        )
