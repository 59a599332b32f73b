"""When the callee's turn is over, and how fast the agent answers."""

import pytest

from campanile.agents.tools import ToolAnswer
from campanile.conversation.journal import Replied
from campanile.providers.protocols import ToolCall, Transcript

from .fakes.calls import Call, hold
from .fakes.line import FakeLine

END_CALL = ToolCall("1", "end_call", {})


def answers_after(call: Call, sentence: str, utterance: int) -> float:
    """Seconds between the end of an utterance and the agent's first sample."""
    began = next(begin for text, begin, _ in call.line.heard() if text == sentence)
    return began - call.line.since_answer(call.line.stopped_talking_at[utterance])


def slow_model(call: Call) -> None:
    call.model.first_token_after = 0.7


async def test_adds_almost_nothing_to_the_providers_delays() -> None:
    async def callee(line: FakeLine) -> None:
        await line.hears_out("make it?")
        await line.waits(0.4)
        await line.says("Yes, I can.", 0.8)
        await line.hears_out("Good.")

    call = await hold(callee, ["Good.", END_CALL])

    # The model (0.2) is asked when the final text is there, 0.37 s after the last voice,
    # while the turn still has 0.03 s to run; then 0.1 s of speech synthesis.
    assert 0.6 <= answers_after(call, "Good.", 0) <= 0.37 + 0.2 + 0.1 + 0.08
    (reply,) = call.entries(Replied)
    assert reply.callee_stopped_at < reply.final_text_at <= reply.turn_taken_at
    assert reply.turn_taken_at < reply.first_token_at < reply.first_sample_at


@pytest.mark.parametrize("guessed", ["Never?", ToolCall("2", "book", {})])
async def test_the_guess_that_a_turn_is_over_is_taken_back_unheard(
    guessed: str | ToolCall,
) -> None:
    tools: list[ToolCall] = []

    async def run_tool(call: ToolCall) -> ToolAnswer:
        tools.append(call)
        return ToolAnswer("done")

    def quick(call: Call) -> None:
        call.stt.final_after = 0.02
        call.model.first_token_after = 0.01
        call.tts.first_audio_after = 0.01

    async def callee(line: FakeLine) -> None:
        await line.hears_out("make it?")
        await line.waits(0.4)
        await line.says("No.", 0.6)
        await line.waits(0.3)
        await line.says("Not on Monday.", 0.9)
        await line.hears_out("Then Tuesday?")
        await line.hangs_up()

    call = await hold(
        callee, [guessed], "Then Tuesday?", before=quick, run_tool=run_tool
    )

    assert len(call.model.asked) == 2
    assert call.said()[1:] == [
        ("user", "No. Not on Monday."),
        ("assistant", "Then Tuesday?"),
    ]
    assert not tools
    assert not call.line.audio.cleared_at, "nothing of it had been audible"


async def test_the_next_sentence_follows_without_a_gap() -> None:
    async def callee(line: FakeLine) -> None:
        await line.hears_out("make it?")
        await line.says("Yes, I can.", 0.8)

    call = await hold(
        callee, ["Good, that is noted now. We are glad to see you. Bye.", END_CALL]
    )

    (_, _, first_ended), (_, second_began, _) = call.line.heard()[1:3]
    assert second_began - first_ended < 0.001


async def test_uses_the_interim_text_when_the_final_one_does_not_come() -> None:
    def never_final(call: Call) -> None:
        call.stt.gives_finals = False

    async def callee(line: FakeLine) -> None:
        await line.hears_out("make it?")
        await line.waits(0.4)
        await line.says("Yes, I can.", 0.8)
        await line.hears_out("Good.")
        await line.hangs_up()

    call = await hold(callee, "Good.", before=never_final)

    assert ("user", "Yes, I can.") in call.said()
    assert answers_after(call, "Good.", 0) < 1.3


