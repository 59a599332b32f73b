"""The one thing that the agent does at a time: speak, think, leave a message, close.

Whoever begins an act is told its end by `settle`; the callee's voice may interrupt it,
which silences the leg at once and cancels the act when the conversation next looks.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from campanile.conversation.barge_in import DUCKED_GAIN, BargeIn, Move
from campanile.conversation.streams import cancel_and_wait
from campanile.conversation.transcript import Dialogue
from campanile.media.turns import SpeechSegmenter
from campanile.telephony.line import AudioPort


@dataclass(frozen=True, slots=True)
class Settled:
    """An act is over. What it raised is raised by `settle` instead."""

    name: str
    interrupted: bool
    unheard: list[str]
    """The sentences of an interrupted act that were not wholly heard; empty, too, when
    it had not yet said anything."""


@dataclass(slots=True)
class _Act:
    name: str
    task: asyncio.Task[None]
    barge_in: BargeIn | None
    withdrawn_until: float


class Floor:
    def __init__(
        self,
        audio: AudioPort,
        dialogue: Dialogue,
        wake: Callable[[], None],
        *,
        call_id: str = "",
    ) -> None:
        self._audio = audio
        self._dialogue = dialogue
        self._wake = wake
        self._call_id = call_id
        self._act: _Act | None = None
        self._interrupted = False
        self.finished_at = 0.0
        """Loop time at which the agent last finished what it did, 0 before; an act that
        was interrupted does not count, for then the callee has the floor already."""

    @property
    def act(self) -> str:
        """The name of what is being done; empty when the floor is free."""
        return self._act.name if self._act else ""

    def begin(
        self,
        name: str,
        work: Coroutine[Any, Any, None],
        *,
        interrupted_by: float | None,
        withdrawn_until: float = 0.0,
    ) -> None:
        """Do `work`. `interrupted_by`: seconds of voice that stop it; None: nothing.

        Before `withdrawn_until` (loop time) any beginning of speech stops it: it was
        begun on the guess that the callee had finished.
        """
        assert self._act is None, "the agent does one thing at a time"
        now = asyncio.get_running_loop().time()
        barge_in = None
        if interrupted_by is not None:
            barge_in = BargeIn(needed=interrupted_by, agent_began_at=now)
        task = asyncio.create_task(work, name=f"{name} {self._call_id}")
        task.add_done_callback(lambda _: self._wake())
        self._act = _Act(name, task, barge_in, withdrawn_until)

    def voice(self, segmenter: SpeechSegmenter, *, resists: float = 0.0) -> None:
        """Look at the callee's voice after each window: duck, restore, or fall silent.

        `resists`: at least so many seconds of voice are needed, whatever the act says.
        """
        if self._act is None or self._act.barge_in is None or self._interrupted:
            return
        move = self._act.barge_in.heard(
            voiced_since=segmenter.voiced_since,
            voiced_seconds=segmenter.voiced_seconds,
            at_least=resists,
        )
        now = asyncio.get_running_loop().time()
        if segmenter.speaking and now < self._act.withdrawn_until:
            move = Move.INTERRUPT
        if move is Move.DUCK:
            self._audio.duck(DUCKED_GAIN)
        elif move is Move.RESTORE:
            self._audio.duck(1.0)
        elif move is Move.INTERRUPT:
            self._interrupted = True
            self._audio.clear()
            self._wake()

    async def settle(self) -> Settled | None:
        """The act that ended since it was last asked; raises what it raised."""
        act = self._act
        if act is None or not (self._interrupted or act.task.done()):
            return None
        interrupted, unheard = self._interrupted, []
        if interrupted:
            unheard = await self.stop()
        else:
            self._over()
            self.finished_at = asyncio.get_running_loop().time()
            act.task.result()
        return Settled(act.name, interrupted, unheard)

    async def stop(self) -> list[str]:
        """Fall silent now; answers the sentences that were not wholly heard."""
        act = self._act
        if act is None:
            return []
        self._audio.clear()
        await cancel_and_wait(act.task)
        self._audio.clear()  # what it queued while it was being cancelled
        speaking = self._dialogue.speaking()
        begun = speaking is not None and speaking.began_at is not None
        unheard = speaking.unheard(self._audio.played) if speaking and begun else []
        self._over()
        return unheard

    def _over(self) -> None:
        self._act = None
        self._interrupted = False
        self._audio.duck(1.0)
        self._dialogue.close(self._audio.played)
