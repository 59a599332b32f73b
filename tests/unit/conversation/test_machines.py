"""A machine answers: the message is left after the beep, or nothing is said."""

import pytest

from campanile.calls.outcomes import AnsweredBy, Disposition
from campanile.providers.protocols import ToolCall

from .fakes.calls import GREETING, hold, make_agent
from .fakes.line import FakeLine

MESSAGE = "This is Riverside Dental, please call us back about your appointment."
LEAVES = {"voicemail_message": MESSAGE}


async def mailbox_greets(line: FakeLine) -> None:
    await line.waits(0.6)
    await line.says("Hi, you have reached my voicemail.", 2.0)
    await line.waits(0.7)
    await line.says("I cannot take your call right now.", 1.8)
    await line.waits(0.5)
    await line.says("Please leave a message after the beep.", 2.2)
    await line.waits(0.6)


async def test_leaves_the_message_after_the_beep() -> None:
    async def callee(line: FakeLine) -> None:
        await mailbox_greets(line)
        await line.beeps()

    call = await hold(callee, agent=make_agent(**LEAVES))

    assert call.result.disposition is Disposition.VOICEMAIL_LEFT
    assert call.result.answered_by is AnsweredBy.VOICEMAIL
    assert call.result.end_reason == "voicemail"
    assert call.said()[-1] == ("assistant", MESSAGE)
    _, began, ended = call.line.heard()[-1]
    beep_ended = 0.6 + 2.0 + 0.7 + 1.8 + 0.5 + 2.2 + 0.6 + 0.4
    assert 0.3 <= began - beep_ended <= 0.8
    assert call.line.hung_up_at is not None
    assert 0.2 <= call.line.since_answer(call.line.hung_up_at) - ended <= 0.5
    assert not call.model.asked, "nobody talks to a machine"


async def test_the_opening_is_stopped_when_the_voice_turns_out_to_be_a_mailbox() -> (
    None
):
    async def callee(line: FakeLine) -> None:
        await line.waits(0.6)
        await line.says("Hello.", 0.5)
        await line.waits(0.6)  # here the agent begins
        await mailbox_greets(line)
        await line.beeps()

    call = await hold(callee, agent=make_agent(**LEAVES))

    (opening,) = [each for each in call.line.heard() if each[0] == GREETING]
    assert opening[2] - opening[1] < 2.5
    spoken = [(turn.role, turn.interrupted) for turn in call.result.turns]
    assert ("assistant", True) in spoken
    assert call.result.disposition is Disposition.VOICEMAIL_LEFT
    assert call.said()[-1] == ("assistant", MESSAGE)


async def test_leaves_the_message_though_no_beep_comes() -> None:
    call = await hold(mailbox_greets, agent=make_agent(**LEAVES))

    assert call.result.disposition is Disposition.VOICEMAIL_LEFT
    began = call.line.heard()[-1][1]
    assert (
        2.5 <= began - call.line.since_answer(call.line.stopped_talking_at[-1]) <= 3.5
    )


async def test_without_a_message_it_hangs_up_at_once() -> None:
    call = await hold(mailbox_greets)

    assert call.result.disposition is Disposition.VOICEMAIL
    assert call.result.end_reason == "voicemail"
    assert call.line.hung_up_at is not None
    assert all(role == "user" or text != MESSAGE for role, text in call.said())


async def test_a_full_mailbox_is_left_alone() -> None:
    async def callee(line: FakeLine) -> None:
        await line.waits(0.6)
        await line.says("The mailbox is full and cannot accept any messages.", 3.2)
        await line.waits(20)

    call = await hold(callee, agent=make_agent(**LEAVES))

    assert call.result.disposition is Disposition.VOICEMAIL_FULL
    assert MESSAGE not in [text for _, text in call.said()]


async def test_a_second_beep_begins_the_message_again() -> None:
    async def callee(line: FakeLine) -> None:
        await mailbox_greets(line)
        await line.beeps()
        await line.hears("Riverside Dental, please")
        await line.waits(1.0)
        await line.beeps()

    call = await hold(callee, agent=make_agent(**LEAVES))

    times = [text for text, _, _ in call.line.heard() if text == MESSAGE]
    assert len(times) == 2
    assert call.result.disposition is Disposition.VOICEMAIL_LEFT


@pytest.mark.parametrize(
    ("played", "disposition"),
    [(1.0, Disposition.VOICEMAIL), (3.2, Disposition.VOICEMAIL_LEFT)],
)
async def test_a_mailbox_that_hangs_up_has_the_message_or_not(
    played: float, disposition: Disposition
) -> None:
    async def callee(line: FakeLine) -> None:
        await mailbox_greets(line)
        await line.beeps()
        await line.hears("Riverside Dental, please")
        await line.waits(played)
        await line.hangs_up()

    call = await hold(callee, agent=make_agent(**LEAVES))

    assert call.result.disposition is disposition


async def test_detection_off_classifies_but_does_not_act() -> None:
    async def callee(line: FakeLine) -> None:
        await mailbox_greets(line)
        await line.beeps()
        await line.waits(20)
        await line.hangs_up()

    call = await hold(callee, agent=make_agent(voicemail_detection=False, **LEAVES))

    assert call.result.answered_by is AnsweredBy.VOICEMAIL
    assert call.result.disposition is Disposition.VOICEMAIL
    assert call.result.end_reason == "customer_hangup"
    assert MESSAGE not in [text for _, text in call.said()]
    assert call.model.asked, "the agent talks as it would to anybody"


async def test_a_phone_tree_is_not_talked_to() -> None:
    async def callee(line: FakeLine) -> None:
        await line.waits(0.5)
        await line.says("Welcome to Jansen. For sales, press one.", 3.5)
        await line.waits(20)

    call = await hold(callee)

    assert call.result.disposition is Disposition.IVR
    assert call.result.end_reason == "ivr"


async def test_a_fax_is_hung_up_on() -> None:
    async def callee(line: FakeLine) -> None:
        await line.waits(0.5)
        await line.beeps(2100.0, 3.0)
        await line.waits(20)

    call = await hold(callee)

    assert call.result.disposition is Disposition.FAX
    assert call.result.answered_by is AnsweredBy.FAX


SCREENER = "Hi, please state your name and why you are calling."


async def test_tells_a_screener_name_and_reason_and_talks_to_whom_it_puts_through() -> (
    None
):
    async def callee(line: FakeLine) -> None:
        await line.waits(0.5)
        await line.says(SCREENER, 3.0)
        await line.hears_out("make it?")
        await line.waits(8.0)
        await line.says("Hello, who is this?", 0.9)
        await line.hears_out("Riverside Dental here.")

    call = await hold(callee, ["Riverside Dental here.", ToolCall("1", "end_call", {})])

    assert call.said() == [
        ("user", SCREENER),
        ("assistant", GREETING),
        ("user", "Hello, who is this?"),
        ("assistant", "Riverside Dental here."),
    ]
    assert call.result.disposition is Disposition.COMPLETED
    assert call.result.answered_by is AnsweredBy.HUMAN


async def test_a_screener_that_does_not_put_through_is_given_up() -> None:
    async def callee(line: FakeLine) -> None:
        await line.waits(0.5)
        await line.says(SCREENER, 3.0)
        await line.waits(100)

    call = await hold(callee)

    assert call.result.disposition is Disposition.SCREENED
    assert call.result.answered_by is AnsweredBy.SCREENER
    assert [text for text, _, _ in call.line.heard()].count(GREETING) == 1
