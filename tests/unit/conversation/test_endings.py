"""Who or what ends a call, and what it then came to (DESIGN.md 7)."""

import asyncio

import pytest

from campanile.agents.tools import ToolAnswer
from campanile.calls.outcomes import AnsweredBy, Disposition
from campanile.conversation.journal import OptedOut, ToolUsed
from campanile.providers.protocols import ToolCall
from campanile.telephony.line import Ended

from .fakes.calls import GREETING, Call, hold, make_agent
from .fakes.line import FakeLine

END_CALL = ToolCall("1", "end_call", {})


async def says_yes(line: FakeLine) -> None:
    await line.hears_out("make it?")
    await line.waits(0.4)
    await line.says("Yes, I can.", 0.8)


async def test_end_call_without_a_word_says_the_agents_closing_sentence() -> None:
    agent = make_agent(speech_config={"end_call_message": "Bye, {{first_name}}."})

    call = await hold(says_yes, [END_CALL], agent=agent)

    assert call.said()[-1] == ("assistant", "Bye, Anna.")
    assert call.result.end_reason == "assistant_end_call"


async def test_a_callback_is_noted_in_the_callees_words() -> None:
    request = ToolCall("7", "request_callback", {"when": "tomorrow at ten"})

    call = await hold(says_yes, [request], ["Until tomorrow. Goodbye.", END_CALL])

    assert call.result.disposition is Disposition.CALLBACK
    assert call.result.callback_request == "tomorrow at ten"
    assert call.entries(ToolUsed)[0].name == "request_callback"


@pytest.mark.parametrize(
    ("language", "words", "answer"),
    [
        ("en", "Please take me off your list.", "Understood, we will not call you"),
        ("en-GB", "Stop calling me!", "Understood, we will not call you"),
        ("nl", "Bel me niet meer.", "Begrepen, wij bellen u niet meer"),
    ],
)
async def test_an_opt_out_needs_no_model(
    language: str, words: str, answer: str
) -> None:
    async def callee(line: FakeLine) -> None:
        await line.hears_out("make it?")
        await line.waits(0.4)
        await line.says(words, 1.2)

    call = await hold(callee, agent=make_agent(stt_config={"language": language}))

    assert call.result.disposition is Disposition.OPTED_OUT
    assert call.result.opted_out
    assert call.result.end_reason == "opt_out"
    assert call.said()[-1][1].startswith(answer)
    assert not call.model.asked
    (noted,) = call.entries(OptedOut)
    assert call.line.hung_up_at is not None
    assert noted.at < call.line.since_answer(call.line.hung_up_at)


async def test_an_opt_out_over_the_opening_stops_it() -> None:
    async def callee(line: FakeLine) -> None:
        await line.says("Hello?", 0.5)
        await line.hears("make it?")
        await line.waits(0.5)
        await line.says("Stop calling me.", 0.9)

    call = await hold(callee)

    assert call.result.disposition is Disposition.OPTED_OUT
    assert call.result.turns[1].interrupted


async def test_an_opt_out_shouted_before_hanging_up_counts() -> None:
    def slow(call: Call) -> None:
        call.stt.gives_interims = False
        call.stt.final_after = 0.5

    async def callee(line: FakeLine) -> None:
        await line.hears_out("make it?")
        await line.waits(0.4)
        await line.says("Never call me again!", 1.0)
        await line.waits(0.1)
        await line.hangs_up()

    call = await hold(callee, before=slow)

    assert call.result.disposition is Disposition.OPTED_OUT
    assert call.result.end_reason == "customer_hangup"
    assert call.said()[-1] == ("user", "Never call me again!")


async def test_hanging_up_in_mid_sentence_keeps_what_was_heard() -> None:
    async def callee(line: FakeLine) -> None:
        await says_yes(line)
        await line.hears("Thank you")
        await line.waits(1.0)
        await line.hangs_up()

    call = await hold(callee, "Thank you so very much for your time today.")

    last = call.result.turns[-1]
    assert last.interrupted
    assert last.text in ("Thank you so", "Thank you")
    assert call.result.end_reason == "customer_hangup"
    assert call.result.disposition is Disposition.COMPLETED
    assert call.line.hung_up_at is None, "there was nothing left to hang up"


