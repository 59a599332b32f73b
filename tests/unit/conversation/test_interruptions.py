"""The callee talks while the agent does."""

from campanile.conversation.barge_in import DUCKED_GAIN
from campanile.providers.protocols import ChatMessage, ToolCall

from .fakes.calls import hold
from .fakes.line import FakeLine

LONG = "We have Tuesday at nine, Wednesday at ten and Friday at half past four."
END_CALL = ToolCall("1", "end_call", {})


async def answers_yes(line: FakeLine) -> None:
    await line.hears_out("make it?")
    await line.waits(0.4)
    await line.says("No, another day.", 0.8)
    await line.hears("We have")
    await line.waits(1.5)


async def test_ducks_then_falls_silent_and_keeps_what_was_heard() -> None:
    spoke_at: list[float] = []

    async def callee(line: FakeLine) -> None:
        await answers_yes(line)
        spoke_at.append(line.now())
        await line.says("Wednesday is fine.", 1.2)
        await line.hears_out("Booked.")
        await line.hangs_up()

    call = await hold(callee, LONG, "Booked.")

    audio, began = call.line.audio, spoke_at[0]
    ducked = call.line.since_answer(audio.gains[0][0]) - began
    silenced = call.line.since_answer(audio.cleared_at[0]) - began
    assert audio.gains[0][1] == DUCKED_GAIN
    assert 0.13 <= ducked <= 0.22
    assert 0.28 <= silenced <= 0.5
    assert audio.gains[-1][1] == 1.0, "the next reply is not ducked"
    turn = call.result.turns[2]
    assert turn.interrupted
    assert LONG.startswith(turn.text)
    assert turn.text.split()[-1] in ("Wednesday", "nine,", "at")
    assert call.model.asked[1][-2:] == [
        ChatMessage("assistant", turn.text),
        ChatMessage("user", "Wednesday is fine."),
    ]
    assert call.said()[-1] == ("assistant", "Booked.")


async def test_streams_of_the_interrupted_reply_are_cancelled() -> None:
    long_winded = " ".join(["We have Tuesday at nine and many more."] * 12)

    async def callee(line: FakeLine) -> None:
        await answers_yes(line)
        await line.says("Stop, Tuesday is fine.", 1.2)
        await line.hears_out("Booked.")
        await line.hangs_up()

    call = await hold(callee, long_winded, "Booked.")

    assert call.tts.cancelled >= 1
    assert len(call.tts.spoken) < 3 + 12, "most of it was never asked for"


async def test_a_false_alarm_is_unducked_and_the_agent_goes_on() -> None:
    async def callee(line: FakeLine) -> None:
        await answers_yes(line)
        await line.says("", 0.22)
        await line.waits(6)
        await line.hangs_up()

    call = await hold(callee, LONG)

    assert [gain for _, gain in call.line.audio.gains] == [DUCKED_GAIN, 1.0]
    assert not call.line.audio.cleared_at
    assert ("assistant", LONG) in call.said()


async def test_after_a_long_cough_the_agent_says_the_sentence_again() -> None:
    async def callee(line: FakeLine) -> None:
        await answers_yes(line)
        await line.says("", 0.6)
        await line.waits(9)
        await line.hangs_up()

    call = await hold(callee, "Let me see. " + LONG)

    texts = [text for role, text in call.said() if role == "assistant"]
    assert texts[1].startswith("Let me see. We have")
    assert texts[2] == LONG
    resumed = call.line.heard()[-1][1]
    assert resumed - call.line.since_answer(call.line.stopped_talking_at[-1]) < 2.2


async def test_mhm_between_does_not_ask_for_an_answer() -> None:
    async def callee(line: FakeLine) -> None:
        await answers_yes(line)
        await line.says("Mhm.", 0.25)
        await line.hears_out("half past four.")
        await line.waits(3.0)
        await line.hangs_up()

    call = await hold(callee, LONG)

    assert len(call.model.asked) == 1
    assert not call.line.audio.cleared_at


async def test_a_word_during_the_goodbye_does_not_cut_it() -> None:
    goodbye = "Thank you for your time and have a very nice day. Goodbye."

    async def callee(line: FakeLine) -> None:
        await line.hears_out("make it?")
        await line.says("Yes.", 0.5)
        await line.hears("Thank you")
        await line.waits(1.0)
        await line.says("Bye bye.", 0.6)

    call = await hold(callee, [goodbye, END_CALL])

    assert ("assistant", goodbye) in call.said()
    assert call.result.end_reason == "assistant_end_call"


async def test_a_question_during_the_goodbye_keeps_the_call() -> None:
    goodbye = "Thank you for your time and have a very nice day. Goodbye."

    async def callee(line: FakeLine) -> None:
        await line.hears_out("make it?")
        await line.says("Yes.", 0.5)
        await line.hears("Thank you")
        await line.waits(0.5)
        await line.says("Oh wait, where do I have to be?", 1.6)
        await line.hears_out("High Street.")
        await line.waits(2.0)
        await line.hangs_up()

    call = await hold(callee, [goodbye, END_CALL], "At twelve High Street.")

    assert call.said()[-1] == ("assistant", "At twelve High Street.")
    assert call.result.end_reason == "customer_hangup"


async def test_a_television_turned_on_does_not_silence_the_agent_for_good() -> None:
    async def callee(line: FakeLine) -> None:
        await answers_yes(line)
        await line.says("", 30)
        await line.hangs_up()

    call = await hold(callee, LONG)

    texts = [text for role, text in call.said() if role == "assistant"]
    assert texts[1:] == [call.said()[2][1], LONG]
    assert call.result.turns[2].interrupted
