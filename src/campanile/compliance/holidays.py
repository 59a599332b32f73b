"""Holidays as rules: which dates of a year a list of them falls on (pure)."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

WEEKDAYS = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
SATURDAY, SUNDAY = 5, 6


def _month_and_day(text: object) -> tuple[int, int]:
    if not isinstance(text, str):
        raise ValueError("a day of the year is written 'MM-DD'")
    day = date.fromisoformat(f"2024-{text}")  # a leap year: 29 February is a day
    return day.month, day.day


def _weekday(text: object) -> int:
    if text not in WEEKDAYS:
        raise ValueError(f"{text!r} is no day of the week")
    return WEEKDAYS.index(text)


MonthDay = Annotated[tuple[int, int], BeforeValidator(_month_and_day)]
Weekday = Annotated[int, BeforeValidator(_weekday)]


class Holiday(BaseModel):
    """One rule of a list; rules/holidays.yaml explains the fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    date: MonthDay | None = None
    weekday: Weekday | None = None
    nth: int | None = Field(default=None, ge=-1, le=4)
    month: int | None = Field(default=None, ge=1, le=12)
    on_or_after: MonthDay | None = None
    easter: int | None = None
    observed: Literal["nearest", "monday", "next"] | None = None
    first_year: int = Field(default=0, alias="from")
    every: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _says_one_day(self) -> Self:
        told = (
            self.date is not None,
            self.weekday is not None and bool(self.nth) and self.month is not None,
            self.weekday is not None and self.on_or_after is not None,
            self.easter is not None,
        )
        if sum(told) != 1:
            raise ValueError(
                "a holiday is a date, an nth weekday of a month, a weekday on or after "
                "a date, or days from Easter"
            )
        return self


def days_of(holidays: Iterable[Holiday], year: int) -> frozenset[date]:
    """Every date of `year` that a list makes a holiday, observed days included.

    A day of January may be observed in December, so the neighbours' years are asked too.
    """
    listed = list(holidays)
    found: set[date] = set()
    for around in (year - 1, year, year + 1):
        own = {day for one in listed if (day := _day(one, around)) is not None}
        found |= own
        for one in listed:
            if (day := _day(one, around)) is not None:
                found.update(_observed(one, day, found))
    return frozenset(day for day in found if day.year == year)


def easter_sunday(year: int) -> date:
    """Gregorian, by the anonymous algorithm (Nature, 20 April 1876)."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * k) // 451
    month, day = divmod(h + k - 7 * m + 114, 31)
    return date(year, month, day + 1)


def _day(one: Holiday, year: int) -> date | None:
    if year < one.first_year or year % one.every:
        return None
    if one.date is not None:
        return _date(year, one.date)
    if one.easter is not None:
        return easter_sunday(year) + timedelta(days=one.easter)
    assert one.weekday is not None
    if one.on_or_after is not None:
        return _first(one.weekday, _date(year, one.on_or_after))
    assert one.nth is not None
    assert one.month is not None
    if one.nth > 0:
        first = _first(one.weekday, date(year, one.month, 1))
        return None if first is None else first + timedelta(weeks=one.nth - 1)
    following = date(year + one.month // 12, one.month % 12 + 1, 1)
    return _first(one.weekday, following - timedelta(days=7))


def _date(year: int, month_and_day: tuple[int, int]) -> date | None:
    try:
        return date(year, *month_and_day)
    except ValueError:
        return None  # 29 February


def _first(weekday: int, start: date | None) -> date | None:
    """The first such weekday on or after `start`."""
    if start is None:
        return None
    return start + timedelta(days=(weekday - start.weekday()) % 7)


def _observed(one: Holiday, day: date, taken: set[date]) -> Iterator[date]:
    weekday = day.weekday()
    if one.observed is None or weekday < SATURDAY:
        return
    if one.observed == "next":
        while day.weekday() >= SATURDAY or day in taken:
            day += timedelta(days=1)
        yield day
    elif weekday == SUNDAY:
        yield day + timedelta(days=1)
    elif one.observed == "nearest":
        yield day - timedelta(days=1)