async def test_a_late_final_text_is_no_second_turn() -> None:
    def late(call: Call) -> None:
        call.stt.final_after = 1.2

    async def callee(line: FakeLine) -> None:
        await line.hears_out("make it?")
        await line.waits(0.4)
        await line.says("Yes, I can.", 0.8)
        await line.hears_out("Good.")
        await line.waits(1.0)
        await line.hangs_up()

    call = await hold(callee, "Good.", before=late)

    assert [text for role, text in call.said() if role == "user"] == ["Yes, I can."]
    assert len(call.model.asked) == 1


async def test_ignores_noise() -> None:
    async def callee(line: FakeLine) -> None:
        await line.hears_out("make it?")
        await line.waits(0.5)
        await line.says("", 0.7)
        await line.waits(3.0)
        await line.hangs_up()

    call = await hold(callee)

    assert not call.model.asked
    assert len(call.said()) == 1


async def test_a_pause_for_breath_is_not_the_end_of_a_turn() -> None:
    async def callee(line: FakeLine) -> None:
        await line.hears_out("make it?")
        await line.waits(0.4)
        await line.says("I think", 0.6)
        await line.waits(0.3)
        await line.says("I can.", 0.6)
        await line.hears_out("Good.")
        await line.hangs_up()

    call = await hold(callee, "Good.")

    assert ("user", "I think I can.") in call.said()
    assert len(call.model.asked) == 1


async def test_whoever_stops_in_mid_sentence_is_given_time() -> None:
    async def callee(line: FakeLine) -> None:
        await line.hears_out("make it?")
        await line.waits(0.4)
        await line.says("I would rather come on", 1.0)
        await line.waits(1.2)
        await line.says("Tuesday.", 0.6)
        await line.hears_out("Good.")
        await line.hangs_up()

    call = await hold(callee, "Good.")

    assert ("user", "I would rather come on Tuesday.") in call.said()
    assert len(call.model.asked) == 1


async def test_speech_resumed_before_the_answer_joins_the_turn() -> None:
    async def callee(line: FakeLine) -> None:
        await line.hears_out("make it?")
        await line.waits(0.4)
        await line.says("No.", 0.5)
        await line.waits(0.45)  # the model is being asked now
        await line.says("Not this week.", 0.8)
        await line.hears_out("Next week then?")
        await line.hangs_up()

    call = await hold(callee, "Too early.", "Next week then?", before=slow_model)

    assert call.said()[1:] == [
        ("user", "No. Not this week."),
        ("assistant", "Next week then?"),
    ]
    assert call.model.cancelled == 1


async def test_a_cough_while_the_model_thinks_does_not_lose_the_answer() -> None:
    async def callee(line: FakeLine) -> None:
        await line.hears_out("make it?")
        await line.waits(0.4)
        await line.says("Yes.", 0.5)
        await line.waits(0.45)
        await line.says("", 0.45)
        await line.hears_out("Good.")
        await line.hangs_up()

    call = await hold(callee, "Too early.", "Good.", before=slow_model)

    assert call.said()[1:] == [("user", "Yes."), ("assistant", "Good.")]


async def test_an_answer_spoken_into_the_end_of_the_question_counts() -> None:
    async def callee(line: FakeLine) -> None:
        await line.hears("make it?")
        while line.audio.queued > 0.8:
            await line.waits(0.02)
        await line.says("Yes.", 0.4)
        await line.hears_out("Good.")
        await line.hangs_up()

    call = await hold(callee, "Good.")

    assert call.said()[-1] == ("assistant", "Good.")


async def test_what_a_quiet_voice_says_is_heard_though_the_detector_misses_it() -> None:
    async def callee(line: FakeLine) -> None:
        await line.hears_out("make it?")
        await line.hears_out("Good.")
        await line.hangs_up()

    async def recogniser(call: Call) -> None:
        await call.line.hears_out("make it?")
        await call.line.waits(2.0)
        text = Transcript("Yes.", is_final=True, speech_final=True)
        call.stt.streams[0].gives(text)

    call = await hold(callee, "Good.", beside=recogniser)

    assert call.said()[1:] == [("user", "Yes."), ("assistant", "Good.")]
