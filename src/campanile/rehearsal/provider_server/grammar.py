"""A grammar of the sentences worth recognising, and its pronouncing dictionary.

A small grammar is what makes pocketsphinx usable on telephone speech at all: open
vocabulary gets half of such sentences right. https://www.w3.org/TR/jsgf/
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path

RULES = {
    "day": "monday | tuesday | wednesday | thursday | friday",
    "number": "one | two | three | four | five | six | seven | eight | nine | ten",
}
"""What sentences may name as `<day>` and `<number>`."""
_TELEPHONE = (
    {"S": "HH", "Z": "V"},
    {"S": "F", "Z": "V"},
    {"S": "TH"},
)
"""What hissing sounds become where the line carries nothing above 3.4 kHz. Without
these pronunciations every "six" is heard as "three" or "eight"."""
_Pronunciations = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Grammar:
    jsgf: str
    dictionary: str
    """Lines of CMUdict, for the grammar's words alone: it loads seven times as fast."""


def build(phrases: Iterable[str], keyterms: Sequence[str], cmudict: Path) -> Grammar:
    """`phrases` (JSGF, with a comma where a pause may cut them in two) and key terms.

    Those with a word that the dictionary lacks cannot be heard, and are left out.
    """
    known = _pronunciations(cmudict)
    parts = [part.strip() for phrase in phrases for part in _cuts(phrase)]
    wanted = dict.fromkeys((*parts, *(_plain(term) for term in keyterms)))
    usable = [text for text in wanted if text and _words(text) <= known.keys()]
    words = set[str]().union(*map(_words, (*usable, *RULES.values())))
    rules = "".join(f"<{name}> = {rule};\n" for name, rule in RULES.items())
    return Grammar(
        jsgf=(
            f"#JSGF V1.0;\ngrammar heard;\n{rules}public <heard> = {_either(usable)};\n"
        ),
        dictionary="".join(
            line for word in sorted(words) for line in _entries(word, known[word])
        ),
    )


def _cuts(phrase: str) -> list[str]:
    """The phrase whole, and what a pause at its commas leaves of it."""
    parts = phrase.split(",")
    ends = combinations(range(len(parts) + 1), 2)
    return ["".join(parts[first:end]) for first, end in ends]


def _either(choices: Sequence[str]) -> str:
    return "\n | ".join(f"({choice})" for choice in choices)


def _plain(term: str) -> str:
    return " ".join(re.findall(r"[a-z']+", term.lower()))


def _words(phrase: str) -> set[str]:
    return set(re.findall(r"[a-z']+", re.sub(r"<\w+>", "", phrase.lower())))


@cache
def _pronunciations(cmudict: Path) -> _Pronunciations:
    """By word; the second of a word stands under `word(2)` in the file."""
    found: _Pronunciations = {}
    for line in cmudict.read_text("utf-8").splitlines():
        entry, _, phones = line.partition(" ")
        found.setdefault(entry.partition("(")[0], []).append(phones.strip())
    return found


def _entries(word: str, full: Sequence[str]) -> Iterator[str]:
    narrow = [_narrowed(phones, lost) for phones in full for lost in _TELEPHONE]
    for number, phones in enumerate(dict.fromkeys((*full, *narrow)), start=1):
        yield f"{word}{f'({number})' if number > 1 else ''} {phones}\n"


def _narrowed(phones: str, lost: dict[str, str]) -> str:
    return " ".join(lost.get(phone, phone) for phone in phones.split())
