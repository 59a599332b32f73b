"""Words of time in what somebody said, as plain values (pure but for its words)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

_TOKEN = re.compile(
    r"\d{4}-\d{2}-\d{2}|\d{1,2}[:.h]\d{2}|\d+[a-z]{0,3}|[\w']+(?:\.\w\.?)?"
)
_ISO_TIME = re.compile(r"(\d)t(\d)")
_ISO = re.compile(r"\b\d{4}-(\d{2})-(\d{2})\b")
_DIGITAL = re.compile(r"\b(\d{1,2})[:.h](\d{2})\b")


@dataclass(frozen=True, slots=True)
class Said:
    delay: timedelta | None = None
    days: int | None = None
    """from today"""
    weekday: int | None = None
    """0 is Monday"""
    weekend: bool = False
    is_next: bool = False
    """"next Tuesday": the one of next week, so that nobody is called a week early"""
    is_next_week: bool = False
    is_next_month: bool = False
    day_of_month: int | None = None
    month: int | None = None
    clock: time | None = None
    """as the words have it: "half past five" is 5:30"""
    is_24_hours: bool = False
    part: time | None = None
    """of a part of the day"""
    before_noon: bool = False
    after_noon: bool = False
    before: bool = False
    """before the clock time rather than from it on"""


def read(text: str, language: str) -> Said | None:
    """None: no time is named."""
    reader = _reader(language[:2].lower())
    said = reader.read(text)
    return None if said == Said() else said


class _Reader:
    def __init__(self, words: Mapping[str, Any]) -> None:
        self._words = words
        self._numbers: dict[str, float] = words["numbers"]
        self._spellings = [
            (re.compile(rf"(?<!\S){re.escape(one)}(?!\S)"), other)
            for one, other in words["spellings"].items()
        ]
        number = rf"(?:\d{{1,3}}|{_any(self._numbers)})"
        hour_words = _any(words["hour_of_the_clock"])
        minutes = "|".join(
            re.escape(name)
            for name, value in sorted(self._numbers.items(), key=_longest)
            if value in (5, 10, 15, 20, 25, 30, 40, 45, 50)
        )
        self._delay = re.compile(
            rf"\b(?:(?P<in>{_any(words['in'])}) )?(?:about |ongeveer )?(?P<n>{number})"
            rf"(?P<half> (?:{_any(words['and_a_half'])}))? (?P<unit>{_any(words['units'])})"
            rf"(?P<half2> (?:{_any(words['and_a_half'])}))?(?! (?:{hour_words}))\b"
        )
        self._span = re.compile(rf"\b(?P<span>{_any(words['spans'])})\b")
        quarter = _any(words["quarter"])
        half = _any(words["half"])
        before = _any(words["to"])
        past = _any(words["past"])
        shift = rf"(?P<by>{quarter}|{minutes}|\d{{1,2}})(?: \w*min\w*)?"
        at = _any([*words["at"], *words["before"]])
        self._clocks = [
            re.compile(pattern)
            for pattern in (
                rf"\b{shift} (?:(?P<past>{past})|(?P<to>{before})) (?P<half>half) (?P<hour>{number})\b",
                rf"\b(?:{half}) (?P<hour>{number})(?P<half>\b)",
                rf"\b{shift} (?:(?P<past>{past})|(?P<to>{before})) (?P<hour>{number})\b",
                rf"\b(?P<hour>{number}) (?:{hour_words} )?(?P<minute>{minutes})\b(?! \w*min)",
                rf"\b(?P<hour>{number}) ?(?:{hour_words}|am|pm)\b",
                rf"\b(?:{at}) (?P<hour>{number})\b",
                rf"^(?P<hour>{number})$",
            )
        ]
        self._compound = re.compile(  # donderdagmiddag
            rf"\b({_any(words['weekdays'])})(?=(?:{_any(words['parts'])})\b)"
        )
        self._before = re.compile(
            rf"\b(?P<not>(?:{_any(words['not'])}) .*)?\b(?:{_any(words['before'])})"
            rf" (?:{number}|{half}|{quarter}|\d{{1,2}}[:.]\d{{2}})\b"
        )

    def read(self, text: str) -> Said:
        plain = _ISO_TIME.sub(r"\1 \2", text.lower().replace("’", "'"))
        said = " ".join(_TOKEN.findall(plain))
        for spelling, other in self._spellings:
            said = spelling.sub(other, said)
        said = self._compound.sub(r"\1 ", " ".join(said.split()))
        values: dict[str, Any] = {}
        delay = self._delay_in(said)
        if delay is not None:
            values["delay"] = delay
            if delay < timedelta(days=1):
                return Said(delay=delay)
        values |= self._day_in(said)
        values |= self._clock_in(said)
        values |= self._part_in(said)
        return Said(**values)

    def _delay_in(self, said: str) -> timedelta | None:
        if found := self._span.search(said):
            return timedelta(minutes=self._words["spans"][found["span"]])
        for found in self._delay.finditer(said):
            unit = found["unit"]
            of_the_clock = unit in self._words["hour_of_the_clock"]
            if of_the_clock and not found["in"]:
                continue
            amount = self._number(found["n"])
            if found["half"] or found["half2"]:
                amount += 0.5
            return timedelta(seconds=amount * self._words["units"][unit])
        return None

    def _day_in(self, said: str) -> dict[str, Any]:
        words = self._words
        values: dict[str, Any] = {}
        upcoming = _any(words["next"])
        for name in sorted(words["days"], key=len, reverse=True):
            if _has(said, name):
                values["days"] = words["days"][name]
                break
        for index, name in enumerate(words["weekdays"]):
            if _has(said, name):
                values = {"weekday": index}
                values["is_next"] = bool(re.search(rf"\b(?:{upcoming}) {name}", said))
        if re.search(rf"\b(?:{upcoming}) (?:{_any(words['week'])})\b", said):
            values["is_next_week"] = True
        if re.search(rf"\b(?:{upcoming}) (?:{_any(words['month'])})\b", said):
            values["is_next_month"] = True
        if found := re.search(rf"\b(?:{_any(words['weekend'])})\b", said):
            values["weekend"] = True
            lead = said[: found.start()].rstrip()
            values["is_next"] = bool(re.search(rf"\b(?:{upcoming})$", lead))
        return values | self._date_in(said)

    def _date_in(self, said: str) -> dict[str, Any]:
        if found := _ISO.search(said):
            return {"month": int(found[1]), "day_of_month": int(found[2])}
        words = self._words
        endings = "|".join(words["ordinal_endings"])
        day = rf"(?P<day>\d{{1,2}}(?:{endings})?|{_any(words['ordinals'])})"
        month = rf"(?P<month>{_any(words['months'])})"
        for pattern in (rf"\b{day} (?:of )?{month}\b", rf"\b{month} (?:the )?{day}\b"):
            if found := re.search(pattern, said):
                number = self._ordinal(found["day"])
                return {
                    "day_of_month": number,
                    "month": words["months"].index(found["month"]) + 1,
                }
        only = (
            rf"\b(?:the|de) (?P<day>\d{{1,2}}(?:{endings})|{_any(words['ordinals'])})\b"
        )
        if found := re.search(only, said):
            return {"day_of_month": self._ordinal(found["day"])}
        return {}

    def _clock_in(self, said: str) -> dict[str, Any]:
        before = self._before.search(said)
        early = {"before": True} if before and not before["not"] else {}
        if digits := _DIGITAL.search(said):
            hour, minute = int(digits[1]), int(digits[2])
            if hour < 24 and minute < 60:
                full = len(digits[1]) == 2 and digits[1].startswith("0")
                return {"clock": time(hour, minute), "is_24_hours": full, **early}
        for pattern in self._clocks:
            if (found := pattern.search(said)) and (clock := self._time(found)):
                counts_back = found.groupdict().get("to")  # "quarter to six"
                return {"clock": clock, **({} if counts_back else early)}
        return {}

    def _time(self, found: re.Match[str]) -> time | None:
        parts = found.groupdict()
        hour = int(self._number(parts["hour"]))
        minute = int(self._number(parts["minute"])) if parts.get("minute") else 0
        shift = 0
        if by := parts.get("by"):
            shift = 15 if by in self._words["quarter"] else int(self._number(by))
            shift = -shift if parts.get("to") else shift
        if parts.get("half") is not None:
            shift += -30 if self._words["half_is_before"] else 30
        total = hour * 60 + minute + shift
        if hour > 24 or not 0 <= total <= 24 * 60:
            return None
        return time(total // 60 % 24, total % 60)

    def _part_in(self, said: str) -> dict[str, Any]:
        words = self._words
        values: dict[str, Any] = {}
        for name in sorted(words["parts"], key=len, reverse=True):
            if _has(said, name):
                values["part"] = time.fromisoformat(words["parts"][name])
                break
        if any(_has(said, name) for name in words["before_noon"]):
            values["before_noon"] = True
        elif any(_has(said, name) for name in words["after_noon"]):
            values["after_noon"] = True
        return values

    def _number(self, text: str) -> float:
        return float(text) if text.isdigit() else float(self._numbers[text])

    def _ordinal(self, text: str) -> int:
        digits = re.match(r"\d+", text)
        return int(digits[0]) if digits else int(self._words["ordinals"][text])


def _has(said: str, name: str) -> bool:
    return re.search(rf"(?<![\w']){re.escape(name)}(?![\w'])", said) is not None


def _any(words: Iterable[str]) -> str:
    # The longest first: "twenty five" before "twenty".
    ordered = sorted(map(str, words), key=len, reverse=True)
    return "|".join(map(re.escape, ordered))


def _longest(item: tuple[str, float]) -> int:
    return -len(item[0])


@cache
def _reader(language: str) -> _Reader:
    folder = files("campanile.calls") / "words"
    chosen = folder / f"{language}.yaml"
    text = (chosen if chosen.is_file() else folder / "en.yaml").read_text("utf-8")
    return _Reader(yaml.safe_load(text))
