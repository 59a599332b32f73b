"""Everything our callees may answer is in the grammar and moves the dialogue on."""

import itertools
import re
from pathlib import Path

import pytest
import yaml

import campanile.rehearsal.callees as callees
from campanile.rehearsal.provider_server import scripts
from campanile.rehearsal.provider_server.scripts import Script

_FOLDER = Path(callees.__path__[0])


def lines() -> list[tuple[str, str, object]]:
    """Question, sentence, truth: with one value for each `{value}`."""
    answers = yaml.safe_load((_FOLDER / "answers.yaml").read_text("utf-8"))
    found = []
    for name, by_truth in answers.items():
        for truth, sentences in by_truth.items():
            for sentence in sentences:
                said = sentence.replace("{value}", "Tuesday")
                found.append((name, said, truth))
    return found


@pytest.fixture(scope="module")
def script() -> Script:
    return scripts.choose(scripts.load(), ["Riverside Dental"])


@pytest.mark.parametrize(("name", "said", "truth"), lines())
def test_an_answer_is_understood_as_it_is_meant(script, name, said, truth):
    question = next(q for q in script.questions if q.name == name)
    answer = next(a for a in question.answers if a.when.search(said))
    match = answer.when.search(said)
    slots = answer.set | script.understand(match)
    expected = {"true": True, "false": False, "any": slots[name]}.get(truth, truth)
    expected = script.values.get(name, {}).get(expected, expected)
    assert slots[name] == expected


@pytest.mark.parametrize(("name", "said", "truth"), lines())
def test_an_answer_is_in_the_grammar(script, name, said, truth):
    words = " ".join(re.findall(r"[a-z']+", said.lower()))
    anything = scripts.load()
    heard = [phrase for one in anything for phrase in one.heard]
    assert any(re.fullmatch(_as_pattern(phrase), words) for phrase in heard), words


def _as_pattern(phrase: str) -> str:
    """The JSGF that scripts use, as a regular expression over words."""
    text = phrase.replace(",", "").replace("<day>", "(monday|tuesday)")
    text = text.replace("<number>", "(one|two)")
    tokens = re.findall(r"[()|\[\]]|[a-z']+", text)
    spelled = {"(": "(?:", ")": ")", "[": "(?:", "]": ")?", "|": "|"}
    parts = [spelled.get(token, rf"\s*{token}\b") for token in tokens]
    return rf"{''.join(itertools.chain(parts))}\s*"
