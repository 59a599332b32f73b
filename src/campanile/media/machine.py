"""Who answered: a person, or a machine. Pure; a stream of events beside the agent (D11).

Speech alone never makes a machine, however long it lasts: words, tones and what
follows them do, and whoever is in doubt is a person. A person is provisional until
they have answered the agent twice; a later beep or phrase revises the verdict.
Thresholds are those measured as "d3 with recovery" (reference: speech.md 4).

Feed it the callee's speech, transcript and tones as they come, and call `advance` every
20 ms or so; each call answers what has been concluded by it. All times are seconds on
one clock, `Frame.at`'s.
"""

from dataclasses import dataclass
from typing import Literal

from campanile.media.phrases import Cue, phrases
from campanile.media.tones import Tone, ToneKind
from campanile.media.turns import SpeechEnded, SpeechStarted

SHORT_SPEECH = 2.5
SILENCE_AFTER_SHORT = 0.8
SILENCE_AFTER_MEDIUM = 1.2
LONG_SPEECH = 6.0
SILENCE_AFTER_LONG = 2.5
"""A mailbox beeps within this of its greeting; a person's patience is not longer."""

AFTER_BEEP = 0.35
"""Some mailboxes beep twice; the second beep begins within this."""
WITHOUT_BEEP = 2.75
"""So long after a mailbox's greeting no beep will come any more."""
AFTER_SCREENER = 0.9

HUMAN_ANSWERS = 2
HUMAN_AFTER = 60.0
"""Seconds after answer from which a provisional person is simply one."""
MUSIC_SECONDS = 6.0
MUSIC_SHARE = 0.8
_REMEMBERED = 800  # characters of transcript: a phrase may lie across two finals

