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

What was said in two pieces is laid together with a SEAM for the blank between. A word's
own blank may be one, so that a pattern reaches across; blanks that stand for any words
do not, or two sentences would make a third that nobody said.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MARK = re.compile(r"[.,;:!?]+ ")
"""As `plain` leaves it."""
_WORD = re.compile(r"[\w']+")
_WORD_OR_MARK = re.compile(r"[\w']+|[.,;:!?]+")
BARRIER = "/ "
"""Stands where something was taken out; no gap reaches across it."""
SEAM = "\n"

_WITHIN = r"(?:(?<!\n)[\w']+ )"
_ACROSS = r"(?:[\w']+\s)"
_GAPS = {"*": "{0,3}?", "**": "{0,6}?"}
_ANCHORS = {"^": r"(?:\A|(?<=[.,;:!?] ))", "$": r"(?=[.,;:!?]|\Z)"}
_SEAMS_TOO = {
    "^": r"(?:\A|(?<=[.,;:!?] )|(?<=\n))",
    "$": r"(?:(?=[.,;:!?]|\Z)|(?<=\n))",
}


def plain(text: str, *, marks: bool = False) -> str:
    """Lower case, plain apostrophes, single blanks, no punctuation.

    With `marks`, stops and commas are kept, as words of their own.
    """
    pieces = _WORD_OR_MARK if marks else _WORD
    return " ".join(pieces.findall(text.lower().replace("’", "'")))


def compiled(
    patterns: Sequence[str],
    lists: Mapping[str, Sequence[str]],
    *,
    generous: bool = False,
) -> re.Pattern[str]:
    """One expression for all; it expects each word, the last too, with a blank behind.

    `generous`: any words may lie across a SEAM, and it is a beginning and an end.
    Raises KeyError for a list that is not there.
    """
    if not patterns:
        return re.compile(r"(?!)")
    grammar = (
        _Grammar(lists, _ACROSS, _SEAMS_TOO)
        if generous
        else _Grammar(lists, _WITHIN, _ANCHORS)
    )
    return re.compile(r"(?:(?<=\s)|\A)" + grammar.one_of(patterns))


@dataclass(frozen=True, slots=True)
class _Grammar:
    lists: Mapping[str, Sequence[str]]
    any_word: str
    anchors: Mapping[str, str]

    def one_of(self, patterns: Sequence[str]) -> str:
        # The longest first, so that the most specific one is found.
        ordered = sorted(patterns, key=len, reverse=True)
        return "(?:" + "|".join(self._pattern(each) for each in ordered) + ")"

    def _pattern(self, pattern: str) -> str:
        return "".join(self._token(token) for token in pattern.split())

    def _token(self, token: str) -> str:
        if token in _GAPS:
            return self.any_word + _GAPS[token]
        bare = token.removesuffix("?")
        choices = (
            self.one_of(self.lists[choice[1:-1]])
            if choice.startswith("<")
            else self.anchors.get(choice) or rf"{re.escape(choice)}\s"
            for choice in bare.split("|")
        )
        body = f"(?:{'|'.join(choices)})"
        return f"(?:{body})?" if token.endswith("?") else body
