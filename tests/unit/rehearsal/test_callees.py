"""Each kind of callee keeps to its script, and in step with an agent that does not."""

from pathlib import Path

import pytest

from campanile.calls.outcomes import AnsweredBy, Disposition
from campanile.errors import Invalid
from campanile.rehearsal.callees.people import Callee, directory

from .conftest import Rehearsed

GREETING = "Hello Anna, Riverside Dental. Can you make it?"
DAY = "Which day would suit you better?"
BOOK = "We have nine o'clock. Shall I book that?"
SATISFACTION = "From one to ten, how satisfied were you?"
REMINDER = "By text message or by email?"
GOODBYE = "Thank you. Goodbye."


def callee(kind: str, **truths: object) -> Callee:
    """The first callee of that kind of whom all these things are true."""
    area = {
        "cooperates": "00",
        "declines": "40",
        "asks_who": "45",
        "call_later": "50",
        "hello_first": "55",
        "talks_over": "60",
        "silent": "65",
        "hangs_up": "68",
        "voicemail": "72",
        "tone": "99",
    }[kind]
    people = (directory(seed=n).callee(f"+121255501{area}") for n in range(1000))
    found = next(p for p in people if truths.items() <= p.truths.items())
    assert found.kind == kind
    return found


def test_one_who_can_make_it_answers_what_is_asked(rehearse: type[Rehearsed]) -> None:
    patient = callee("cooperates", confirmed=True, satisfaction=8, reminder="text")
    call = rehearse(patient)

    call.silence(1.2)
    answers = [call.ask(question) for question in (GREETING, SATISFACTION, REMINDER)]

    assert answers[0] in (
        "Yes, I can make it.",
        "Yes, that works for me.",
        "Sure, I will be there.",
    )
    assert "eight" in answers[1].lower()
    assert "text message" in answers[2]


def test_one_who_cannot_is_asked_for_a_day_and_books_it(
    rehearse: type[Rehearsed],
) -> None:
    patient = callee("cooperates", confirmed=False, new_day="thursday")
    call = rehearse(patient)

    answers = [call.ask(q) for q in (GREETING, DAY, BOOK, SATISFACTION, REMINDER)]

    assert "Thursday" in answers[1]
    assert answers[2].startswith("Yes")
    assert all(answers)


def test_nobody_speaks_before_the_agent_has_been_silent_for_their_patience(
    rehearse: type[Rehearsed],
) -> None:
    call = rehearse(callee("cooperates"))

    call.agent_says(GREETING)
    ended = call.time
    call.silence(0.6)
    call.agent_says("and one more thing", seconds=1.0)
    assert call.said == []
    ended = call.time
    call.silence(2.0)

    at, _ = call.acts[0]
    assert at - ended == pytest.approx(1.0, abs=0.05)


def test_a_short_noise_is_no_question(rehearse: type[Rehearsed]) -> None:
    call = rehearse(callee("cooperates"))

    call.agent_says("click", seconds=0.2)
    call.silence(5.0)

    assert call.said == []


def test_asked_again_one_answers_again_and_stays_in_step(
    rehearse: type[Rehearsed],
) -> None:
    patient = callee("cooperates", confirmed=True, satisfaction=3)
    call = rehearse(patient)

    first = call.ask(GREETING)
    call.ask(SATISFACTION)
    again = call.ask(SATISFACTION)
    back = call.ask(GREETING)
    reminder = call.ask(REMINDER)

    assert "three" in again.lower()
    assert back == first
    assert "text" in reminder or "email" in reminder


def test_an_agent_that_asks_for_ever_is_answered_twice_more(
    rehearse: type[Rehearsed],
) -> None:
    call = rehearse(callee("cooperates", confirmed=True))

    answers = [call.ask(GREETING) for _ in range(4)]

    assert len(set(answers[:3])) == 1
    assert answers[3] != answers[0]


def test_an_agent_that_comes_back_late_has_not_heard(rehearse: type[Rehearsed]) -> None:
    call = rehearse(callee("cooperates", confirmed=True))

    first = call.ask(GREETING)
    call.silence(5.0)
    again = call.ask("Are you still there?")

    assert again == first


