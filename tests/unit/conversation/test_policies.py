"""The pure policies, each by itself."""

import numpy as np
import pytest

from campanile.agents.config import SilencePlan, TurnTaking
from campanile.calls.outcomes import AnsweredBy, Disposition, EndReason
from campanile.conversation.barge_in import BargeIn, Move
from campanile.conversation.outcome import End, answered_by, disposition
from campanile.conversation.silence import SilenceWatch
from campanile.conversation.transcript import Dialogue, Piece, Utterance
from campanile.conversation.turn_taking import Quiet, turn_ends_at
from campanile.conversation.words import CalleeWords
from campanile.providers.protocols import ChatMessage, ToolCall, Transcript

PLAN = TurnTaking(endpointing_min_delay=0.4, endpointing_max_delay=2.0)


def quiet(**changes: object) -> Quiet:
    values = {
        "callee_speaking": False,
        "last_voiced_at": 10.0,
        "words_at": 10.3,
        "words_complete": True,
        "unfinished": False,
        "agent_stopped_at": 5.0,
    }
    return Quiet(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "ends_at"),
    [
        ({}, 10.4),
        ({"words_complete": False}, 10.8),
        ({"unfinished": True}, 12.0),
        ({"callee_speaking": True, "words_complete": False}, None),
        ({"callee_speaking": True}, 12.3),  # a noisy line
        ({"last_voiced_at": None}, 10.7),  # the voice detector missed it
        ({"agent_stopped_at": 10.2}, 11.4),  # said over the agent's end
    ],
)
def test_when_a_turn_ends(changes: dict[str, object], ends_at: float | None) -> None:
    expected = None if ends_at is None else pytest.approx(ends_at)

    assert turn_ends_at(quiet(**changes), PLAN) == expected


def test_barge_in_ducks_then_interrupts() -> None:
    barge_in = BargeIn(needed=0.3, agent_began_at=10.0)

    moves = [
        barge_in.heard(voiced_since=11.0, voiced_seconds=n * 0.032)
        for n in range(1, 11)
    ]

    assert moves[4] is Move.DUCK
    assert moves[9] is Move.INTERRUPT
    assert [move for move in moves if move] == [Move.DUCK, Move.INTERRUPT]


def test_a_line_that_was_noisy_before_does_not_interrupt() -> None:
    barge_in = BargeIn(needed=0.3, agent_began_at=10.0)

    assert barge_in.heard(voiced_since=9.0, voiced_seconds=3.0) is None


def test_silence_prompts_come_round_and_end() -> None:
    plan = SilencePlan(messages=["A", "B"], final_message="Bye", max_attempts=3)
    watch = SilenceWatch(plan)

    assert watch.due_at(100.0) == 107.0
    prompts = [watch.prompt() for _ in range(4)]
    assert [(prompt.text, prompt.final) for prompt in prompts] == [
        ("A", False),
        ("B", False),
        ("A", False),
        ("Bye", True),
    ]
    watch.callee_spoke()
    assert watch.due_at(100.0) == 107.0


@pytest.mark.parametrize(
    ("end", "facts", "expected"),
    [
        (End(EndReason.ASSISTANT_END_CALL), {}, Disposition.COMPLETED),
        (End(EndReason.CUSTOMER_HANGUP), {}, Disposition.COMPLETED),
        (
            End(EndReason.CUSTOMER_HANGUP),
            {"callee_spoke": False},
            Disposition.HUNG_UP,
        ),
        (End(EndReason.SILENCE), {"callee_spoke": False}, Disposition.COMPLETED),
        (
            End(EndReason.SILENCE),
            {"who": AnsweredBy.VOICEMAIL},
            Disposition.VOICEMAIL,
        ),
        (
            End(EndReason.ASSISTANT_END_CALL),
            {"who": AnsweredBy.VOICEMAIL},
            Disposition.COMPLETED,
        ),
        (End(EndReason.INFRASTRUCTURE), {}, Disposition.UNKNOWN),
        (End(EndReason.MAX_DURATION), {"callback_request": ""}, Disposition.CALLBACK),
        (
            End("provider_x_closed", Disposition.AGENT_FAILED),
            {"opted_out": True, "callback_request": "later"},
            Disposition.OPTED_OUT,
        ),
    ],
)
def test_what_a_talk_came_to(
    end: End, facts: dict[str, object], expected: Disposition
) -> None:
    values = {
        "who": AnsweredBy.HUMAN,
        "callee_spoke": True,
        "opted_out": False,
        "callback_request": None,
    }
    assert disposition(end, **(values | facts)) is expected  # type: ignore[arg-type]