async def test_hanging_up_before_saying_anything_is_its_own_outcome() -> None:
    async def callee(line: FakeLine) -> None:
        await line.hears("make it?")
        await line.waits(2.0)
        await line.hangs_up()

    call = await hold(callee)

    assert call.result.disposition is Disposition.HUNG_UP
    assert call.result.answered_by is AnsweredBy.HUMAN
    assert call.result.turns[0].interrupted
    assert GREETING.startswith(call.result.turns[0].text)


async def test_a_lost_gateway_leaves_the_outcome_unknown() -> None:
    async def beside(call: Call) -> None:
        await asyncio.sleep(4)
        call.conversation.leg_ended(Ended(0, "lost", "gateway"))

    async def callee(line: FakeLine) -> None:
        await line.waits(60)

    call = await hold(callee, beside=beside)

    assert call.result.disposition is Disposition.UNKNOWN
    assert call.result.end_reason == "infrastructure"


async def test_the_watchdog_closes_with_a_sentence() -> None:
    async def beside(call: Call) -> None:
        await call.line.hears("Once upon")
        await call.line.waits(2.0)
        began = call.line.now()
        await call.conversation.wind_down("I have to go. Goodbye.", "max_duration")
        assert call.line.now() - began < 4.0

    call = await hold(says_yes, "Once upon a time. " * 30, beside=beside)

    assert call.said()[-1] == ("assistant", "I have to go. Goodbye.")
    assert call.result.turns[-2].interrupted
    assert call.result.end_reason == "max_duration"
    assert call.result.disposition is Disposition.COMPLETED


async def test_no_audio_at_all_is_its_own_outcome() -> None:
    def mute(call: Call) -> None:
        call.line.muted = True

    async def callee(line: FakeLine) -> None:
        await line.waits(60)

    call = await hold(callee, before=mute)

    assert call.result.disposition is Disposition.NO_AUDIO
    assert call.result.end_reason == "no_audio"
    assert call.line.hung_up_at is not None
    assert 5.0 <= call.line.since_answer(call.line.hung_up_at) <= 5.1


async def test_a_tool_is_asked_and_its_answer_used() -> None:
    asked: list[ToolCall] = []
    find = ToolCall("9", "find_slot", {"day": "tuesday"})

    async def run_tool(call: ToolCall) -> ToolAnswer:
        asked.append(call)
        await asyncio.sleep(0.5)
        return ToolAnswer('{"time": "half past nine"}')

    async def callee(line: FakeLine) -> None:
        await says_yes(line)
        await line.hears_out("half past nine.")
        await line.hangs_up()

    call = await hold(
        callee,
        ["Let me look.", find],
        "We have half past nine.",
        run_tool=run_tool,
    )

    assert asked == [find]
    called, answered = call.model.asked[1][-2:]
    assert called.content == "Let me look."
    assert called.tool_calls == (find,)
    assert (answered.role, answered.tool_call_id) == ("tool", "9")
    assert call.said()[-2:] == [
        ("assistant", "Let me look."),
        ("assistant", "We have half past nine."),
    ]
    (used,) = call.entries(ToolUsed)
    assert used.seconds == pytest.approx(0.5, abs=0.01)


async def test_a_tool_is_not_asked_twice_because_the_callee_spoke() -> None:
    asked: list[ToolCall] = []
    book = ToolCall("9", "book", {})

    async def run_tool(call: ToolCall) -> ToolAnswer:
        asked.append(call)
        await asyncio.sleep(3.0)
        return ToolAnswer("booked")

    async def callee(line: FakeLine) -> None:
        await says_yes(line)
        await line.waits(1.2)
        await line.says("Are you still busy?", 1.0)
        await line.hears_out("It is booked.")
        await line.hangs_up()

    call = await hold(callee, [book], "It is booked.", run_tool=run_tool)

    assert len(asked) == 1
    roles = [message.role for message in call.model.asked[1]]
    assert roles == ["system", "assistant", "user", "assistant", "tool"]


async def test_a_model_that_only_calls_tools_is_made_to_speak() -> None:
    async def run_tool(call: ToolCall) -> ToolAnswer:
        return ToolAnswer("nothing")

    async def callee(line: FakeLine) -> None:
        await says_yes(line)
        await line.hears_out("I give up.")
        await line.hangs_up()

    looking = [[ToolCall(str(n), "find_slot", {})] for n in range(4)]
    call = await hold(callee, *looking, "I give up.", run_tool=run_tool)

    assert call.model.offered[-1] == []
