"""Who speaks first, and when (DESIGN D11)."""

import pytest

from .fakes.calls import GREETING, Call, hold, make_agent
from .fakes.line import FakeLine


async def silent(line: FakeLine) -> None:
    await line.hears_out("make it?")
    await line.hangs_up()


async def test_begins_soon_after_the_callees_hello() -> None:
    async def callee(line: FakeLine) -> None:
        await line.waits(0.4)
        await line.says("Hello?", 0.5)
        await silent(line)

    call = await hold(callee)

    text, began, _ = call.line.heard()[0]
    assert text == GREETING
    waited = began - call.line.since_answer(call.line.stopped_talking_at[0])
    assert 0.3 <= waited <= 0.45  # leaves 0.15 s to the network and the real detector


async def test_begins_into_silence_and_reports_when() -> None:
    call = await hold(silent)

    assert 1.2 <= call.line.heard()[0][1] <= 1.25
    assert call.result.timings.began_at == call.line.heard()[0][1]


async def test_does_not_talk_over_a_callee_who_begins_late() -> None:
    async def callee(line: FakeLine) -> None:
        await line.waits(1.0)
        await line.says("Jansen residence, good afternoon.", 1.4)
        await silent(line)

    call = await hold(callee)

    assert 2.6 <= call.line.heard()[0][1] <= 2.9


async def test_lets_a_long_first_utterance_pause() -> None:
    async def callee(line: FakeLine) -> None:
        await line.says("You have reached the office of Doctor Jansen and", 3.2)
        await line.waits(0.8)
        await line.says("I am at the desk, how can I help?", 2.0)
        await silent(line)

    call = await hold(callee)

    assert call.line.heard()[0][1] > 6.0


async def test_an_agent_may_begin_at_once() -> None:
    call = await hold(silent, agent=make_agent(first_speaker="agent"))

    assert call.line.heard()[0][1] <= 0.05


async def test_an_agent_may_wait_for_the_callee() -> None:
    async def callee(line: FakeLine) -> None:
        await line.waits(4.0)
        await line.says("Anybody there?", 0.7)
        await silent(line)

    call = await hold(callee, agent=make_agent(first_speaker="callee"))

    assert 4.9 <= call.line.heard()[0][1] <= 5.2


async def test_an_agent_that_waits_does_not_wait_for_ever() -> None:
    call = await hold(silent, agent=make_agent(first_speaker="callee"))

    assert 7.0 <= call.line.heard()[0][1] <= 7.1


@pytest.mark.parametrize("words", ["Uh-huh.", "Hello? Hello?"])
async def test_a_short_utterance_does_not_cut_the_opening(words: str) -> None:
    async def callee(line: FakeLine) -> None:
        await line.hears("make it?")
        await line.waits(0.5)
        await line.says(words, 0.7)
        await silent(line)

    call = await hold(callee)

    assert not call.line.audio.cleared_at
    assert ("assistant", GREETING) in call.said()
    assert not call.model.asked, "nobody asked anything yet"


async def test_a_long_utterance_does_cut_the_opening() -> None:
    async def callee(line: FakeLine) -> None:
        await line.hears("make it?")
        await line.waits(1.0)
        await line.says("Yes I know, you need not go on, I can make it.", 2.5)
        await line.hears_out("Good.")
        await line.hangs_up()

    call = await hold(callee, "Good.")

    stopped = call.line.heard()[0][2] - call.line.heard()[0][1]
    assert 1.9 <= stopped <= 2.25  # one second of voice, and no more than 0.2 s beyond
    opening = call.result.turns[0]
    assert opening.interrupted
    assert GREETING.startswith(opening.text)
    assert 3 <= len(opening.text.split()) <= 8
    assert call.said()[2] == ("assistant", "Good.")


async def test_without_a_first_message_the_model_opens() -> None:
    async def callee(line: FakeLine) -> None:
        await line.says("Hello?", 0.5)
        await line.hears_out("Who is there?")
        await line.hangs_up()

    call = await hold(callee, "Who is there?", agent=make_agent(first_message=None))

    assert call.said()[:2] == [("user", "Hello?"), ("assistant", "Who is there?")]


async def test_the_first_words_are_written_down_though_their_text_comes_late() -> None:
    def slow(call: Call) -> None:
        call.stt.final_after = 0.9

    async def callee(line: FakeLine) -> None:
        await line.says("Hello?", 0.5)
        await silent(line)

    call = await hold(callee, before=slow)

    assert call.said() == [("user", "Hello?"), ("assistant", GREETING)]