def test_who_is_not_hung_up_on_hangs_up(rehearse: type[Rehearsed]) -> None:
    call = rehearse(callee("cooperates", confirmed=True))
    for question in (GREETING, SATISFACTION, REMINDER):
        call.ask(question)

    call.agent_says(GOODBYE)
    ended = call.time
    call.silence(7.0)

    assert call.hung_up is not None
    assert call.hung_up - ended == pytest.approx(5.0, abs=0.1)


def test_declining_is_one_sentence(rehearse: type[Rehearsed]) -> None:
    call = rehearse(callee("declines"))

    assert call.ask(GREETING) in (
        "No thank you, I am not interested.",
        "Sorry, I do not want this, thank you.",
    )


def test_who_asks_who_is_calling_then_answers_the_same_question(
    rehearse: type[Rehearsed],
) -> None:
    call = rehearse(callee("asks_who", confirmed=True))

    who = call.ask(GREETING)
    answer = call.ask(GREETING)

    assert who.endswith("?")
    assert answer.startswith(("Yes", "Sure"))


def test_a_callback_is_asked_for_with_a_time(rehearse: type[Rehearsed]) -> None:
    call = rehearse(callee("call_later"))

    assert "call me back" in call.ask(GREETING)


def test_hello_comes_first_and_waits(rehearse: type[Rehearsed]) -> None:
    call = rehearse(callee("hello_first", confirmed=True))

    call.silence(3.0)
    answer = call.ask(GREETING)

    at, hello = call.acts[0]
    assert hello.text.startswith("Hello")
    assert at == pytest.approx(0.5, abs=0.05)
    assert answer.startswith(("Yes", "Sure"))


def test_talking_over_is_heard_by_an_agent_that_stops(
    rehearse: type[Rehearsed],
) -> None:
    call = rehearse(callee("talks_over", confirmed=True, satisfaction=6))

    call.agent_says(GREETING, seconds=2.6)  # interrupted
    call.silence(6.0)
    satisfaction = call.ask(SATISFACTION)

    at, over = call.acts[0]
    assert at == pytest.approx(2.0, abs=0.05)
    assert over.text.startswith("Yes, I know")
    assert "six" in satisfaction.lower()


@pytest.mark.parametrize("seconds", [7.6, 9.0])
def test_talking_over_an_agent_that_goes_on_is_said_again(
    rehearse: type[Rehearsed], seconds: float
) -> None:
    call = rehearse(callee("talks_over", confirmed=True))

    call.agent_says(GREETING, seconds=seconds)  # the callee speaks from 2 to 6.8
    call.silence(6.0)

    assert len(call.said) == 2
    assert call.said[0] == call.said[1]


def test_the_silent_one_stays_silent(rehearse: type[Rehearsed]) -> None:
    call = rehearse(callee("silent"))

    for _ in range(3):
        call.ask(GREETING)

    assert call.acts == []


def test_hanging_up_happens_in_mid_sentence(rehearse: type[Rehearsed]) -> None:
    call = rehearse(callee("hangs_up"))

    call.silence(1.0)
    call.agent_says(GREETING, seconds=5.0)

    assert call.hung_up == pytest.approx(3.0, abs=0.05)


def test_a_mailbox_greets_beeps_records_and_hangs_up(rehearse: type[Rehearsed]) -> None:
    call = rehearse(callee("voicemail"))

    call.silence(11.5)
    call.agent_says("Hello Anna, this is Riverside Dental.", seconds=6.0)
    ended = call.time
    call.silence(6.0)

    does = [act.does for _, act in call.acts]
    assert does == ["say", "tone", "record", "hang_up"]
    assert call.hung_up is not None
    assert call.hung_up - ended == pytest.approx(4.0, abs=0.1)


def test_a_mailbox_that_is_left_nothing_hangs_up_too(rehearse: type[Rehearsed]) -> None:
    call = rehearse(callee("voicemail"))

    call.silence(30.0)

    assert call.hung_up is not None


