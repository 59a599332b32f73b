"""The words of time of a language (*.yaml), and what was said in words of one spelling:
"Saturdays – 9am; or 15.12." is "saturday | 9 am | or 15 december |" (pure but for its words).
"""

import re
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any

import yaml

_TOKEN = re.compile(
    r"\d{4}-\d{2}-\d{2}|\d{1,2}[:.hu]\d{2}|\d+[a-z]{0,3}|[\w']+(?:\.\w\.?)?"
    r"|[.,;:!?]+(?=\s|$)|[–—]|(?<=\s)-(?=\s)"
)
_CLAUSE_ENDS = re.compile(r"(?<!\S)[.,;:!?–—-]+(?!\S)")
_GLUED = re.compile(r"\b(\d{1,2})(am|pm)\b")
_ISO_TIME = re.compile(r"(\d)t(\d)")
_LIST = re.compile(r"\{([a-z_]+)\}")
_UNREADABLE = "unreadable"


def load(language: str) -> dict[str, Any]:
    """English where the language has none."""
    folder = files(__name__)
    chosen = folder / f"{language}.yaml"
    text = (chosen if chosen.is_file() else folder / "en.yaml").read_text("utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    words: dict[str, Any] = yaml.load(text, Loader=loader)
    return words


def any_of(words: Iterable[str]) -> str:
    # The longest first: "twenty five" before "twenty".
    ordered = sorted(map(str, words), key=len, reverse=True)
    return "|".join(map(re.escape, ordered)) or "(?!)"


class Plain:
    """Spells what was said in the words that a language's patterns know."""

    def __init__(self, words: Mapping[str, Any]) -> None:
        def filled(pattern: str) -> str:
            return _LIST.sub(lambda name: f"(?:{any_of(words[name[1]])})", pattern)

        self._words = words
        self._compound = re.compile(filled(r"\b({weekdays})(?={parts}\b)"))
        self._rewritten = [
            (re.compile(rf"(?<!\S)(?:{pattern})(?!\S)"), other)
            for pattern, other in (
                *((re.escape(one), other) for one, other in words["spellings"].items()),
                *((filled(one), other) for one, other in words["rewritten"].items()),
            )
        ]
        unread = "|".join([_UNREADABLE, *map(filled, words["unread"])])
        self._unread = re.compile(rf"(?<!\S)(?:{unread})(?!\S)")
        self._and_a_half = rf"\1 {next(iter(words['and_more']))}"
        self._half = re.compile(filled(r"\b(\d{1,3})[.,]5(?= {units}\b)"))
        self._date = re.compile(
            r"(?<![\w./:-])(?!24/7)(\d{1,2})([./-])(\d{1,2})(?:\2(\d{4}|\d{2}))?(\.(?!\d))?"
            + filled(r"(?![\w/-])(?! *(?:\w+ )?{units})")
        )

    def of(self, text: str) -> str | None:
        """ "|" where a clause ends; None for what would be read as too early a time."""
        text = _ISO_TIME.sub(r"\1 \2", self._half.sub(self._and_a_half, text))
        text = self._date.sub(self._spelled_date, text)
        said = " ".join(_TOKEN.findall(text))
        said = _GLUED.sub(r"\1 \2", _CLAUSE_ENDS.sub("|", said)) + " |"
        said = self._compound.sub(r"\1 ", said)
        for pattern, other in self._rewritten:
            said = " ".join(pattern.sub(other, said).split())
        return None if self._unread.search(said) else said

    def _spelled_date(self, found: re.Match[str]) -> str:
        """ "15.12." may be a date, "15.12" a time; "15-12" without a year is neither."""
        first, sign, second, year, dot = found.groups()
        lead = " ".join(found.string[: found.start()].split()[-1:])
        dotted = lead in self._words["on_date"] or (
            dot and lead not in self._words["exactly"]
        )
        if not (year or sign == "/" or (sign == "." and dotted)):
            return found[0]
        day, month = int(first), int(second)
        if sign != "." and not self._words["day_first"]:
            if max(day, month) <= 12 and day != month:
                return _UNREADABLE
            day, month = max(day, month), min(day, month)
        if month not in range(1, 13) or day > 31:
            return found[0]
        if year:
            return f"{year if len(year) == 4 else '20' + year}-{month:02}-{day:02}"
        return f"{day} {self._words['months'][month - 1]}"
