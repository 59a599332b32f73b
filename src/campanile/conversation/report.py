"""What is kept of a conversation: its journal while it goes on, its outcome at the end."""

import asyncio

from campanile.conversation.journal import (
    Entry,
    Journal,
    Latency,
    OptedOut,
    Replied,
    TurnTaken,
)
from campanile.conversation.outcome import (
    End,
    Outcome,
    Timings,
    answered_by,
    disposition,
)
from campanile.conversation.transcript import Dialogue, Turn


class Report:
    """Times in it are seconds since answer."""

    def __init__(self, dialogue: Dialogue, journal: Journal) -> None:
        self._dialogue = dialogue
        self._journal = journal
        self._turns: list[Turn] = []
        self._replies: list[Replied] = []
        self.answered_at = 0.0
        """Loop time."""
        self.opted_out = False
        self.machine: str | None = None
        """The answering-machine detector's latest verdict, an AnsweredBy."""

    def answered(self) -> None:
        self.answered_at = self._dialogue.answered_at = self._now()

    def clock(self) -> float:
        """Seconds since answer."""
        return round(self._now() - self.answered_at, 3)

    def note(self, entry: Entry) -> None:
        self._journal.note(entry)

    def note_turns(self) -> None:
        """Tell the journal which turns are new or have changed."""
        turns = self._dialogue.turns()
        for number, turn in enumerate(turns):
            if number >= len(self._turns) or self._turns[number] != turn:
                self._journal.note(TurnTaken(number, turn))
        self._turns = list(turns)

    def replied(self, latency: Latency) -> None:
        entry = latency.entry(self.answered_at)
        self._replies.append(entry)
        self._journal.note(entry)

    def callee_opted_out(self, text: str) -> None:
        self.opted_out = True
        self._journal.note(OptedOut(text, self.clock()))

    def outcome(self, end: End, *, callback: str | None) -> Outcome:
        """To be asked when everything is over."""
        self.note_turns()
        spoke = self._dialogue.callee_spoke
        who = answered_by(self.machine, callee_spoke=spoke, end_reason=end.reason)
        turns = self._dialogue.turns()
        agent = (turn.started_at for turn in turns if turn.role == "assistant")
        return Outcome(
            disposition=disposition(
                end,
                who=who,
                callee_spoke=spoke,
                opted_out=self.opted_out,
                callback_request=callback,
            ),
            answered_by=who,
            end_reason=end.reason,
            turns=turns,
            callback_request=callback,
            opted_out=self.opted_out,
            callee_spoke=spoke,
            timings=Timings(next(agent, None), self.clock(), tuple(self._replies)),
        )

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
