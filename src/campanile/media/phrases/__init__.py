"""What machines say when they answer a telephone: one YAML file per language.

In the files `*` stands for up to three words, `#` for a key of the telephone, and
`a|b` for either word. Single words that people use too ("message", "beep") are never
enough by themselves.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources

import yaml

_WORD = re.compile(r"\w+")
_APOSTROPHES = re.compile("['’]")


class Cue(StrEnum):
    """What a phrase tells."""

    MAILBOX_FULL = "mailbox_full"
    SCREENER = "screener"
    VOICEMAIL = "voicemail"
    """Said by mailboxes only."""
    IVR = "ivr"
    HUMAN = "human"
    """Said by people only."""
    VOICEMAIL_HINT = "voicemail_hint"
    """Said by mailboxes and by people."""


_LOUDER = (Cue.MAILBOX_FULL, Cue.SCREENER, Cue.VOICEMAIL)
"""The more telling first: a full mailbox also says that nobody is available, and a
screener also asks to record something."""
_MASKS = (Cue.HUMAN, Cue.IVR)
"""Within these the words of `_LOUDER` mean nothing: "would you like to leave a
message?", "to leave a message, press two"."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """The phrases of one language, as patterns over plain words."""

    patterns: dict[Cue, re.Pattern[str]]
    greetings: frozenset[str]

    def find(self, text: str) -> tuple[Cue, str] | None:
        """The most telling phrase in `text` and the words that matched; else None."""
        words = rest = " ".join(_words(text))
        for cue in _MASKS:
            rest = self.patterns[cue].sub("…", rest)
        for cue in _LOUDER:
            if match := self.patterns[cue].search(rest):
                return cue, match.group()
        for cue in (Cue.IVR, Cue.HUMAN, Cue.VOICEMAIL_HINT):
            if match := self.patterns[cue].search(words):
                return cue, match.group()
        return None

    def greets(self, text: str) -> bool:
        """Whether `text` is what a person says who has just picked up."""
        words = _words(text)
        return 0 < len(words) <= 5 and words[0] in self.greetings


def phrases(language: str) -> Phrases:
    """The phrases for a language tag such as `en`, `en-GB` or `nl`; English for others.

    English is always among them: carriers' mailboxes speak it everywhere.
    """
    return _read(language.lower().replace("_", "-").split("-")[0])


@cache
def _read(language: str) -> Phrases:
    files = [lists for name in {language, "en"} if (lists := _lists(name))]
    keys = "|".join(key for lists in files for key in lists["keys"])
    patterns = {}
    for cue in Cue:
        each = [_pattern(phrase, keys) for lists in files for phrase in lists[cue]]
        patterns[cue] = re.compile(rf"\b(?:{'|'.join(each)})\b")
    greetings = frozenset(word for lists in files for word in lists["greetings"])
    return Phrases(patterns, greetings)


def _words(text: str) -> list[str]:
    return _WORD.findall(_APOSTROPHES.sub("", text.lower()))


def _lists(language: str) -> dict[str, list[str]]:
    file = resources.files(__package__) / f"{language}.yaml"
    if not language.isalpha() or not file.is_file():
        return {}
    lists: dict[str, list[str]] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return lists


def _pattern(phrase: str, keys: str) -> str:
    words = []
    for word in _APOSTROPHES.sub("", phrase).split():
        if word == "*":
            words.append(r"(?:\w+ ){0,3}")
        elif word == "#":
            words.append(rf"(?:\d|{keys}) ")
        else:
            words.append(f"(?:{word}) ")
    return "".join(words).removesuffix(" ")
