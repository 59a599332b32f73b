"""The dialogue as both sides heard it.

What the agent says is written down as it is queued and cut to what was played when it
is stopped, so that the model and the report never claim words nobody heard.
"""

from dataclasses import dataclass, field
from typing import Literal

from campanile.providers.protocols import ChatMessage, ToolCall

_SECONDS_PER_CHARACTER = 0.065
"""For a sentence whose audio has not wholly arrived; about 15 characters a second."""
_AS_GOOD_AS_WHOLE = 0.06
"""Seconds of a sentence's end that nobody misses: its last sound has died away."""


@dataclass(frozen=True, slots=True)
class Turn:
    role: Literal["user", "assistant"]
    text: str
    started_at: float
    """Seconds since answer."""
    interrupted: bool = False
    """The callee cut it short; `text` ends where the audio did."""


@dataclass(slots=True)
class Piece:
    """One sentence of an utterance and where its audio lies in what the leg plays."""

    text: str
    at: float | None = None
    """`AudioPort.played` at which it begins; None until its first sample is queued."""
    seconds: float = 0.0
    whole: bool = False
    """All of its audio has been queued."""

    def heard(self, played: float) -> str:
        if self.at is None or played <= self.at:
            return ""
        if self.whole and played >= self.at + self.seconds - _AS_GOOD_AS_WHOLE:
            return self.text
        length = self.seconds
        if not self.whole:
            length = max(length, len(self.text) * _SECONDS_PER_CHARACTER)
        words = self.text.split()
        return " ".join(words[: int(len(words) * (played - self.at) / length)])


@dataclass(slots=True)
class Utterance:
    """One message of the agent: sentences, spoken in order."""

    pieces: list[Piece] = field(default_factory=list)
    tool_results: list[tuple[ToolCall, str]] = field(default_factory=list)
    """The tools that the model called with this message, once they have answered."""
    began_at: float | None = None
    """Loop time at which its first sample was queued; None before."""
    interrupted: bool = False
    _heard: str | None = None

    @property
    def text(self) -> str:
        """What was heard once it is closed, before that all that is to be said."""
        if self._heard is not None:
            return self._heard
        return " ".join(piece.text for piece in self.pieces)

    @property
    def closed(self) -> bool:
        return self._heard is not None

    def unheard(self, played: float) -> list[str]:
        """The sentences not wholly heard, each from its beginning."""
        return [
            piece.text for piece in self.pieces if piece.heard(played) != piece.text
        ]

    def close(self, played: float) -> None:
        """Nothing more of it will be played; `played` as of now. May be called twice."""
        if self._heard is None:
            heard = " ".join(filter(None, (p.heard(played) for p in self.pieces)))
            self.interrupted = heard != self.text
            self._heard = heard


@dataclass(slots=True)
class _CalleeTurn:
    text: str
    began_at: float


class Dialogue:
    """What was said so far, in order; times are the loop's and become relative here."""

    def __init__(self) -> None:
        self.answered_at = 0.0
        self._entries: list[_CalleeTurn | Utterance] = []

    @property
    def callee_spoke(self) -> bool:
        """The callee said words, whatever they were."""
        return any(isinstance(e, _CalleeTurn) and e.text for e in self._entries)

    def callee_said(self, text: str, *, began_at: float) -> None:
        """Write down a turn; one that the agent has not audibly answered grows."""
        last = self._last_audible()
        if isinstance(last, _CalleeTurn):
            last.text = f"{last.text} {text}".strip()
        else:
            self._entries.append(_CalleeTurn(text, began_at))

    def callee_meant(self, text: str, *, at: float) -> None:
        """The final text of a turn that was taken before it came.

        Where there is no such turn the voice detector missed it: it came first.
        """
        for entry in reversed(self._entries):
            if isinstance(entry, _CalleeTurn):
                entry.text = text
                return
        self._entries.insert(0, _CalleeTurn(text, at))

    def agent_speaks(self) -> Utterance:
        """A message of the agent that is about to be spoken."""
        utterance = Utterance()
        self._entries.append(utterance)
        return utterance

    def speaking(self) -> Utterance | None:
        """What the agent is saying now, if anything."""
        for entry in reversed(self._entries):
            if isinstance(entry, Utterance) and not entry.closed:
                return entry
        return None

    def close(self, played: float) -> None:
        """Nothing of what the agent was saying will be played any more."""
        for entry in self._entries:
            if isinstance(entry, Utterance):
                entry.close(played)

    def messages(self) -> list[ChatMessage]:
        """The dialogue as the model is to see it.

        A tool that has not answered is not shown: providers refuse a dialogue that
        holds a call without its result.
        """
        messages: list[ChatMessage] = []
        for entry in self._entries:
            if isinstance(entry, _CalleeTurn):
                if entry.text:
                    messages.append(ChatMessage("user", entry.text))
            elif entry.text or entry.tool_results:
                calls = tuple(call for call, _ in entry.tool_results)
                messages.append(ChatMessage("assistant", entry.text, tool_calls=calls))
                messages += [
                    ChatMessage("tool", answer, tool_call_id=call.id)
                    for call, answer in entry.tool_results
                ]
        return messages

    def turns(self) -> tuple[Turn, ...]:
        """The report's transcript: what was heard, without the tools."""
        turns = []
        for entry in self._entries:
            if isinstance(entry, _CalleeTurn) and entry.text:
                turns.append(Turn("user", entry.text, self._since(entry.began_at)))
            if isinstance(entry, Utterance) and entry.text and entry.began_at:
                started = self._since(entry.began_at)
                turns.append(Turn("assistant", entry.text, started, entry.interrupted))
        return tuple(turns)

    def _last_audible(self) -> _CalleeTurn | Utterance | None:
        for entry in reversed(self._entries):
            if isinstance(entry, Utterance) and entry.text:
                return entry
            if isinstance(entry, _CalleeTurn):
                return entry
        return None

    def _since(self, at: float) -> float:
        return round(max(0.0, at - self.answered_at), 3)
