"""Words that are recognised without the model, in each language."""

import pytest

from campanile.conversation.opt_out import confirmation, is_opt_out
from campanile.conversation.phrases import phrases


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Stop calling me!"),
        ("en", "Please take me off your calling list."),
        ("en", "Do not call me again."),
        ("en", "don’t ever call this number again"),
        ("en-GB", "I don't want you to call me any more"),
        ("en", "Remove my number, please"),
        ("en", "put me on your do not call list"),
        ("nl", "Bel me niet meer."),
        ("nl-NL", "Ik heb liever dat u niet meer belt"),
        ("nl", "Haal me van uw lijst af"),
        ("xx", "stop calling"),
    ],
)
def test_opt_outs(language: str, text: str) -> None:
    assert is_opt_out(text, language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I am not interested, thank you."),
        ("en", "Can you call me again tomorrow?"),
        ("en", "Do not call me again until Monday."),
        ("en", "You can stop worrying, I will be there."),
        ("en", "Who is calling?"),
        ("nl", "Wilt u mij niet meer bellen voor vijf uur?"),
        ("nl", "Nee, dank u."),
        ("en", ""),
    ],
)
def test_no_opt_outs(language: str, text: str) -> None:
    assert not is_opt_out(text, language)


def test_the_confirmation_is_in_the_callees_language() -> None:
    assert confirmation("en-US").startswith("Understood")
    assert confirmation("nl").startswith("Begrepen")
    assert confirmation("../etc") == confirmation("en")


@pytest.mark.parametrize("text", ["Uh-huh.", "Okay, yeah.", "Mm.", "I see."])
def test_backchannels(text: str) -> None:
    assert phrases("en").is_backchannel(text)


@pytest.mark.parametrize("text", ["Yes.", "No", "Okay, Tuesday then.", ""])
def test_answers_are_no_backchannels(text: str) -> None:
    assert not phrases("en").is_backchannel(text)


@pytest.mark.parametrize("text", ["My number is", "I would come on", "Yes, but"])
def test_unfinished(text: str) -> None:
    assert phrases("en").asks_for_more(text)


@pytest.mark.parametrize("text", ["Yes.", "What is it?", "On Tuesday.", ""])
def test_finished(text: str) -> None:
    assert not phrases("en").asks_for_more(text)


@pytest.mark.parametrize("language", ["en", "nl"])
def test_every_phrase_is_text(language: str) -> None:
    # YAML reads a bare `on`, `yes` or `no` as a truth value.
    assert all(isinstance(word, str) for word in phrases(language).unfinished)
