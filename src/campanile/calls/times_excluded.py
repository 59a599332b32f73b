"""The times that somebody rules out: "not tomorrow", "any day but Monday", "mornings don't
work" (pure). The sentence is lower-case words, "|" between its clauses.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

_MARK = re.compile(r"<\w(\d+)>")


def any_of(words: Iterable[str]) -> str:
    # The longest first: "twenty five" before "twenty".
    ordered = sorted(map(str, words), key=len, reverse=True)
    return "|".join(map(re.escape, ordered)) or "(?!)"


class Exclusions:
    """Finds what is ruled out, and leaves the rest to be read as what is asked for.

    Days and parts of the day are first marked ("not <w0> or <p1>"), which keeps the
    patterns small: d a day, w a weekday, p a part of the day alone.
    """

    def __init__(self, words: Mapping[str, Any], *, dates: str, hours: str) -> None:
        """`dates` and `hours` are patterns of a date and of what follows "after"."""

        def one_of(*names: str) -> str:
            return any_of(word for name in names for word in words[name])

        articles = rf"(?:(?:{one_of('articles')}) )*?"
        part = rf"(?:{one_of('parts')})(?![\w'])"
        weekday = rf"(?:(?:{one_of('next')}) )?(?:{one_of('weekdays')})"
        other = one_of("days", "weeks", "weekend", "feasts", "months")
        self._days = re.compile(
            rf"(?<!\S){articles}(?:(?:(?P<w>{weekday})"
            rf"|(?P<d>{dates}|(?:{one_of('next')}) (?:{one_of('month')})|{other}"
            rf"|(?:{one_of('exactly')}) {hours}))(?![\w'])(?: {articles}{part})?|(?P<p>{part}))"
        )
        either = rf"(?: \|)? (?:{one_of('or')}) "
        several = (
            rf"(?:<w\d+>(?: \| <w\d+>)+{either}<w\d+>|<\w\d+>(?:{either}<\w\d+>)*)"
        )
        word = rf" (?!(?:{one_of('parting')})(?!\S))[^\s|<]\S*"
        gap = rf"(?: (?:{one_of('call')})(?!\S)|(?:(?: (?:{one_of('articles')}))?{word}){{0,3}}?)"
        afterwards = rf"(?:(?: (?:{one_of('linking')})){{0,3}} (?:{one_of('excluded_after')}))(?!\S)"
        self._excluded = re.compile(
            rf"(?<!\S)(?:(?:(?:{one_of('not')}){gap}|(?:{one_of('none', 'busy')})) {several}"
            rf"|{several}{afterwards}"
            rf"(?!(?: [^\s|]+){{0,2}} (?:{one_of('now')})(?!\S))(?! <p))"
            rf"(?! (?:{one_of('before', 'until')})(?!\S))"
        )
        negated = (
            rf"(?<!\S)(?:{one_of('not', 'none', 'busy')})"
            rf"(?: (?!(?:{one_of('parting', 'days', 'weekdays')})(?!\S))[^\s|]+){{0,2}}?"
        )
        before, after = one_of("before"), one_of("after")
        to_before = words["before"][0]
        self._turned = [
            (re.compile(pattern), rf"{turned} \g<hour>")
            for pattern, turned in (
                (rf"{negated} (?:{after}) (?P<hour>{hours})", to_before),
                (rf"(?<!\S)(?:{after}) (?P<hour>{hours}){afterwards}", to_before),
                (
                    rf"(?<!\S)(?:{before}) (?P<hour>{hours}){afterwards}",
                    f"{words['not'][0]} {to_before}",
                ),
            )
        ]

    def turn(self, said: str) -> str:
        """ "not after six" → "before six"; "before six I can't" → "not before six"."""
        for pattern, turned in self._turned:
            said = pattern.sub(turned, said)
        return said

    def split(self, said: str) -> tuple[str, list[str]]:
        """The sentence without what is ruled out, and that."""
        days: list[str] = []
        excluded: list[str] = []

        def mark(found: re.Match[str]) -> str:
            days.append(found[0])
            return f"<{found.lastgroup}{len(days) - 1}>"

        def named(marked: re.Match[str]) -> str:
            return days[int(marked[1])]

        def take(found: re.Match[str]) -> str:
            excluded.extend(named(marked) for marked in _MARK.finditer(found[0]))
            return "|"

        rest = self._excluded.sub(take, self._days.sub(mark, said))
        return _MARK.sub(named, rest), excluded
