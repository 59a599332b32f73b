"""Words that are recognised without the model, in each language."""

import pytest

from campanile.conversation.phrases import phrases


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
