"""What is bound to a language: one YAML file per language, read once."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from campanile.conversation.phrases.grammar import (
    BARRIER,
    MARK,
    SEAM,
    compiled,
    plain,
)


@dataclass(frozen=True, slots=True)
class Phrases:
    """The phrases of one language, as patterns over `plain` text."""

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


@dataclass(frozen=True, slots=True)
class OptOuts:
    """How people ask, in one language, never to be called again."""

    spellings: re.Pattern[str]
    written: dict[str, str]
    asked: re.Pattern[str]
    excepted: re.Pattern[str]
    over_after: frozenset[str]
    confirmation: str

    def heard_in(self, text: str) -> bool:
        """Stops and commas, where the recogniser writes any, bound the exceptions: "no I
        can't, stop calling" is one, though "I can't stop calling" is none."""
        return self._asks(self._spelled(text))

    def heard_across(self, texts: Sequence[str], *, same_breath: bool) -> bool:
        """Whether it is heard in what comes of laying `texts` together.

        A full stop at a cut is the recogniser's guess, made because of the pause, and
        does not count. A question is over, though, and so is a bare negation ("don't." -
        "call me") unless the last text follows it in the same breath, without a stop.
        """
        words = ""
        for number, text in enumerate(texts, start=1):
            before = words.rstrip(_MARKS)
            if before:
                close = same_breath and number == len(texts) and before == words[:-1]
                over = words.endswith("? ") or (
                    not close and before.split()[-1] in self.over_after
                )
                words = f"{before} {BARRIER}" if over else f"{before}{SEAM}"
            words += self._spelled(text)
        return self._asks(self.spellings.sub(self._write, words))

    def _spelled(self, text: str) -> str:
        return self.spellings.sub(self._write, f"{plain(text, marks=True)} ")

    def _write(self, match: re.Match[str]) -> str:
        written = self.written[match[0].replace(SEAM, " ")]
        return written.replace(" ", SEAM) if SEAM in match[0] else written

    def _asks(self, words: str) -> bool:
        once = _STUTTER.sub(r"\1\2", words)
        left = MARK.sub("", self.excepted.sub(BARRIER, once))
        return self.asked.search(_STUTTER.sub(r"\1\2", left)) is not None


LANGUAGES = ("en", "nl")
_OPT_OUT_FILES = ("opt_out_words", "opt_out")
_MARKS = " .,;:!?"
_STUTTER = re.compile(r"\b([\w']+)(?:\s\1)+(\s)")


def phrases(language: str) -> Phrases:
    """The phrases of a language tag such as `en`, `en-GB` or `nl`; English for the rest.

    The regions of a language share a file.
    """
    return _phrases(_chosen(language))


def opt_outs(language: str) -> OptOuts:
    """As `phrases`: what makes an opt-out in that language."""
    return _opt_outs(_chosen(language))


@cache
def _phrases(language: str) -> Phrases:
    lists = _read(f"{language}.yaml")
    return Phrases(
        backchannel=re.compile(rf"(?:(?:{_any_of(lists['backchannel'])})\s*)+"),
        unfinished=frozenset(lists["unfinished"]),
    )


@cache
def _opt_outs(language: str) -> OptOuts:
    words, rules = (_read(f"{name}_{language}.yaml") for name in _OPT_OUT_FILES)
    spellings = words["spellings"]
    lists = {
        name: [one.strip() for one in text.split(",")]
        for name, text in words["lists"].items()
    }
    return OptOuts(
        spellings=compiled(list(spellings), {}),
        written={
            f"{one} ": f"{other} " if other else "" for one, other in spellings.items()
        },
        asked=compiled(rules["opt_out"], lists),
        excepted=compiled(rules["not_opt_out"], lists, generous=True),
        over_after=frozenset(words["over_after"]),
        confirmation=rules["opt_out_confirmation"],
    )


def _chosen(language: str) -> str:
    name = language.lower().replace("_", "-").split("-")[0]
    return name if name in LANGUAGES else "en"


def _read(name: str) -> Any:
    return yaml.safe_load((_FOLDER / name).read_text(encoding="utf-8"))


def _any_of(texts: Sequence[str]) -> str:
    # The longest first, so that the most specific one is found.
    ordered = sorted(texts, key=len, reverse=True)
    return "|".join(rf"\b{re.escape(text)}\b" for text in ordered)


_FOLDER = resources.files(__name__)
