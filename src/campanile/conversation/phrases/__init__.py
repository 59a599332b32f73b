"""What is bound to a language: one YAML file per language, read once."""

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

_WORD = re.compile(r"[\w']+")


def plain(text: str) -> str:
    """Lower case, plain apostrophes, single blanks, no punctuation."""
    return " ".join(_WORD.findall(text.lower().replace("’", "'")))


@dataclass(frozen=True, slots=True)
class Phrases:
    """The phrases of one language, as patterns over `plain` text."""

    opt_out: re.Pattern[str]
    not_opt_out: re.Pattern[str]
    opt_out_confirmation: str
    backchannel: re.Pattern[str]
    unfinished: frozenset[str]

    def asks_for_more(self, text: str) -> bool:
        """Whether `text` stops in the middle of a thought ("and", "my number is")."""
        words = plain(text).split()
        if not words or text.rstrip().endswith(("?", "!")):
            return False
        return words[-1] in self.unfinished

    def is_backchannel(self, text: str) -> bool:
        """Whether `text`, spoken while the agent speaks, asks for no answer."""
        return self.backchannel.fullmatch(plain(text)) is not None


def phrases(language: str) -> Phrases:
    """The phrases of a language tag such as `en`, `en-GB` or `nl`; English for the rest.

    The regions of a language share a file.
    """
    return _read(language.lower().replace("_", "-").split("-")[0])


@cache
def _read(language: str) -> Phrases:
    file = resources.files(__package__) / f"{language}.yaml"
    if not language.isalpha() or not file.is_file():
        return _read("en")
    lists = yaml.safe_load(file.read_text(encoding="utf-8"))
    return Phrases(
        opt_out=_any_of(lists["opt_out"]),
        not_opt_out=_any_of(lists["not_opt_out"]),
        opt_out_confirmation=lists["opt_out_confirmation"],
        backchannel=re.compile(rf"(?:(?:{_any_of(lists['backchannel']).pattern})\s*)+"),
        unfinished=frozenset(lists["unfinished"]),
    )


def _any_of(patterns: list[str]) -> re.Pattern[str]:
    # The longest first, so that the most specific one is found.
    ordered = sorted(patterns, key=len, reverse=True)
    return re.compile("|".join(rf"\b{_pattern(each)}\b" for each in ordered))


def _pattern(phrase: str) -> str:
    words = [
        r"(?:[\w']+ ){0,3}" if word == "*" else re.escape(word) + " "
        for word in phrase.split()
    ]
    return "".join(words).removesuffix(" ").removesuffix("\\")
