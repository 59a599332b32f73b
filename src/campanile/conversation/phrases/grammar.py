"""A small pattern language for things that people say in many ways.

A pattern is words with blanks between them, matched against what was said, word by word:

    stop          the word
    stop|quit     one of these
    again?        the word or nothing
    <call>        one of a named list of patterns; also among others: me|<phone>
    *             up to three words of any kind; ** up to six
    ^ $           the beginning, the end of what was said, or of a part of it

Compiled once to regular expressions, without nested repetition: the time to match grows
with the length of the text, not with its tricks.
"""

import re
from collections.abc import Mapping, Sequence

MARK = re.compile(r"[.,;:!?]+ ")
"""As `plain` leaves it."""
_WORD = re.compile(r"[\w']+")
_WORD_OR_MARK = re.compile(r"[\w']+|[.,;:!?]+")
BARRIER = "/ "
"""Stands where something was taken out; no gap reaches across it."""

_ANY = r"(?:[\w']+ )"
_GAPS = {"*": _ANY + "{0,3}?", "**": _ANY + "{0,6}?"}
_ANCHORS = {"^": r"(?:\A|(?<=[.,;:!?] ))", "$": r"(?=[.,;:!?]|\Z)"}


def plain(text: str, *, marks: bool = False) -> str:
    """Lower case, plain apostrophes, single blanks, no punctuation.

    With `marks`, stops and commas are kept, as words of their own.
    """
    pieces = _WORD_OR_MARK if marks else _WORD
    return " ".join(pieces.findall(text.lower().replace("’", "'")))


def compiled(
    patterns: Sequence[str], lists: Mapping[str, Sequence[str]]
) -> re.Pattern[str]:
    """One expression for all; it expects each word, the last too, with a blank behind.

    Raises KeyError for a list that is not there.
    """
    if not patterns:
        return re.compile(r"(?!)")
    return re.compile(r"(?:(?<=\s)|\A)" + _one_of(patterns, lists))


def _one_of(patterns: Sequence[str], lists: Mapping[str, Sequence[str]]) -> str:
    # The longest first, so that the most specific one is found.
    ordered = sorted(patterns, key=len, reverse=True)
    return "(?:" + "|".join(_pattern(each, lists) for each in ordered) + ")"


def _pattern(pattern: str, lists: Mapping[str, Sequence[str]]) -> str:
    return "".join(_token(token, lists) for token in pattern.split())


def _token(token: str, lists: Mapping[str, Sequence[str]]) -> str:
    if token in _GAPS:
        return _GAPS[token]
    bare = token.removesuffix("?")
    choices = (
        _one_of(lists[choice[1:-1]], lists)
        if choice.startswith("<")
        else _ANCHORS.get(choice) or f"{re.escape(choice)} "
        for choice in bare.split("|")
    )
    body = f"(?:{'|'.join(choices)})"
    return f"(?:{body})?" if token.endswith("?") else body
