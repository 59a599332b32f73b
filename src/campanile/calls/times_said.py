"""Words of time in what somebody said, as plain values (pure but for its words)."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

from campanile.calls.said import Said
from campanile.calls.times_excluded import Exclusions
from campanile.calls.words import Plain, any_of, load
from campanile.calls.words.patterns import DIGITAL, ISO, Patterns

_INSTANT = re.compile(
    r"\b(\d{4}-\d{2}-\d{2})[t ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)"
    r" ?(z|[+-]\d{2}:?\d{2})(?!\w)"
)
DAY = timedelta(days=1)


def read(text: str, language: str) -> Said | None:
    """None: no time is named, and none is excluded."""
    reader = _reader(language[:2].lower())
    said = reader.read(text)
    return None if said == Said() else said


class _Reader:
    def __init__(self, words: Mapping[str, Any]) -> None:
        self._words = words
        self._numbers: dict[str, float] = words["numbers"]
        self._plain = Plain(words)
        self._patterns = Patterns(words)
        dates = "|".join([*self._patterns.dates, ISO.pattern])
        self._exclusions = Exclusions(
            words,
            dates=re.sub(r"\?P<\w+>", "?:", dates),
            hours=self._patterns.hour_of_day,
        )

    def read(self, text: str) -> Said:
        text = text.lower().replace("’", "'")
        if (found := _INSTANT.search(text)) and (instant := _instant(found)):
            return Said(instant=instant)
        plain = self._plain.of(text)
        if plain is None:
            return Said()
        said, ruled_out = self._exclusions.split(self._exclusions.turn(plain))
        asked = self._named(said)
        excluded = [self._named(one) for one in ruled_out]
        return replace(
            asked,
            excluded=tuple(
                one for one in excluded if one.names_day or one.part is not None
            ),
        )

    def _named(self, said: str) -> Said:
        weeks = self._weeks_in(said)
        for found in self._patterns.delay.finditer(said):
            if delayed := self._delayed(found, said, weeks):
                return delayed
        return self._timed(said, weeks)

    def _timed(self, said: str, weeks: int | None) -> Said:
        said = _joined(said)
        values = self._day_in(said, weeks) | self._clock_in(said) | self._part_in(said)
        if "clock" not in values and "part" not in values:
            values.pop("before", None)
        return Said(**values)

    def _delayed(
        self, found: re.Match[str], said: str, weeks: int | None
    ) -> Said | None:
        """None: that is no span of time."""
        delay, end = self._amount(found), found.end()
        # "an hour and ten minutes"
        while more := self._patterns.and_delay.match(said, end):
            delay, end = delay + self._amount(more), more.end()
        lead, rest = said[: found.start()], said[end:]
        beside = (
            self._patterns.beside.match(f" {_joined(rest)}") if delay < DAY else None
        )
        if not found["in"] and not self._is_span(found["unit"], lead, beside):
            return None
        if beside:
            side = self._words["exactly" if beside["back"] else "after"][0]
            rest = f"{side} {_joined(rest)[beside.end() :]}" if beside[0] else rest
            timed = self._timed(f"{lead} {rest}", weeks)
            return _moved(timed, -delay if beside["back"] else delay)
        if delay < DAY:
            timed = self._timed(f"{lead} {rest}", weeks)
            if not _outweighs(timed, is_certain=bool(found["in"])):
                return Said(delay=delay)
            # That day may be today.
            return replace(timed, delay=delay) if found["in"] else timed
        if side := self._patterns.counted.match(rest):
            timed = self._timed(f"{lead} {rest[side.end() :]}", weeks)
            if timed.day_only != Said():
                delay = -delay if side["back"] else delay
                return replace(timed, delay=delay, delay_from_day=True)
        return replace(self._timed(f"{lead} {rest}", weeks), delay=delay)

    def _is_span(
        self, unit: str | None, lead: str, beside: re.Match[str] | None
    ) -> bool:
        """Without an "in": "drie uur" is a clock time, and of "forty-one minutes" only the
        rest was found."""
        last = lead.split()[-1:]
        if last and self._numbers.get(last[0], 0) >= 20:
            return False
        if unit in self._words["hour_of_the_clock"]:
            return beside is not None and not {*last} & {*self._words["at"]}
        return True

    def _amount(self, found: re.Match[str]) -> timedelta:
        if span := found["span"]:
            return timedelta(minutes=self._words["spans"][span])
        more = self._words["and_more"].get(found["and"] or found["more"], 0)
        number = self._number(found["n"]) + more
        return timedelta(seconds=number * self._words["units"][found["unit"]])

    def _weeks_in(self, said: str) -> int | None:
        names = self._words["weeks"]
        for name in sorted(names, key=len, reverse=True):
            if _has(said, name):
                return int(names[name])
        return None

    def _day_in(self, said: str, weeks: int | None) -> dict[str, Any]:
        words = self._words
        values: dict[str, Any] = {} if weeks is None else {"weeks": weeks}
        for name, days in self._found(said, words["days"]):
            values |= {"days": days} | self._side_of(said, name)
        if named := self._weekdays_in(said):
            values.pop("days", None)
            values |= self._weekday_of(said, named)
        for name, _ in self._found(said, dict.fromkeys(words["weekend"])):
            values |= {"weekend": True} | self._week_of(said, name)
        if weeks is not None:
            values["weeks"] = weeks
        date = self._date_in(said)
        if "day_of_month" in date and not date.keys() & {"day_after", "day_before"}:
            values.pop("weekday", None)  # "Monday the 7th", but "Monday after the 7th"
        return values | date | self._month_in(said, date)

    def _month_in(self, said: str, date: dict[str, Any]) -> dict[str, Any]:
        """Where in it, and whether it is the next or of the next year."""
        words = self._words
        values: dict[str, Any] = {}
        month = self._patterns.month.search(said)
        if found := self._patterns.stage.search(said):
            stage = words["stages"][found["stage"]]
            values["stage"] = (
                "over" if found["over"] and stage in ("half", "late") else stage
            )
            values["is_month"] = found["month"] is not None
        if found := self._patterns.nth.search(said):
            values |= self._nth_of(found["nth"], found["of"])
            values |= self._side_of(said, found[0])
            values["is_month"] = month is not None
        if month and month["next"]:
            values |= {"is_next_month": True, "is_month": False}
        if any(_has(said, name) for name in words["next_year"]):
            values |= {"is_next_year": True, "month": date.get("month", 1)}
        return values

    def _nth_of(self, nth: str, of: str) -> dict[str, Any]:
        words = self._words
        number = -1 if nth in words["last"] else self._ordinal(nth)
        if of in words["weekend"]:
            return {"nth": number, "weekend": True}
        if of in words["weekdays"]:
            return {"nth": number, "weekday": words["weekdays"].index(of)}
        return {"nth_week" if of in words["week"] else "nth": number}

    def _weekday_of(self, said: str, named: list[str]) -> dict[str, Any]:
        """The last; of "until Friday I am away, on Monday I am not" the one asked for."""
        days = self._words["weekdays"]
        since = [one for one in named if self._is_since(said, one)]
        asked = [one for one in named if one not in since]
        name = (asked or named)[-1]
        values = {"weekday": days.index(name)} | self._week_of(said, name)
        return values | ({"since": days.index(since[-1])} if since and asked else {})

    def _is_since(self, said: str, name: str) -> bool:
        until = self._patterns.until.search(_lead(said, name))
        return until is not None or "day_after" in self._side_of(said, name)

    def _week_of(self, said: str, name: str) -> dict[str, Any]:
        """And whether it is rather the day before or after."""
        for week, which in enumerate(("this", "next")):
            if re.search(rf"\b(?:{any_of(self._words[which])}) {name}\b", said):
                return self._side_of(said, name) | {"weeks": week}
        return self._side_of(said, name)

    def _found(self, said: str, names: Mapping[str, Any]) -> list[tuple[str, Any]]:
        """The longest of the names that was said, if any."""
        ordered = sorted(names, key=len, reverse=True)
        return [(name, names[name]) for name in ordered if _has(said, name)][:1]

    def _side_of(self, said: str, name: str) -> dict[str, Any]:
        """Whether it is the day before or after the one named there."""
        side = self._patterns.side.search(_lead(said, name))
        if side is None:
            return {}
        until = any(_has(side["not"] or "", word) for word in self._words["until"])
        if side["not"] and not until:
            return {}
        return {"day_before" if side["before"] else "day_after": True}

    def _date_in(self, said: str) -> dict[str, Any]:
        words = self._words
        if found := ISO.search(said):
            names = ("year", "month", "day_of_month")
            values = dict(zip(names, map(int, found.groups()), strict=True))
            return values | self._side_of_date(said, found[0])
        for pattern in self._patterns.dates:
            if found := re.search(pattern, said):
                parts = found.groupdict()
                values = {"day_of_month": self._ordinal(parts["day"])}
                if month := parts.get("month") or self._month_named(said):
                    values["month"] = words["months"].index(month) + 1
                if parts.get("year"):
                    values["year"] = int(parts["year"])
                return values | self._side_of_date(said, found[0])
        for name, (first, days) in self._found(said, words["feasts"]):
            at = date.fromisoformat(f"2000-{first}")
            values = {"month": at.month, "day_of_month": at.day, "lasts": days}
            return values | self._side_of_date(said, name)
        if month := self._month_named(said):
            values = {"month": words["months"].index(month) + 1}
            return values | self._side_of_date(said, month)
        return {}

    def _side_of_date(self, said: str, name: str) -> dict[str, Any]:
        """The week after it begins on Monday."""
        lead, side = _lead(said, name), self._side_of(said, name)
        if self._patterns.week_after.search(lead):
            return side | {"weekday": 0}
        if self._patterns.until.search(lead) and self._weekdays_in(said):
            return {"day_after": True}  # "away until the 20th, call me on Monday"
        return side

    def _weekdays_in(self, said: str) -> list[str]:
        return [name for name in self._words["weekdays"] if _has(said, name)]

    def _month_named(self, said: str) -> str | None:
        months = self._words["months"]
        return next((name for name in months if self._is_month(said, name)), None)

    def _is_month(self, said: str, name: str) -> bool:
        if name in self._words["ambiguous_months"]:
            year = any_of(self._words["next_year"])
            lead = any_of([*self._words["in_month"], *self._words["next_year"]])
            alone = rf"^{name}$|\b(?:{lead}) {name}\b|\b{name} (?:{year})\b"
            return re.search(alone, said) is not None
        return _has(said, name)

    def _clock_in(self, said: str) -> dict[str, Any]:
        # Of "before lunch" as a part of the day the hour is before it already.
        parts = [name for name, _ in self._found(said, self._words["parts"])]
        before = self._patterns.before.search(said)
        if any(self._patterns.before.match(name) for name in parts):
            before = None
        early = {"before": True} if before and not before["not"] else {}
        if digits := DIGITAL.search(said):
            hour, minute = int(digits[1]), int(digits[2])
            if hour < 24 and minute < 60:
                full = len(digits[1]) == 2 and digits[1].startswith("0")
                return {"clock": time(hour, minute), "is_24_hours": full, **early}
        for pattern in self._patterns.clocks:
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
        if hour and total < 60:  # quarter to one
            total += 12 * 60
        if hour > 24 or not 0 <= total <= 24 * 60:
            return None
        return time(total // 60 % 24, total % 60)

    def _part_in(self, said: str) -> dict[str, Any]:
        words = self._words
        values: dict[str, Any] = {}
        for _, at in self._found(said, words["parts"]):
            values["part"] = time.fromisoformat(at)
        if self._patterns.am.search(said) or any(
            _has(said, one) for one in words["before_noon"]
        ):
            values["before_noon"] = True
        elif self._patterns.pm.search(said) or any(
            _has(said, one) for one in words["after_noon"]
        ):
            values["after_noon"] = True
        return values

    def _number(self, text: str) -> float:
        return float(text) if text.isdigit() else float(self._numbers[text])

    def _ordinal(self, text: str) -> int:
        if digits := re.match(r"\d+", text):
            return int(digits[0])
        return int(self._words["ordinals"].get(text) or self._numbers[text])


def _outweighs(timed: Said, *, is_certain: bool) -> bool:
    """Whether the time that was named beside "in an hour" is meant rather than that: another
    day is; beside a mere "an hour" any time is."""
    if timed.day_before:
        return False
    if timed.day_only not in (Said(), Said(days=0)):
        return True
    return not is_certain and (timed.clock or timed.part) is not None


def _moved(said: Said, by: timedelta) -> Said:
    """ "Half an hour after" the time that was named."""
    at = said.clock or said.part
    if at is None:
        return Said()
    begin = datetime.combine(date(2000, 1, 2), time())
    moved = datetime.combine(begin, at) + by
    if moved < begin + timedelta(hours=1):  # half an hour before one
        moved += DAY / 2
    passes_noon = at.hour < 12 <= moved.hour
    if moved.date() > begin.date() or (passes_noon and said.after_noon):
        return Said()
    if said.clock is None:
        return replace(said, part=moved.time())
    before_noon = said.before_noon and not passes_noon
    return replace(said, clock=moved.time(), before_noon=before_noon)


def _instant(found: re.Match[str]) -> datetime | None:
    offset = "+00:00" if found[3] == "z" else found[3]
    try:
        return datetime.fromisoformat(f"{found[1]}T{found[2]}{offset}")
    except ValueError:
        return None


def _lead(said: str, name: str) -> str:
    """What is said before that."""
    found = re.search(rf"(?<![\w']){re.escape(name)}(?![\w'])", said)
    return said[: found.start()].rstrip() if found else ""


def _has(said: str, name: str) -> bool:
    return re.search(rf"(?<![\w']){re.escape(name)}(?![\w'])", said) is not None


def _joined(said: str) -> str:
    return " ".join(said.replace("|", " ").split())


@cache
def _reader(language: str) -> _Reader:
    return _Reader(load(language))