def test_a_seed_fixes_everything_and_another_changes_it() -> None:
    numbers = [f"+1212555{n:04d}" for n in range(100, 200)]

    def everybody(seed: int) -> list[Callee]:
        people = directory(seed=seed)
        return [people.callee(number) for number in numbers]

    assert everybody(1) == everybody(1)
    assert everybody(1) != everybody(2)


def test_what_never_comes_up_is_not_true_of_anybody() -> None:
    can = callee("cooperates", confirmed=True)
    declined = callee("declines")

    assert can.truths["new_day"] is None
    assert can.truths["satisfaction"] is not None
    assert set(declined.truths.values()) == {None}
    assert set(declined.truths) == set(can.truths)


def test_the_sentences_tell_the_truth() -> None:
    words = [
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
    ]
    for seed in range(50):
        patient = directory(seed=seed).callee("+442079460111")
        said = " ".join(patient.sentences)
        assert words[patient.truths["satisfaction"] - 1] in said.lower()
        assert patient.truths["reminder"] in said
        assert patient.truths["confirmed"] == patient.sentences[0].startswith(
            ("Yes", "Sure")
        )
        day = patient.truths["new_day"]
        assert (day is None) == bool(patient.truths["confirmed"])
        assert day is None or day.capitalize() in said


def test_expectations_use_the_products_own_words() -> None:
    people = directory(seed=1)
    for last in range(100, 200):
        expected = people.callee(f"+12125550{last}")
        assert set(expected.dispositions) <= set(Disposition)
        assert set(expected.answered_by) <= set(AnsweredBy)


def test_everything_that_may_be_said_is_known_beforehand() -> None:
    people = directory(seed=3)
    lines = people.lines()
    for last in range(100, 200):
        somebody = people.callee(f"+12125550{last}")
        assert {(text, somebody.voice) for text in somebody.sentences} <= lines


def test_a_number_nobody_knows_is_answered_by_somebody_who_cooperates() -> None:
    assert directory(seed=1).callee("+33123456789").kind == "cooperates"


def test_a_strangers_file_wins_its_numbers(tmp_path: Path) -> None:
    (tmp_path / "grumpy.yaml").write_text(
        "kind: grumpy\n"
        'numbers: ["+12125550101"]\n'
        'script: [{say: "What?", at: pickup}]\n'
        "expect: {disposition: completed}\n"
    )
    people = directory(seed=1, folder=tmp_path)

    assert people.callee("+12125550101").sentences == ["What?"]
    assert people.callee("+12125550102").kind == "cooperates"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("kind: x\nnumbers: []\nexpect: {}\n", "expect.disposition"),
        ("kind: x\nscript: [{shout: hey}]\n", "numbers"),
        ("kind: [", "no YAML"),
    ],
)
def test_a_file_that_is_no_callee_is_named(
    tmp_path: Path, text: str, complaint: str
) -> None:
    (tmp_path / "broken.yaml").write_text(text)

    with pytest.raises(Invalid, match=r"broken\.yaml") as refused:
        directory(seed=1, folder=tmp_path)
    assert complaint in refused.value.message


def test_muted_callees_have_no_words_and_no_truths() -> None:
    people = directory(seed=1, mute=True)

    patient, mailbox = people.callee("+12125550100"), people.callee("+12125550172")

    assert patient.script == ()
    assert set(patient.truths.values()) == {None}
    assert [act.does for act in mailbox.script] == ["tone", "record"]
    assert people.lines() == set()


def test_patience_is_a_persons_own(rehearse: type[Rehearsed], tmp_path: Path) -> None:
    (tmp_path / "hasty.yaml").write_text(
        'kind: hasty\nnumbers: ["+12125550101"]\npatience: 0.3\n'
        "script: [{say: Yes!}]\nexpect: {disposition: completed}\n"
    )
    call = rehearse(directory(seed=1, folder=tmp_path).callee("+12125550101"))

    call.agent_says(GREETING, seconds=2.0)
    call.silence(1.0)

    at, _ = call.acts[0]
    assert at == pytest.approx(2.3, abs=0.05)
