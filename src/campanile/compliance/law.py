"""The rule data: whose law allows calls when, and how many (rules/*.yaml).

Rules are dated data, never code: each names its source and the day it was looked up, and
a change of law is one more entry with the day it takes effect. The data is read and
checked once per process; what is wrong in it stops the process with the place and the
reason, because a rule that is skipped quietly is a call at night.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from threading import Lock
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from campanile.compliance.holidays import Holiday, days_of
from campanile.errors import CampanileError

UNKNOWN = "ZZ"
"""whose rules hold where nothing is known"""
DAY = 24 * 60
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Spans = tuple[tuple[int, int], ...]
"""(from, to) in minutes of the local day, sorted and apart"""
OPEN: Spans = ((0, DAY),)


_reading = Lock()
"""Eight threads that decide their first call at once would read it eight times, each
under the lock of its number."""
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class BadRules(CampanileError):
    """The rule data cannot be used."""


def _spans(text: object) -> Spans:
    """`closed`, or one or more of `08:00-21:00` (to 24:00)."""
    if text == "closed":
        return ()
    spans: list[tuple[int, int]] = []
    for part in text.split() if isinstance(text, str) else ["?"]:
        match = re.fullmatch(r"(\d\d):(\d\d)-(\d\d):(\d\d)", part)
        if match is None:
            raise ValueError(
                f"{text!r} is neither 'closed' nor hours like '08:00-21:00'"
            )
        hour, minute, end_hour, end_minute = map(int, match.groups())
        start, end = hour * 60 + minute, end_hour * 60 + end_minute
        if max(minute, end_minute) > 59 or not start < end <= DAY:
            raise ValueError(f"{part!r} does not end after it starts, within one day")
        if spans and start < spans[-1][1]:
            raise ValueError(f"{text!r} overlaps itself")
        spans.append((start, end))
    return tuple(spans)


def _week(days: object) -> tuple[Spans, ...]:
    """Seven, Monday first; a day that is not named is open as far as this rule goes."""
    if not isinstance(days, dict):
        raise ValueError("hours are given by day: daily, mon-fri, sat, …")
    week: list[Spans | None] = [None] * 7
    for name, text in days.items():
        first, _, last = str(name).partition("-")
        if name == "daily":
            first, last = DAYS[0], DAYS[-1]
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError(f"{name!r} names no days")
        for n in range(DAYS.index(first), DAYS.index(last or first) + 1):
            if week[n] is not None:
                raise ValueError(f"{DAYS[n]} is given twice")
            week[n] = _spans(text)
    return tuple(OPEN if spans is None else spans for spans in week)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HolidayHours(_Strict):
    list: str
    hours: Annotated[Spans, BeforeValidator(_spans)]
    eves: Annotated[Spans, BeforeValidator(_spans)] = OPEN
    """of a day before one of them"""


class Calls(_Strict):
    """At most so many calls to a number in so many hours before."""

    most: int = Field(ge=0)
    hours: int = Field(ge=1)
    same_subject: bool = False


class Rule(_Strict):
    id: str = Field(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)?$")
    valid_from: date = date.min
    hours: Annotated[tuple[Spans, ...], BeforeValidator(_week)] = (OPEN,) * 7
    holidays: HolidayHours | None = None
    calls: Calls | None = None
    source: str = Field(min_length=1)
    date: date
    """the day it was looked up"""


class Jurisdiction(_Strict):
    name: str
    parent: str | None = None
    members: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Law:
    """The whole data set."""

    version: str
    jurisdictions: Mapping[str, Jurisdiction]
    holidays: Mapping[str, tuple[Holiday, ...]]

    def rules(self, jurisdiction: str) -> tuple[Rule, ...]:
        """All that hold there, now or at some time: its own and those above it.

        `US-TN` is below `US`; a jurisdiction that the data does not know, as one that
        nobody knows, is `ZZ`.
        """
        own = self.jurisdictions.get(jurisdiction)
        above = jurisdiction.rpartition("-")[0] or None
        if own is not None:
            above = own.parent or above or self._union_of(jurisdiction)
        else:
            above = above or self._union_of(jurisdiction) or UNKNOWN
        rules = () if own is None else own.rules
        return rules if above is None else (*self.rules(above), *rules)

    def is_holiday(self, name: str, day: date) -> bool:
        return day in _holidays(self.holidays[name], day.year)

    def _union_of(self, jurisdiction: str) -> str | None:
        return next(
            (
                code
                for code, one in self.jurisdictions.items()
                if jurisdiction in one.members
            ),
            None,
        )


def law() -> Law:
    """The data that ships with the program, read by the first who asks."""
    with _reading:
        return _shipped()


@cache
def _shipped() -> Law:
    return read_law(resources.files("campanile.compliance") / "rules")


def read_law(folder: Traversable) -> Law:
    """Read and check a folder of rules. Raises BadRules with the place and the reason."""
    version, holidays = "", {}
    jurisdictions: dict[str, Jurisdiction] = {}
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if not file.name.endswith(".yaml"):
            continue
        try:
            content = yaml.load(file.read_text("utf-8"), _Loader)
            if file.name == "version.yaml":
                version = str(content["version"])
            elif file.name == "holidays.yaml":
                holidays = _holiday_lists(content)
            else:
                for code, entry in content["jurisdictions"].items():
                    if code in jurisdictions:
                        raise BadRules(f"{file.name}: {code} is in two files")
                    jurisdictions[code] = Jurisdiction.model_validate(entry)
        except (yaml.YAMLError, ValidationError, KeyError, TypeError) as error:
            raise BadRules(f"{file.name}: {error}") from error
    found = Law(version, jurisdictions, holidays)
    _check(found)
    return found


def _holiday_lists(content: dict[str, Any]) -> dict[str, tuple[Holiday, ...]]:
    lists: dict[str, tuple[Holiday, ...]] = {}
    for name, entries in content.items():
        holidays: list[Holiday] = []
        for entry in entries:
            if "include" in entry:
                holidays += lists[entry["include"]]
            else:
                holidays.append(Holiday.model_validate(entry))
        lists[name] = tuple(holidays)
    return lists


def _check(found: Law) -> None:
    if not found.version:
        raise BadRules("version.yaml names no version")
    if UNKNOWN not in found.jurisdictions:
        raise BadRules(f"no rules for {UNKNOWN}, which holds where nothing is known")
    seen: set[tuple[str, date]] = set()
    for code, one in found.jurisdictions.items():
        if one.parent is not None and one.parent not in found.jurisdictions:
            raise BadRules(f"{code}: its parent {one.parent} does not exist")
        if not found.rules(code):
            raise BadRules(f"{code}: no rule holds there")
        for rule in one.rules:
            if (rule.id, rule.valid_from) in seen:
                raise BadRules(f"{rule.id}: two entries from {rule.valid_from}")
            seen.add((rule.id, rule.valid_from))
            if rule.holidays and rule.holidays.list not in found.holidays:
                raise BadRules(f"{rule.id}: no holidays {rule.holidays.list!r}")


@lru_cache(maxsize=4096)
def _holidays(holidays: tuple[Holiday, ...], year: int) -> frozenset[date]:
    return days_of(holidays, year)


@lru_cache(maxsize=1024)
def _all_rules(jurisdictions: tuple[str, ...]) -> tuple[Rule, ...]:
    found = [rule for code in jurisdictions or (UNKNOWN,) for rule in law().rules(code)]
    return tuple({(rule.id, rule.valid_from): rule for rule in found}.values())


@lru_cache(maxsize=16384)
def rules_on(jurisdictions: tuple[str, ...], day: date) -> tuple[Rule, ...]:
    """Every rule in force on a local day; of one id the newest entry."""
    newest: dict[str, Rule] = {}
    for rule in _all_rules(jurisdictions):
        if rule.valid_from > day:
            continue
        if rule.id not in newest or newest[rule.id].valid_from < rule.valid_from:
            newest[rule.id] = rule
    return tuple(newest.values())


def hours_of(rule: Rule, day: date) -> Spans:
    """When a rule allows calls on a local day."""
    spans = rule.hours[day.weekday()]
    kept = rule.holidays
    if kept is None:
        return spans
    if law().is_holiday(kept.list, day):
        spans = meet(spans, kept.hours)
    if kept.eves != OPEN and law().is_holiday(kept.list, day + timedelta(days=1)):
        spans = meet(spans, kept.eves)
    return spans


@lru_cache(maxsize=65536)
def hours_on(jurisdictions: tuple[str, ...], day: date) -> Spans:
    """When every rule of every jurisdiction allows calls on a local day."""
    spans = OPEN
    for rule in rules_on(jurisdictions, day):
        spans = meet(spans, hours_of(rule, day))
    return spans


def meet(one: Spans, other: Spans) -> Spans:
    """What two sets of spans share."""
    shared = (
        (max(a, c), min(b, d))
        for a, b in one
        for c, d in other
        if max(a, c) < min(b, d)
    )
    return tuple(sorted(shared))
