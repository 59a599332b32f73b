"""The grammar and dictionary that the recogniser is given."""

import re

import pytest

from campanile.rehearsal.provider_server.grammar import RULES, build


@pytest.fixture
def cmudict(tmp_path):
    file = tmp_path / "cmu.dict"
    words = re.findall(r"\w+", " ".join(RULES.values()))
    lines = [f"{word} AH\n" for word in ("yes", "please", "book", *words)]
    lines = [line for line in lines if not line.startswith("six ")]
    lines += ["six S IH K S\n", "a AH\n", "a(2) EY\n"]
    file.write_text("".join(lines))
    return file


def test_hissing_sounds_may_be_lost_on_the_line(cmudict):
    dictionary = build(["six"], [], cmudict).dictionary.splitlines()
    assert "six S IH K S" in dictionary
    assert "six(2) HH IH K HH" in dictionary


def test_every_pronunciation_has_its_own_number(cmudict):
    entries = build(["a six"], [], cmudict).dictionary.splitlines()
    names = [entry.split()[0] for entry in entries]
    assert len(names) == len(set(names))
    assert {"a", "a(2)"} <= set(names)


def test_a_comma_lets_a_pause_cut_the_sentence(cmudict):
    jsgf = build(["yes, please book a six"], [], cmudict).jsgf
    for part in ("(yes please book a six)", "(yes)", "(please book a six)"):
        assert part in jsgf.replace("( ", "(")


def test_what_nobody_can_pronounce_is_left_out(cmudict):
    jsgf = build(["yes", "xyzzy please"], ["Riverside Dental", "book"], cmudict).jsgf
    assert "xyzzy" not in jsgf
    assert "riverside" not in jsgf
    assert "(book)" in jsgf
