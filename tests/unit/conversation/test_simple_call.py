"""The plain course of a call: greet, listen, answer, say goodbye."""

from campanile.calls.outcomes import AnsweredBy, Disposition
from campanile.providers.protocols import ChatMessage, ToolCall

from .fakes.calls import GREETING, hold
from .fakes.line import FakeLine

END_CALL = ToolCall("1", "end_call", {})


async def test_greets_listens_answers_and_says_goodbye() -> None:
    async def callee(line: FakeLine) -> None:
        await line.says("Hello?", 0.5)
        await line.hears_out("make it?")
        await line.waits(0.5)
        await line.says("Yes, I can.", 0.8)

    call = await hold(callee, ["Great, see you then. Goodbye.", END_CALL])

    assert call.said() == [
        ("user", "Hello?"),
        ("assistant", GREETING),
        ("user", "Yes, I can."),
        ("assistant", "Great, see you then. Goodbye."),
    ]
    assert call.result.disposition is Disposition.COMPLETED
    assert call.result.answered_by is AnsweredBy.HUMAN
    assert call.result.end_reason == "assistant_end_call"
    assert call.model.asked[0] == [
        ChatMessage("system", "You call Anna."),
        ChatMessage("user", "Hello?"),
        ChatMessage("assistant", GREETING),
        ChatMessage("user", "Yes, I can."),
    ]
    last_word = call.line.heard()[-1][2]
    assert call.line.hung_up_at is not None
    assert 0.2 <= call.line.since_answer(call.line.hung_up_at) - last_word <= 0.5
