"""A model's stream of text, cut into sentences that can be spoken one by one.

The first sound cannot come before the first sentence is whole, so a sentence is given
out as soon as its end is certain. `Dr.`, `10.30` and `e.g.` do not end one.
"""

import re

_END = re.compile(r"[.!?…]+[\"')\]]*(?=\s)|\n+")
"""A sentence's end is certain once white space follows it."""
_CERTAIN_AT_ONCE = re.compile(r"[^\s.]{2,}[!?][\"')\]]*$")
"""Nothing but white space can follow a question or exclamation mark after a word."""
_ABBREVIATIONS = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "st",
        "no",
        "nr",
        "vs",
        "etc",
        "approx",
        "dept",
        "tel",
        "ext",
        "jr",
        "sr",
        "inc",
        "ltd",
        "co",
        "dhr",
        "mevr",
        "mw",
        "drs",
        "ing",
        "ir",
        "bijv",
        "ca",
        "evt",
        "incl",
        "excl",
        "a.m",
        "p.m",
        "e.g",
        "i.e",
        "o.a",
        "d.w.z",
        "m.a.w",
    ]
)
_SHORT = 12
"""Characters below which a sentence waits for the next: `Yes.` alone sounds clipped."""


class SentenceSplitter:
    """Feed it text as it streams; it answers with the sentences that became whole."""

    def __init__(self) -> None:
        self._text = ""
        self._given_any = False

    def feed(self, text: str) -> list[str]:
        self._text += text
        sentences = []
        while (end := self._first_end()) is not None:
            sentence, self._text = self._text[:end].strip(), self._text[end:]
            if sentence:
                sentences.append(sentence)
                self._given_any = True
        return sentences

    def rest(self) -> str:
        """What is left when the stream has ended; may be empty."""
        text, self._text = self._text.strip(), ""
        return text

    def _first_end(self) -> int | None:
        for match in _END.finditer(self._text):
            if self._is_end(match):
                return match.end()
        at_once = _CERTAIN_AT_ONCE.search(self._text)
        if at_once and self._long_enough(at_once.end()):
            return at_once.end()
        return None

    def _is_end(self, match: re.Match[str]) -> bool:
        before = self._text[: match.start()].rsplit(maxsplit=1)
        word = before[-1].lower().lstrip("(\"'") if before else ""
        if match.group().startswith(".") and (word in _ABBREVIATIONS or _initial(word)):
            return False
        return self._long_enough(match.end())

    def _long_enough(self, end: int) -> bool:
        # The first sentence goes out however short: it is what the callee waits for.
        return not self._given_any or len(self._text[:end].strip()) >= _SHORT


def _initial(word: str) -> bool:
    """`J. Smith`: one letter, but not the pronoun or a numeral."""
    return len(word) == 1 and word.isalpha() and word != "i"