AnsweredBy = Literal["human", "voicemail", "screener", "ivr", "fax", "music", "unknown"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What answered, as far as is known. A later one replaces it."""

    answered_by: AnsweredBy
    provisional: bool
    reason: str
    """For people who read logs: `short_utterance`, `beep`, `mailbox_full`,
    `phrase: after the tone`, `sit_vacant`, …; never more of the callee's words."""
    at: float


@dataclass(frozen=True, slots=True)
class BeepEnded:
    """A beep that may be a mailbox's. Who is leaving a message starts it again."""

    at: float
    """When it stopped, to a few ms; it is told later."""


@dataclass(frozen=True, slots=True)
class SpeakNow:
    """The mailbox records, or the screener listens: the moment to say the message."""

    reason: Literal["beep", "no_beep", "screener"]
    at: float


Event = Verdict | BeepEnded | SpeakNow


class MachineDetector:
    """Follows one answered call from its answer on."""

    def __init__(self, *, answered_at: float, language: str = "en") -> None:
        self._answered_at = answered_at
        self._now = answered_at
        self._phrases = phrases(language)
        self._verdict: Verdict | None = None
        self._speaking_since: float | None = None
        self._last_voiced_at: float | None = None
        self._talk_began_at: float | None = None  # speech without a pause to speak of
        self._said = ""
        self._hinted = False
        self._beeps: list[Tone] = []
        self._beep_pending: float | None = None
        self._spoke_for: float | None = None  # the beep or silence already answered
        self._agent_since: float | None = None
        self._agent_stopped_at: float | None = None
        self._answers = 0
        self._unvoiced_sound = 0.0
        self._unvoiced_since: float | None = None

    @property
    def verdict(self) -> Verdict | None:
        """The latest verdict; None while nothing speaks for anything."""
        return self._verdict

    @property
    def suspicious(self) -> bool:
        """Whether it leans towards a machine without having decided: keep quiet."""
        if self._verdict is not None and self._verdict.answered_by == "human":
            return False
        decided = self._verdict is not None and not self._verdict.provisional
        return not decided and (self._hinted or self._talked() >= LONG_SPEECH)

    def speech(self, event: SpeechStarted | SpeechEnded) -> list[Event]:
        """The callee began or stopped speaking."""
        if isinstance(event, SpeechStarted):
            silence = event.started_at - (self._last_voiced_at or event.started_at)
            if self._talk_began_at is None or silence >= SILENCE_AFTER_SHORT:
                self._talk_began_at = event.started_at
            self._speaking_since = event.started_at
            return self.advance(event.at)
        self._count_answer(event)
        self._speaking_since = None
        self._last_voiced_at = event.last_voiced_at
        return self.advance(event.at)

    def heard(self, text: str, *, at: float) -> list[Event]:
        """The callee said `text` (a final transcript)."""
        if self._settled():
            return []
        if self._is("screener", "ivr") and self._phrases.greets(text):
            self._said = ""
            return self._decide("human", True, "put_through", at) + self.advance(at)
        self._said = f"{self._said} {text}"[-_REMEMBERED:]
        found = self._phrases.find(self._said)
        return (self._weigh(*found, at) if found else []) + self.advance(at)

    def tone(self, tone: Tone) -> list[Event]:
        """A tone was heard (from a `ToneTracker` on the callee's audio)."""
        if tone.ended_at < self._answered_at or self._settled():
            return []
        if tone.kind is ToneKind.FAX:
            return self._decide("fax", False, "fax", tone.at)
        if tone.kind.value.startswith("sit_"):
            return self._decide("unknown", False, tone.kind.value, tone.at)
        if tone.kind is not ToneKind.BEEP:
            return []
        self._beeps = [b for b in self._beeps if tone.at - b.at < MUSIC_SECONDS]
        self._beeps.append(tone)
        if self._is_melody():
            self._beep_pending = None
            return self._decide("music", True, "melody", tone.at)
        self._beep_pending = tone.ended_at
        return [BeepEnded(tone.ended_at)]

    def agent(self, speaking: bool, *, at: float) -> list[Event]:
        """The agent began or stopped speaking: its answers tell a person."""
        if speaking:
            self._agent_since = at
        elif self._agent_since is not None:
            undisturbed = (
                self._speaking_since is None
                and (self._last_voiced_at or 0.0) < self._agent_since
            )
            long_enough = at - self._agent_since >= 1.0
            self._agent_stopped_at = at if undisturbed and long_enough else None
            self._agent_since = None
        return self.advance(at)

    def advance(
        self, now: float, *, tone_sounding: bool = False, loud: bool = False
    ) -> list[Event]:
        """Let time pass. `tone_sounding` and `loud` are the `ToneTracker`'s."""
        passed, self._now = now - self._now, max(now, self._now)
        if self._settled():
            return []
        if tone_sounding:
            return []
        return (
            self._after_beep()
            + self._after_speech()
            + self._no_beep()
            + self._music(passed, loud)
            + self._grow_certain()
        )

    def _weigh(self, cue: Cue, words: str, at: float) -> list[Event]:
        """What a phrase changes."""
        reason = f"phrase: {words}"
        match cue:
            case Cue.MAILBOX_FULL:
                return self._decide("voicemail", False, "mailbox_full", at)
            case Cue.SCREENER:
                return self._decide("screener", False, reason, at)
            case Cue.VOICEMAIL if not self._is("screener"):  # it too has a tone
                return self._decide("voicemail", False, reason, at)
            case Cue.IVR if not self._is("screener", "voicemail"):  # they too have keys
                return self._decide("ivr", False, reason, at)
            case Cue.HUMAN if self._verdict is None:
                return self._decide("human", True, reason, at)
            case Cue.VOICEMAIL_HINT:
                self._hinted = True
        return []

    def _after_beep(self) -> list[Event]:
        """A beep that silence follows: something records."""
        ended_at = self._beep_pending
        if ended_at is None or self._now < ended_at + AFTER_BEEP:
            return []
        self._beep_pending = None
        if self._voice_since(ended_at):
            return []
        events: list[Event] = []
        if not self._is("screener", "ivr", "voicemail") or self._is_provisional():
            events += self._decide("voicemail", False, "beep", self._now)
        if self._is("screener", "voicemail") and not self._full():
            self._spoke_for = ended_at
            events.append(SpeakNow("beep", self._now))
        return events

    def _after_speech(self) -> list[Event]:
        """Somebody spoke and now waits, as people do."""
        quiet, talked = self._quiet_for(), self._talked()
        if quiet is None or self._verdict is not None or self._beep_pending is not None:
            return []
        if self._hinted or talked >= LONG_SPEECH:
            needed, reason = SILENCE_AFTER_LONG, "in_doubt_human"
        elif talked > SHORT_SPEECH:
            needed, reason = SILENCE_AFTER_MEDIUM, "medium_utterance"
        else:
            needed, reason = SILENCE_AFTER_SHORT, "short_utterance"
        if quiet < needed:
            return []
        return self._decide("human", True, reason, self._now)

    def _no_beep(self) -> list[Event]:
        """A mailbox or a screener that says no more, and does not beep."""
        quiet = self._quiet_for()
        if quiet is None or self._last_voiced_at is None or self._full():
            return []
        if (self._spoke_for or 0.0) >= self._last_voiced_at:
            return []
        # Once: what a mailbox says while or after it records asks for no message.
        unsaid = self._spoke_for is None
        mailbox = self._is("voicemail") and unsaid and quiet >= WITHOUT_BEEP
        screener = self._is("screener") and quiet >= AFTER_SCREENER
        if not (mailbox or screener) or self._beep_pending is not None:
            return []
        self._spoke_for = self._last_voiced_at
        return [SpeakNow("no_beep" if mailbox else "screener", self._now)]

    def _music(self, passed: float, loud: bool) -> list[Event]:
        """Sound for seconds on end that is neither voice nor a single tone."""
        if self._speaking_since is not None or self._unvoiced_since is None:
            self._unvoiced_since, self._unvoiced_sound = self._now, 0.0
            return []
        if loud:
            self._unvoiced_sound += passed
        lasted = self._now - self._unvoiced_since
        if lasted < MUSIC_SECONDS:
            return []
        filled = self._unvoiced_sound >= MUSIC_SHARE * lasted
        self._unvoiced_since = None
        if not filled or self._verdict is not None:
            return []  # a person who listens in a noisy place sounds like that too
        return self._decide("music", True, "music", self._now)

    def _grow_certain(self) -> list[Event]:
        if not self._is("human") or self._speaking_since is not None:
            return []
        if self._answers >= HUMAN_ANSWERS:
            return self._decide("human", False, "answers", self._now)
        if self._now - self._answered_at >= HUMAN_AFTER:
            return self._decide("human", False, "time", self._now)
        return []

    def _count_answer(self, event: SpeechEnded) -> None:
        """Count an utterance that answers the agent, as a mailbox would not: it talks
        on while the agent speaks."""
        asked_at, self._agent_stopped_at = self._agent_stopped_at, None
        if asked_at is not None and event.started_at > asked_at - 0.2:
            self._answers += 1

    def _decide(
        self, answered_by: AnsweredBy, provisional: bool, reason: str, at: float
    ) -> list[Event]:
        before = self._verdict
        news = (answered_by, provisional, reason == "mailbox_full")
        if before is not None and news == (
            before.answered_by,
            before.provisional,
            before.reason == "mailbox_full",
        ):
            return []
        self._verdict = Verdict(answered_by, provisional, reason, at)
        return [self._verdict]

    def _is(self, *answered_by: AnsweredBy) -> bool:
        return self._verdict is not None and self._verdict.answered_by in answered_by

    def _is_provisional(self) -> bool:
        return self._verdict is not None and self._verdict.provisional

    def _settled(self) -> bool:
        return self._is("human", "fax") and not self._is_provisional()

    def _full(self) -> bool:
        return self._verdict is not None and self._verdict.reason == "mailbox_full"

    def _is_melody(self) -> bool:
        notes = {round(beep.frequencies[0] / 25) for beep in self._beeps}
        return len(self._beeps) >= 4 and len(notes) >= 3

    def _talked(self) -> float:
        """Seconds of the present or latest stretch of speech, short pauses included."""
        if self._talk_began_at is None:
            return 0.0
        if self._speaking_since is not None:
            return self._now - self._talk_began_at
        return (self._last_voiced_at or self._talk_began_at) - self._talk_began_at

    def _quiet_for(self) -> float | None:
        """Seconds since the callee stopped; None while they speak or never did."""
        if self._speaking_since is not None or self._last_voiced_at is None:
            return None
        return self._now - self._last_voiced_at

    def _voice_since(self, at: float) -> bool:
        return self._speaking_since is not None or (self._last_voiced_at or 0.0) > at
