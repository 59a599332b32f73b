"""Words of time in what somebody said, as plain values (pure but for its words)."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from campanile.calls.said import Said
from campanile.calls.times_excluded import Exclusions, any_of

_TOKEN = re.compile(
    r"\d{4}-\d{2}-\d{2}|\d{1,2}[:.h]\d{2}|\d+[a-z]{0,3}|[\w']+(?:\.\w\.?)?"
    r"|[.,;:!?]+(?=\s|$)|[–—]|(?<=\s)-(?=\s)"
)
_CLAUSE_ENDS = re.compile(r"(?<!\S)[.,;:!?–—-]+(?!\S)")
_GLUED = re.compile(r"\b(\d{1,2})(am|pm)\b")
_INSTANT = re.compile(
    r"\b(\d{4}-\d{2}-\d{2})[t ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)"
    r" ?(z|[+-]\d{2}:?\d{2})(?!\w)"
)
_ISO_TIME = re.compile(r"(\d)t(\d)")
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_DIGITAL = re.compile(r"\b(\d{1,2})[:.h](\d{2})\b")


def read(text: str, language: str) -> Said | None:
    """None: no time is named, and none is excluded."""
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
        number = rf"(?:\d{{1,3}}|{any_of(self._numbers)})"
        hour_words = any_of(words["hour_of_the_clock"])
        minutes = "|".join(
            re.escape(name)
            for name, value in sorted(self._numbers.items(), key=_longest)
            if value in (5, 10, 15, 20, 25, 30, 40, 45, 50)
        )
        self._delay = re.compile(
            rf"\b(?:(?P<in>{any_of(words['in'])}) )?(?:about |ongeveer )?(?P<n>{number})"
            rf"(?P<half> (?:{any_of(words['and_a_half'])}))? (?P<unit>{any_of(words['units'])})"
            rf"(?P<half2> (?:{any_of(words['and_a_half'])}))?(?! (?:{hour_words}))\b"
        )
        self._span = re.compile(rf"\b(?P<span>{any_of(words['spans'])})\b")
        quarter = any_of(words["quarter"])
        half = any_of(words["half"])
        before = any_of(words["to"])
        past = any_of(words["past"])
        shift = rf"(?P<by>{quarter}|{minutes}|\d{{1,2}})(?: \w*min\w*)?"
        at = any_of([*words["at"], *words["before"]])
        articles = rf"(?: (?:{any_of(words['articles'])}))*"
        parts = rf"(?:(?:{any_of(words['articles'])}) )*?(?:{any_of(words['parts'])})"
        shifted = rf"(?:(?:{quarter}|{minutes}|\d{{1,2}}) (?:{past}|{before}) )?"
        hour_of_day = (
            rf"(?:\d{{1,2}}[:.]\d{{2}}(?: (?:{hour_words}))?|{parts}"
            rf"|{shifted}(?:(?:{half}) )?{number}(?: (?:{hour_words}|am|pm))?)(?![\w'])"
        )
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
            rf"\b({any_of(words['weekdays'])})(?=(?:{any_of(words['parts'])})\b)"
        )
        negated = any_of([*words["not"], *words["none"], *words["busy"]])
        self._not = rf"(?P<not>(?<!\S)(?:{negated})(?: \S+){{0,4}}? )?"
        self._before = re.compile(
            rf"{self._not}\b(?:{any_of(words['before'])}) {hour_of_day}"
        )
        self._side = re.compile(
            rf"{self._not}(?:(?P<before>(?<!\S)(?:{any_of(words['before'])}))"
            rf"|(?<!\S)(?:{any_of(words['after'])})){articles}$"
        )
        self._stage = re.compile(
            rf"\b(?P<stage>{any_of(words['stages'])}){articles}?"
            rf" (?:{any_of([*words['weeks'], *words['week']])}"
            rf"|(?P<month>(?:(?:{any_of(words['next'])}) )?(?:{any_of(words['month'])}))"
            rf"|(?:{any_of(words['months'])}))\b"
        )
        hours = any_of(words["hour_of_the_clock"])
        self._am, self._pm = (
            re.compile(rf"(?:\d|\b(?:{number}|{hours})) (?:{any_of(words[which])})\b")
            for which in ("am", "pm")
        )
        endings = any_of(words["ordinal_endings"])
        self._days = [
            rf"(?P<day>\d{{1,2}}(?:{endings})?|{any_of(words['ordinals'])})",
            rf"(?P<day>\d{{1,2}}(?:{endings})|{any_of(words['ordinals'])})",
        ]
        dates = "|".join(self._dates())
        self._exclusions = Exclusions(
            words, dates=re.sub(r"\?P<\w+>", "?:", dates), hours=hour_of_day
        )

    def read(self, text: str) -> Said:
        text = text.lower().replace("’", "'")
        if (found := _INSTANT.search(text)) and (instant := _instant(found)):
            return Said(instant=instant)
        said, ruled_out = self._exclusions.split(
            self._exclusions.turn(self._plain(text))
        )
        asked = self._named(said)
        excluded = [self._named(one) for one in ruled_out]
        return replace(
            asked,
            excluded=tuple(
                one for one in excluded if one.names_day or one.part is not None
            ),
        )

    def _plain(self, text: str) -> str:
        """Words of one spelling, "|" where a clause ends."""
        said = " ".join(_TOKEN.findall(_ISO_TIME.sub(r"\1 \2", text)))
        said = _GLUED.sub(r"\1 \2", _CLAUSE_ENDS.sub("|", said)) + " |"
        for spelling, other in self._spellings:
            said = spelling.sub(other, said)
        return self._compound.sub(r"\1 ", " ".join(said.split()))

    def _named(self, said: str) -> Said:
        weeks = self._weeks_in(said)
        said = " ".join(said.replace("|", " ").split())
        values = self._delay_in(said)
        if values and values["delay"] < timedelta(days=1):
            return Said(**values)
        values |= self._day_in(said, weeks)
        if "delay_from_day" in values:
            values.pop("day_after", None)
        values |= self._clock_in(said)
        values |= self._part_in(said)
        if "clock" not in values and "part" not in values:
            values.pop("before", None)
        return Said(**values)

    def _delay_in(self, said: str) -> dict[str, Any]:
        if found := self._span.search(said):
            return {"delay": timedelta(minutes=self._words["spans"][found["span"]])}
        for found in self._delay.finditer(said):
            unit = found["unit"]
            of_the_clock = unit in self._words["hour_of_the_clock"]
            if of_the_clock and not found["in"]:
                continue
            if not found["in"] and self._goes_on(said[: found.start()]):
                continue
            amount = self._number(found["n"])
            if found["half"] or found["half2"]:
                amount += 0.5
            delay = timedelta(seconds=amount * self._words["units"][unit])
            counted = rf" (?:{any_of(self._words['counted_from'])})\b"
            from_day = re.match(counted, said[found.end() :])
            return {"delay": delay, **({"delay_from_day": True} if from_day else {})}
        return {}

    def _goes_on(self, lead: str) -> bool:
        """Whether a number ends there of which only the rest was found."""
        last = lead.split()[-1:]
        return bool(last) and self._numbers.get(last[0], 0) >= 20

    def _weeks_in(self, said: str) -> int | None:
        names = self._words["weeks"]
        for name in sorted(names, key=len, reverse=True):
            if _has(said, name):
                return int(names[name])
        return None

    def _day_in(self, said: str, weeks: int | None) -> dict[str, Any]:
        words = self._words
        upcoming = any_of(words["next"])
        values: dict[str, Any] = {} if weeks is None else {"weeks": weeks}
        for name, days in self._found(said, words["days"]):
            values |= {"days": days} | self._side_of(said, name)
        for index, name in enumerate(words["weekdays"]):
            if _has(said, name):
                values.pop("days", None)
                values |= {"weekday": index} | self._side_of(said, name)
                values |= {} if weeks is not None else self._week_of(said, name)
        for name, _ in self._found(said, dict.fromkeys(words["weekend"])):
            values |= {"weekend": True} | self._side_of(said, name)
            values |= {} if weeks is not None else self._week_of(said, name)
        if re.search(rf"\b(?:{upcoming}) (?:{any_of(words['month'])})\b", said):
            values["is_next_month"] = True
        if found := self._stage.search(said):
            values["stage"] = words["stages"][found["stage"]]
            if found["month"] and "is_next_month" not in values:
                values["is_month"] = True
        return values | self._date_in(said)

    def _week_of(self, said: str, name: str) -> dict[str, Any]:
        for week, which in enumerate(("this", "next")):
            if re.search(rf"\b(?:{any_of(self._words[which])}) {name}\b", said):
                return {"weeks": week}
        return {}

    def _found(self, said: str, names: Mapping[str, Any]) -> list[tuple[str, Any]]:
        """The longest of the names that was said, if any."""
        ordered = sorted(names, key=len, reverse=True)
        return [(name, names[name]) for name in ordered if _has(said, name)][:1]

    def _side_of(self, said: str, name: str) -> dict[str, Any]:
        """Whether it is the day before or after the one named there."""
        found = re.search(rf"(?<![\w']){re.escape(name)}(?![\w'])", said)
        side = self._side.search(said[: found.start()].rstrip()) if found else None
        if side is None:
            return {}
        until = any(_has(side["not"] or "", word) for word in self._words["until"])
        if side["not"] and not until:
            return {}
        return {"day_before" if side["before"] else "day_after": True}

    def _dates(self) -> list[str]:
        month = rf"(?P<month>{any_of(self._words['months'])})"
        day, ordinal = self._days
        year = r"(?: (?P<year>20\d{2}))?"
        return [
            rf"\b{day} (?:of )?{month}{year}\b",
            rf"\b{month} (?:the )?{day}{year}\b",
            rf"\b(?:the|de) {ordinal}\b",
            _ISO.pattern,
        ]

    def _date_in(self, said: str) -> dict[str, Any]:
        words = self._words
        if found := _ISO.search(said):
            year, month, day = map(int, found.groups())
            return {"year": year, "month": month, "day_of_month": day}
        for pattern in self._dates()[:3]:
            if found := re.search(pattern, said):
                parts = found.groupdict()
                values = {"day_of_month": self._ordinal(parts["day"])}
                if parts.get("month"):
                    values["month"] = words["months"].index(parts["month"]) + 1
                if parts.get("year"):
                    values["year"] = int(parts["year"])
                return values | self._side_of(said, found[0])
        for name, (first, days) in self._found(said, words["feasts"]):
            month, day = map(int, first.split("-"))
            values = {"month": month, "day_of_month": day, "lasts": days}
            return values | self._side_of(said, name)
        for index, name in enumerate(words["months"]):
            if self._is_month(said, name):
                return {"month": index + 1} | self._side_of(said, name)
        return {}

    def _is_month(self, said: str, name: str) -> bool:
        if name in self._words["ambiguous_months"]:
            lead = any_of(self._words["in_month"])
            return re.search(rf"^{name}$|\b(?:{lead}) {name}\b", said) is not None
        return _has(said, name)

    def _clock_in(self, said: str) -> dict[str, Any]:
        # Of "before lunch" as a part of the day the hour is before it already.
        parts = [name for name, _ in self._found(said, self._words["parts"])]
        before = self._before.search(said)
        if any(self._before.match(name) for name in parts):
            before = None
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
        return early

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
        for _, at in self._found(said, words["parts"]):
            values["part"] = time.fromisoformat(at)
        if self._am.search(said) or any(
            _has(said, one) for one in words["before_noon"]
        ):
            values["before_noon"] = True
        elif self._pm.search(said) or any(
            _has(said, one) for one in words["after_noon"]
        ):
            values["after_noon"] = True
        return values

    def _number(self, text: str) -> float:
        return float(text) if text.isdigit() else float(self._numbers[text])

    def _ordinal(self, text: str) -> int:
        digits = re.match(r"\d+", text)
        return int(digits[0]) if digits else int(self._words["ordinals"][text])


def _instant(found: re.Match[str]) -> datetime | None:
    offset = "+00:00" if found[3] == "z" else found[3]
    try:
        return datetime.fromisoformat(f"{found[1]}T{found[2]}{offset}")
    except ValueError:
        return None


def _has(said: str, name: str) -> bool:
    return re.search(rf"(?<![\w']){re.escape(name)}(?![\w'])", said) is not None


def _longest(item: tuple[str, float]) -> int:
    return -len(item[0])


@cache
def _reader(language: str) -> _Reader:
    folder = files("campanile.calls") / "words"
    chosen = folder / f"{language}.yaml"
    text = (chosen if chosen.is_file() else folder / "en.yaml").read_text("utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return _Reader(yaml.load(text, Loader=loader))
