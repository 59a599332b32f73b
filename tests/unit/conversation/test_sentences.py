"""A stream of text is cut where it can be spoken."""

import pytest

from campanile.conversation.sentences import SentenceSplitter


def split(text: str, *, step: int) -> list[str]:
    splitter = SentenceSplitter()
    sentences = []
    for start in range(0, len(text), step):
        sentences += splitter.feed(text[start : start + step])
    return [*sentences, *filter(None, [splitter.rest()])]


@pytest.mark.parametrize("step", [1, 4, 1000])
@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        (
            "Thank you very much. See you on Monday then! Goodbye for now.",
            ["Thank you very much.", "See you on Monday then!", "Goodbye for now."],
        ),
        (
            "Dr. Jansen is free at 10.30 a.m. on Friday. Does that suit you?",
            ["Dr. Jansen is free at 10.30 a.m. on Friday.", "Does that suit you?"],
        ),
        ("Ask for J. Smith, please.", ["Ask for J. Smith, please."]),
        ("Yes. Ok. We have noted that.", ["Yes.", "Ok. We have noted that."]),
        ("First line\nSecond line is here", ["First line", "Second line is here"]),
        (
            "Komt u om 14.00 uur bij drs. De Wit?",
            ["Komt u om 14.00 uur bij drs. De Wit?"],
        ),
        ("no end", ["no end"]),
        ("", []),
    ],
)
def test_sentences(text: str, sentences: list[str], step: int) -> None:
    assert split(text, step=step) == sentences


def test_a_question_is_given_out_without_waiting_for_what_follows() -> None:
    splitter = SentenceSplitter()

    assert splitter.feed("Shall I book that?") == ["Shall I book that?"]


def test_nothing_is_lost_or_doubled() -> None:
    text = "One two. Three! Four? Five… six. Seven e.g. eight. Nine"

    assert " ".join(split(text, step=3)).split() == text.split()