def test_whoever_hangs_up_is_a_person_and_whoever_does_nothing_is_unknown() -> None:
    def who(verdict: str | None, spoke: bool, reason: str) -> AnsweredBy:
        return answered_by(verdict, callee_spoke=spoke, end_reason=reason)

    assert who(None, False, EndReason.CUSTOMER_HANGUP) is AnsweredBy.HUMAN
    assert who(None, False, EndReason.SILENCE) is AnsweredBy.UNKNOWN
    assert who("voicemail", True, EndReason.CUSTOMER_HANGUP) is AnsweredBy.VOICEMAIL


def final(text: str, *, asked: bool = False, end: float = 0.0) -> Transcript:
    return Transcript(text, is_final=True, speech_final=asked, duration=end)


def test_words_are_complete_when_the_final_text_covers_the_last_voice() -> None:
    words = CalleeWords()
    words.voice_began(10.0)
    words.heard(final("I can", end=5.0), at=10.9, voiced_until=None)
    assert not words.complete
    words.voice_ended()
    words.heard(final("come.", end=6.1), at=11.0, voiced_until=6.2)

    assert words.complete
    assert words.take(11.4) == ("I can come.", 10.0)
    assert not words.text


def test_an_interim_text_is_replaced_by_the_final_one() -> None:
    words = CalleeWords()
    words.voice_began(10.0)
    words.heard(Transcript("eye can", is_final=False), at=10.5, voiced_until=None)
    assert words.text == "eye can"
    words.heard(final("I can.", asked=True), at=11.0, voiced_until=5.0)

    assert words.text == "I can."


def test_late_words_mend_the_turn_that_was_taken() -> None:
    words = CalleeWords()
    words.voice_began(10.0)
    words.heard(final("I can"), at=10.5, voiced_until=None)
    words.heard(Transcript("cum", is_final=False), at=10.8, voiced_until=None)
    words.take(11.0)

    late = words.heard(final("come."), at=11.3, voiced_until=1.0)

    assert late == "I can come."
    assert not words.text


def test_what_was_heard_of_a_sentence_is_counted_in_words() -> None:
    piece = Piece("one two three four", at=2.0, seconds=4.0, whole=True)

    assert piece.heard(2.0) == ""
    assert piece.heard(4.1) == "one two"
    assert piece.heard(5.97) == "one two three four"


def test_of_audio_still_arriving_no_more_is_claimed_than_was_played() -> None:
    piece = Piece("one two three four five six seven eight", at=0.0, seconds=0.5)

    assert len(piece.heard(0.5).split()) <= 2


def test_the_dialogue_shows_a_tool_only_with_its_answer() -> None:
    dialogue = Dialogue()
    dialogue.callee_said("Is Monday free?", began_at=1.0)
    utterance = dialogue.agent_speaks()
    assert dialogue.messages() == [ChatMessage("user", "Is Monday free?")]

    call = ToolCall("1", "find", {})
    utterance.tool_results.append((call, "yes"))

    assert dialogue.messages()[1:] == [
        ChatMessage("assistant", "", tool_calls=(call,)),
        ChatMessage("tool", "yes", tool_call_id="1"),
    ]


def test_an_utterance_nobody_heard_is_not_in_the_transcript() -> None:
    dialogue = Dialogue()
    utterance = dialogue.agent_speaks()
    utterance.pieces.append(Piece("Hello there.", at=3.0, seconds=1.0, whole=True))
    utterance.began_at = 5.0
    dialogue.close(played=3.0)
    dialogue.callee_said("Hello?", began_at=6.0)

    assert [turn.text for turn in dialogue.turns()] == ["Hello?"]
    assert isinstance(utterance, Utterance)
    assert np.isclose(dialogue.turns()[0].started_at, 6.0)
