"""The times that somebody rules out: "not tomorrow", "any day but Monday", "mornings don't
work" (pure). The sentence is lower-case words, "|" between its clauses.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from campanile.calls.words import any_of

_MARK = re.compile(r"<\w(\d+)>")


def _until(
    words: Mapping[str, Any], one_of: Callable[..., str], afterwards: str
) -> list[tuple[re.Pattern[str], str]]:
    """ "Until Friday I'm away", "I'm busy from today to Friday": Friday is when they are
    back, or the day before that is.
    """
    until, begins, to = one_of("until", "before"), one_of("from"), one_of("up_to")
    after = rf"(?P<after> (?:{one_of('after')}))?"
    day, span = r"<\w\d+>", rf"(?:{one_of('week', 'month')})(?!\S)"
    # "a week from Monday", "the second week of January", "the end of the month"
    counts = one_of("articles", "from", "counted_from", "numbers", "spans", "units")
    lead = rf"(?:(?:{counts}|{one_of('stages')}|\d+|\w+_\w+) ){{0,5}}"
    days = rf"(?P<day>{lead}(?:{day}|{span})(?: (?:(?:{one_of('or')}) )?{day})*)"
    away = rf"(?:(?:{begins}) )?{day} (?:{to}){after} (?P<day>{day})"
    with_last = (
        rf"(?:(?:{begins}) {day} (?:{one_of('and')})"
        rf"|(?:(?:{begins}) )?{day} (?:{one_of('up_to_and_with')})) (?P<day>{day})"
    )
    back = words["until"][0]
    back_after = f"{back} {words['after'][0]}"
    busy = one_of("busy")
    return [
        (re.compile(rf"(?<!\S){pattern}"), rf"{turned} \g<day> |")
        for pattern, turned in (
            (rf"(?:{busy}) {with_last}", back_after),
            (rf"{with_last}{afterwards}", back_after),
            (rf"(?:{busy}) {away}", rf"{back}\g<after>"),
            (rf"{away}{afterwards}", rf"{back}\g<after>"),
            (
                rf"(?:{until}){after} {days}{afterwards}(?! (?:{until})(?!\S))",
                rf"{back}\g<after>",
            ),
        )
    ]


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
            rf"(?:<w\d+>(?: \| <w\d+>)+{either}<w\d+>"
            rf"|<\w\d+>(?: \| <\w\d+>)+(?: \|)? (?:{one_of('and')}) <\w\d+>"
            rf"|<\w\d+>(?:{either}<\w\d+>)*)"
        )
        word = rf" (?!(?:{one_of('parting')})(?!\S))[^\s|<]\S*"
        gap = rf"(?: (?:{one_of('call')})(?!\S)|(?:(?: (?:{one_of('articles')}))?{word}){{0,3}}?)"
        afterwards = rf"(?:(?: (?:{one_of('linking')})){{0,3}} (?:{one_of('excluded_after', 'busy')}))(?!\S)"
        self._excluded = re.compile(
            rf"(?<!\S)(?:(?:(?:{one_of('not')}){gap}|(?:{one_of('none', 'busy')})) {several}"
            rf"|{several}{afterwards}"
            rf"(?!(?: [^\s|]+){{0,2}} (?:{one_of('now')})(?!\S))(?! <p))"
            rf"(?! (?:{one_of('before', 'until')})(?!\S))"
        )
        self._until = _until(words, one_of, afterwards)
        after = one_of("after")
        negated = (
            rf"(?<!\S)(?:{one_of('not', 'none', 'busy')})"
            rf"(?: (?!(?:{one_of('parting', 'days', 'weekdays')})(?!\S))[^\s|]+){{0,2}}?"
        )
        before, to_before = one_of("before"), words["before"][0]
        not_until = "".join(rf"(?<!\b{word} )" for word in words["until"])
        self._turned = [
            (re.compile(pattern), rf"{turned} \g<hour>")
            for pattern, turned in (
                (rf"{negated} (?:{after}) (?P<hour>{hours})", to_before),
                (
                    rf"(?<!\S){not_until}(?:{after}) (?P<hour>{hours}){afterwards}",
                    to_before,
                ),
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
        """The sentence without what is ruled out, and that. "Until Friday I'm away" does
        not rule out Friday: it asks for it."""
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

        rest = self._days.sub(mark, said)
        for pattern, turned in self._until:
            rest = pattern.sub(turned, rest)
        rest = self._excluded.sub(take, rest)
        return _MARK.sub(named, rest), excluded
