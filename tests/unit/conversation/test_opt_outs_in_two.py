"""An opt-out that a pause cuts in two is understood; what only looks like one when two
sentences are laid together is not."""

import pytest

from campanile.calls.outcomes import Disposition
from campanile.conversation.directly_before import Before, DirectlyBefore
from campanile.conversation.journal import OptedOut
from campanile.conversation.opt_out import Wish, is_opt_out, is_opt_out_after

from .fakes.calls import hold, make_agent
from .fakes.line import FakeLine

BOTH_BREATHS = pytest.mark.parametrize("same_breath", [True, False])


def asked(*turns: str, language: str, same_breath: bool = False) -> bool:
    return is_opt_out_after(Before(turns[:-1], same_breath), turns[-1], language)


@BOTH_BREATHS
@pytest.mark.parametrize(
    ("language", "turns"),
    [
        ("en", ("don't you ever", "call me again")),
        ("en", ("I don't want you.", "To call me again.")),
        ("en", ("can you cross us", "out of that database")),
        ("en", ("Scratch my name.", "From your, um, list.")),
        ("en", ("i want you", "to stop", "calling me")),
        ("en", ("No, stop.", "Calling me.")),
        ("en", ("i don't want", "any more of these calls")),
        ("en", ("would you quit", "ringing us")),
        ("en", ("i don't want any", "any calls")),
        ("en", ("remove", "my number please")),
        ("nl", ("Bel me.", "Niet meer.")),
        ("nl", ("kunt u mij eh", "verwijderen uit uw systeem")),
        ("nl", ("ik wil niet meer", "gebeld worden")),
        ("nl", ("Wilt u stoppen.", "Met bellen.")),
        ("nl", ("laat me nou eens", "met rust")),
    ],
)
def test_two_halves_make_one_opt_out(
    language: str, turns: tuple[str, ...], same_breath: bool
) -> None:
    assert not any(is_opt_out(turn, language) for turn in turns)
    assert asked(*turns, language=language, same_breath=same_breath)


@BOTH_BREATHS
@pytest.mark.parametrize(
    ("language", "turns"),
    [
        ("en", ("don't", "stop")),
        ("en", ("Don't stop.", "Calling me is fine.")),
        ("en", ("i'll", "stop by")),
        ("en", ("I'll stop.", "By and call me.")),
        ("en", ("stop by", "and call me")),
        ("en", ("Could you stop?", "Calling me Steve is wrong.")),
        ("en", ("No, don't.", "Call me.")),
        ("en", ("please don't call", "me before six")),
        ("en", ("I don't want to be.", "Called in the morning.")),
        ("en", ("take me off", "hold")),
        ("en", ("take", "my name down for the list")),
        ("en", ("i can't", "stop laughing")),
        ("en", ("my ex won't stop", "calling me")),
        ("en", ("I need to stop.", "Calling a taxi now.")),
        ("en", ("is that off", "your list")),
        ("en", ("never", "mind")),
        ("en", ("i don't", "know call me")),
        ("nl", ("stop", "niet")),
        ("nl", ("ik wil niet", "voor negen uur gebeld worden")),
        ("nl", ("haal me", "van de wachtlijst")),
        ("nl", ("mijn zoon belt me", "niet meer")),
        ("nl", ("Waarom belt u mij?", "Niet meer nodig.")),
    ],
)
def test_two_halves_of_something_else_make_none(
    language: str, turns: tuple[str, ...], same_breath: bool
) -> None:
    assert not asked(*turns, language=language, same_breath=same_breath)


def test_no_gap_in_a_pattern_reaches_over_the_pause() -> None:
    assert is_opt_out("take me off your silly little list", "en")
    assert not asked("take me off your silly", "little list", language="en")


def test_what_came_in_the_same_breath_makes_another_thing_of_the_words() -> None:
    assert not asked("don't", "stop calling me", language="en", same_breath=True)
    assert asked("don't", "stop calling me", language="en", same_breath=False)
    assert asked("No, I can't.", "Stop calling me.", language="en", same_breath=True)


class Ear:
    """What the memory is told in a call, by the second."""

    def __init__(self) -> None:
        self.memory = DirectlyBefore()

    def turn(self, text: str, *, since: float, until: float) -> Before:
        self.memory.voice_began(since)
        self.memory.sound(until - since, agent_audible=False, callee_speaking=True)
        before = self.memory.of(text, at=until)
        self.memory.turn_over(ended_at=until)
        return before

    def agent(self, seconds: float) -> None:
        self.memory.sound(seconds, agent_audible=True, callee_speaking=False)


def test_nothing_precedes_the_first_words() -> None:
    assert Ear().turn("please don't call", since=1.0, until=2.0) == Before()


def test_after_a_short_pause_the_callee_goes_on() -> None:
    ear = Ear()
    ear.turn("please don't call", since=1.0, until=2.0)
    before = ear.turn("me ever again", since=2.8, until=3.5)
    assert before == Before(("please don't call",), same_breath=True)


def test_after_a_longer_one_too_but_in_another_breath() -> None:
    ear = Ear()
    ear.turn("please don't call", since=1.0, until=2.0)
    before = ear.turn("me ever again", since=4.5, until=5.5)
    assert before == Before(("please don't call",), same_breath=False)


