"""Long silences: prompts, and giving up."""

from itertools import pairwise

from campanile.calls.outcomes import AnsweredBy, Disposition
from campanile.providers.protocols import Transcript

from .fakes.calls import GREETING, Call, hold, make_agent
from .fakes.line import FakeLine

SILENCE = {
    "messages": ["Are you there?", "Hello?"],
    "final_message": "I will try another time.",
    "first_check_seconds": 4,
    "interval_seconds": 6,
    "max_attempts": 3,
}
AGENT = {"speech_config": {"silence": SILENCE}}


async def test_prompts_and_gives_up_on_somebody_who_never_speaks() -> None:
    async def callee(line: FakeLine) -> None:
        await line.waits(500)

    call = await hold(callee, agent=make_agent(**AGENT))

    heard = call.line.heard()
    assert [text for text, _, _ in heard[1:]] == [
        "Are you there?",
        "Hello?",
        "Are you there?",
        "I will try another time.",
    ]
    gaps = [round(after[1] - before[2]) for before, after in pairwise(heard)]
    assert gaps == [4, 6, 6, 6]
    assert call.result.end_reason == "silence"
    assert call.result.disposition is Disposition.COMPLETED
    assert call.result.answered_by is AnsweredBy.UNKNOWN
    assert not call.result.callee_spoke


async def test_any_word_begins_the_count_anew() -> None:
    async def callee(line: FakeLine) -> None:
        await line.hears_out("Are you there?")
        await line.says("Yes, sorry.", 0.6)
        await line.hears_out("I see.")
        await line.waits(5)
        await line.hangs_up()

    call = await hold(callee, "I see.", agent=make_agent(**AGENT))

    prompts = [text for text, _, _ in call.line.heard() if text == "Are you there?"]
    assert len(prompts) == 2


async def test_without_autonomous_handling_nothing_is_said() -> None:
    async def callee(line: FakeLine) -> None:
        await line.waits(60)
        await line.hangs_up()

    call = await hold(
        callee, agent=make_agent(autonomous_silence_handling=False, **AGENT)
    )

    assert len(call.line.heard()) == 1


async def test_a_television_is_neither_waited_for_nor_talked_to_for_ever() -> None:
    async def callee(line: FakeLine) -> None:
        await line.says("", 500)

    call = await hold(callee, agent=make_agent(**AGENT))

    heard = [text for text, _, _ in call.line.heard()]
    assert heard[0] == GREETING
    assert heard[-1] == "I will try another time."
    assert not call.line.audio.cleared_at
    assert call.result.end_reason == "silence"
    assert call.result.timings.ended_at < 120


async def test_words_over_a_noisy_line_are_answered() -> None:
    async def callee(line: FakeLine) -> None:
        await line.says("", 500)

    async def recogniser(call: Call) -> None:
        await call.line.hears_out("make it?")
        await call.line.waits(2.0)
        text = Transcript("Yes, I can.", is_final=True, speech_final=True)
        call.stt.streams[0].gives(text)
        await call.line.hears_out("Good.")
        await call.line.hangs_up()

    call = await hold(callee, "Good.", agent=make_agent(**AGENT), beside=recogniser)

    assert call.said()[-2:] == [("user", "Yes, I can."), ("assistant", "Good.")]
