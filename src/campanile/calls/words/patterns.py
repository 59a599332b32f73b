"""What a language's times look like in the plain words of `Plain` (pure)."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from campanile.calls.words import any_of

ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
DIGITAL = re.compile(r"\b(\d{1,2})[:.hu](\d{2})\b")


class Patterns:
    """Compiled once per language."""

    def __init__(self, words: Mapping[str, Any]) -> None:
        self._words = words
        numbers = words["numbers"]
        names = {*numbers} - {*words["no_hours"]}
        self._number = rf"(?:\d{{1,3}}|{any_of(numbers)})"
        self._hour = rf"(?:\d{{1,3}}|{any_of(names)})"
        self._minutes = any_of(
            name for name, value in numbers.items() if value in range(5, 60, 5)
        )
        self._articles = rf"(?: (?:{self._one_of('articles')}))*"
        negated = self._one_of("not", "none", "busy")
        self._not = rf"(?P<not>(?<!\S)(?:{negated})(?: \S+){{0,4}}? )?"
        self.dates = self._dates(names)
        self.hour_of_day = self._hour_of_day()
        self.clocks = [re.compile(pattern) for pattern in self._clocks()]
        self._set_delays()
        self._set_days()
        self.before = re.compile(
            rf"{self._not}\b(?:{self._one_of('before')}) {self.hour_of_day}"
        )
        hours = self._one_of("hour_of_the_clock")
        self.am, self.pm = (
            re.compile(
                rf"(?:\d|\b(?:{self._number}|{hours})) (?:{self._one_of(which)})\b"
            )
            for which in ("am", "pm")
        )

    def _one_of(self, *names: str) -> str:
        return any_of(word for name in names for word in self._words[name])

    def _dates(self, names: Iterable[str]) -> list[str]:
        month = rf"(?P<month>{self._one_of('months')})"
        ordinals, endings = self._one_of("ordinals"), self._one_of("ordinal_endings")
        day = rf"(?P<day>\d{{1,2}}(?:{endings})?|{ordinals})"
        ordinal = rf"(?P<day>\d{{1,2}}(?:{endings})|{ordinals})"
        number = rf"(?P<day>{any_of(names)})"
        year = r"(?: (?P<year>20\d{2}))?"
        return [
            rf"\b{day} (?:of )?{month}{year}\b",
            rf"\b{month} (?:the )?{day}{year}\b",
            rf"\b(?:the|de) {ordinal}\b",
            rf"\b{number} {month}{year}\b",  # not the hour of "at ten January third"
            rf"\b{month} {number}{year}\b",
        ]

    def _hour_of_day(self) -> str:
        clock, half = self._one_of("hour_of_the_clock"), self._one_of("half")
        parts = rf"(?:(?:{self._one_of('articles')}) )*?(?:{self._one_of('parts')})"
        minutes = rf"(?:{self._one_of('quarter')}|{self._minutes}|\d{{1,2}})"
        shifted = rf"(?:{minutes} (?:{self._one_of('past', 'to')}) )?"
        return (
            rf"(?:\d{{1,2}}[:.]\d{{2}}(?: (?:{clock}))?|{parts}"
            rf"|{shifted}(?:(?:{half}) )?{self._hour}(?: (?:{clock}|am|pm))?)(?![\w'])"
        )

    def _clocks(self) -> list[str]:
        clock, half = self._one_of("hour_of_the_clock"), self._one_of("half")
        hour, minutes = rf"(?P<hour>{self._hour})", rf"(?P<minute>{self._minutes})"
        by = rf"(?P<by>{self._one_of('quarter')}|{self._minutes}|\d{{1,2}})(?: \w*min\w*)?"
        shift = (
            rf"{by} (?:(?P<past>{self._one_of('past')})|(?P<to>{self._one_of('to')}))"
        )
        at = self._one_of("at", "before")
        at_one = any_of({*self._words["at"]} - {*self._words["from"]})
        counted = self._one_of("months", "units", "hour_of_the_clock")
        digits = rf"(?P<minute>[0-5]\d)\b(?! (?:{counted}))"
        return [
            rf"\b{shift} (?P<half>half) {hour}\b",
            rf"\b(?:{at_one}) {hour} {digits}",
            rf"\b{hour} (?:{clock}) {digits}",
            rf"\b(?:{half}) {hour}(?P<half>\b)",
            rf"\b{shift} {hour}\b",
            rf"\b{hour} (?:{clock} )?{minutes}\b(?! \w*min)",
            rf"\b{hour} ?(?:{clock}|am|pm)\b",
            rf"\b(?:{at}) {hour}\b(?! (?:of )?(?:{counted})\b)",
            rf"^{hour}$",
        ]

    def _set_delays(self) -> None:
        words = self._words
        more = self._one_of("and_more")
        ones = any_of(one for one in words["numbers"] if one in words["articles"])
        amount = (
            rf"(?:(?:(?:{ones}) )?(?P<span>{self._one_of('spans')})"
            rf"|(?P<n>{self._number})(?: (?P<and>{more}))? (?P<unit>{self._one_of('units')})"
            rf"(?: (?P<more>{more}))?)(?! (?:{self._one_of('hour_of_the_clock')}))\b"
        )
        self.delay = re.compile(
            rf"\b(?:(?P<in>{self._one_of('in')}) )?(?:about |ongeveer )?{amount}"
        )
        self.and_delay = re.compile(rf"(?: (?:{self._one_of('and')}))? {amount}")
        # "an hour after work", "ten minutes past six"
        after = any_of(
            part for part in words["parts"] if part.split()[0] in words["after"]
        )
        self.beside = re.compile(
            rf"(?= (?:{after})\b)| (?:(?P<back>{self._one_of('before', 'to')})"
            rf"|{self._one_of('after', 'past')})(?={self._articles} {self.hour_of_day})"
        )
        self.counted = re.compile(
            rf" (?:(?P<back>{self._one_of('before')})|{self._one_of('counted_from')})\b"
        )

    def _set_days(self) -> None:
        words, articles = self._words, self._articles
        month, upcoming = self._one_of("month"), self._one_of("next")
        self.side = re.compile(
            rf"{self._not}(?:(?P<before>(?<!\S)(?:{self._one_of('before')}))"
            rf"|(?<!\S)(?:{self._one_of('after')})){articles}$"
        )
        self.until = re.compile(rf"(?<!\S)(?:{self._one_of('until')}){articles}$")
        self.month = re.compile(rf"\b(?P<next>(?:{upcoming}) )?(?:{month})\b")
        # "I'm away until the end of January", but "not until the end of January"
        over = rf"(?<!\b{words['not'][0]} )\b(?P<over>{self._one_of('until', 'after')})"
        self.stage = re.compile(
            rf"(?:{over}{articles} )?\b(?P<stage>{self._one_of('stages')}){articles}?"
            rf" (?:{self._one_of('weeks', 'week')}|\w+_(?:{self._one_of('week')})"
            rf"|(?P<month>(?:(?:{upcoming}) )?(?:{month}))|(?:{self._one_of('months')}))\b"
        )
        self.nth = re.compile(
            rf"\b(?P<nth>\d|{self._one_of('ordinals', 'last')})[a-z]*_(?P<of>\w+)"
        )
        self.week_after = re.compile(
            rf"\b(?:{self._one_of('week')}) (?:{self._one_of('after')}){articles}$"
        )