def test_after_a_long_one_the_callee_begins_anew() -> None:
    ear = Ear()
    ear.turn("don't", since=1.0, until=2.0)
    assert ear.turn("call me", since=5.5, until=6.0) == Before()


def test_an_agent_who_was_only_talked_over_does_not_part_the_halves() -> None:
    ear = Ear()
    ear.turn("please don't call", since=1.0, until=2.0)
    ear.agent(0.4)
    before = ear.turn("me ever again", since=3.5, until=4.5)
    assert before == Before(("please don't call",), same_breath=False)


def test_what_follows_the_agents_question_answers_it() -> None:
    ear = Ear()
    ear.turn("you call", since=1.0, until=2.0)
    ear.agent(1.0)  # "Shall I stop?"
    assert ear.turn("don't", since=4.0, until=4.4) == Before()


def test_a_cough_hides_neither_the_pause_nor_the_agent() -> None:
    ear = Ear()
    ear.turn("stop", since=1.0, until=1.5)
    ear.memory.voice_began(2.0)
    ear.memory.sound(0.2, agent_audible=False, callee_speaking=True)
    ear.agent(0.9)
    assert ear.turn("calling me", since=3.9, until=4.5) == Before()


def test_only_three_turns_are_looked_back_on() -> None:
    ear = Ear()
    for second, text in enumerate(["one", "two", "three", "four"]):
        ear.turn(text, since=second + 1.0, until=second + 1.5)
    assert ear.turn("five", since=5.0, until=5.5).texts == ("two", "three", "four")


def test_final_words_that_come_late_are_remembered_in_the_turns_place() -> None:
    ear = Ear()
    ear.turn("hello", since=1.0, until=1.5)
    ear.turn("please don't", since=2.0, until=3.0)
    assert ear.memory.of_late("please don't call").texts == ("hello",)
    after = ear.turn("me again", since=3.5, until=4.0)
    assert after.texts == ("hello", "please don't call")


@pytest.mark.parametrize(
    ("language", "first", "second"),
    [
        ("en", "I don't want you.", "To call me again."),
        ("nl", "Ik wil niet meer.", "Gebeld worden."),
    ],
)
async def test_the_agent_who_took_half_for_the_whole_says_goodbye_after_the_rest(
    language: str, first: str, second: str
) -> None:
    async def callee(line: FakeLine) -> None:
        await line.hears_out("make it?")
        await line.waits(0.4)
        await line.says(first, 0.9)
        await line.waits(1.2)
        await line.says(second, 0.9)

    call = await hold(callee, agent=make_agent(stt_config={"language": language}))

    assert call.result.disposition is Disposition.OPTED_OUT
    assert call.entries(OptedOut)[0].text == f"{first} {second}"


async def test_an_answer_to_the_agent_is_not_laid_to_what_came_before() -> None:
    async def callee(line: FakeLine) -> None:
        await line.hears_out("make it?")
        await line.waits(0.4)
        await line.says("Please stop.", 0.9)
        await line.hears_out("something for you?")
        await line.waits(0.3)
        await line.says("Calling me a taxi.", 0.9)
        await line.hears_out("Good.")
        await line.hangs_up()

    call = await hold(callee, "Can I do something for you?", "Good.")

    assert ("user", "Calling me a taxi.") in call.said()
    assert not call.result.opted_out


@pytest.mark.parametrize(
    ("language", "wish", "limit"),
    [
        ("en", "Please don't call me.", "Before six."),
        ("en", "I don't want to be called", "in the morning"),
        ("nl", "Bel me niet.", "Voor zes uur."),
    ],
)
@pytest.mark.parametrize("pause", [0.3, 0.6])
async def test_a_wish_that_is_at_once_limited_to_a_time_is_no_opt_out(
    language: str, wish: str, limit: str, pause: float
) -> None:
    assert is_opt_out(wish, language)

    async def callee(line: FakeLine) -> None:
        await line.hears_out("make it?")
        await line.waits(0.4)
        await line.says(wish, 0.9)
        await line.waits(pause)
        await line.says(limit, 0.9)
        await line.hears_out("After six.")
        await line.hangs_up()

    agent = make_agent(stt_config={"language": language})
    call = await hold(callee, "After six.", agent=agent)

    assert not call.result.opted_out
    assert ("user", f"{wish} {limit}") in call.said()


async def test_who_hangs_up_upon_an_opt_out_is_not_waited_for() -> None:
    async def callee(line: FakeLine) -> None:
        await line.hears_out("make it?")
        await line.waits(0.4)
        await line.says("Stop calling me.", 0.9)
        await line.waits(0.5)
        await line.hangs_up()

    call = await hold(callee)

    assert call.result.disposition is Disposition.OPTED_OUT


@pytest.mark.parametrize(
    ("speaking", "last_voiced_at", "certain_at"),
    [(False, 9.7, 10.5), (True, 9.99, 11.5), (False, None, 10.8), (False, 11.4, 11.5)],
)
def test_a_wish_is_certain_after_a_silence_and_at_the_latest_soon(
    speaking: bool, last_voiced_at: float | None, certain_at: float
) -> None:
    wish = Wish("stop calling me", heard_at=10.0)
    assert (
        wish.certain_at(callee_speaking=speaking, last_voiced_at=last_voiced_at)
        == certain_at
    )
