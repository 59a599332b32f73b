"""Which day is meant, by the callee's calendar: "a week from Monday", "after Christmas",
"the end of next week"; and which days are ruled out (pure).
"""

from dataclasses import replace
from datetime import date, time, timedelta

from campanile.calls.said import Said

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
MONDAY, SATURDAY = 0, 5
AFTERNOON, EVENING = 12, 18
"""o'clock"""
STAGES = {"early": 0, "middle": 2, "half": 3, "late": 4, "later": 4, "over": 7}
"""of a week: Monday, Wednesday, Friday; "half" is its second half"""
LATE_IN_MONTH = {"middle": 15, "half": 16, "later": 16, "late": 25}
YEARS = 8
"""within which every day of a month comes"""


class NoSuchDay(Exception):
    """It is over, or there is none, as the 31st of February; or none is left."""


def day_meant(said: Said, today: date) -> date | None:
    """None: no day was named."""
    if said.delay is None:
        return _named_day(said, today)
    if said.delay_from_day:
        return _counted_from(said, said.delay, today)
    after = today + said.delay
    weekday = None if said.delay < DAY or _names_date(said) else _weekday(said)
    if weekday is not None:
        if said.weeks:
            after = _in_the_week(said, today, weekday) + said.delay - DAY
        return _next_weekday(after, weekday)
    if said.days:
        return after + said.days * DAY
    named = _named_day(said, today)
    if named is not None and named > after:
        return named
    return after if said.excluded else None


def _counted_from(said: Said, delay: timedelta, today: date) -> date | None:
    """A week after the weekend is a week after its last day."""
    is_month = _names_month(said) and said.day_of_month is None
    if (said.lasts > 1 or said.weekend or is_month) and delay > timedelta():
        said = replace(said, day_after=True)
        delay -= DAY
    day = _named_day(said, today)
    return None if day is None else day + delay


def _names_date(said: Said) -> bool:
    return said.day_of_month is not None or _names_month(said)


def _names_month(said: Said) -> bool:
    return said.month is not None or said.is_month or said.is_next_month


def _weekday(said: Said) -> int | None:
    return SATURDAY if said.weekend and said.weekday is None else said.weekday


def _named_day(said: Said, today: date) -> date | None:
    weekday = _weekday(said)
    if said.nth_week is not None:
        return _of_the_nth_week(said, said.nth_week, today)
    if said.nth is not None:
        day = _nth_of_month(said, said.nth, weekday, today)
        return day + DAY if said.day_after else day
    if said.day_of_month is not None:
        first = _date(said, said.day_of_month, today)
        last = first + (said.lasts - 1) * DAY
    elif _names_month(said):
        day = _in_the_month(said, today)
        return day if weekday is None else _next_weekday(day - DAY, weekday)
    elif weekday is not None:
        first = last = _in_the_week(said, today, weekday)
        if said.weekday is None:
            last = first + (6 - first.weekday()) * DAY
    elif said.weeks is not None or said.stage is not None:
        return _of_the_week(said, today)
    elif said.days is not None:
        first = last = today + said.days * DAY
    else:
        return None
    return _beside(said, first, last, today)


def _beside(said: Said, first: date, last: date, today: date) -> date:
    """The day after or before those; beside a date the weekday: "Monday after Christmas"."""
    weekday = None if said.day_of_month is None else said.weekday
    if said.day_after:
        return last + DAY if weekday is None else _next_weekday(last, weekday)
    if said.day_before and weekday is not None:
        return max(today, _next_weekday(first - WEEK - DAY, weekday))
    return _weekday_before(first, today) if said.day_before else first


def _of_the_nth_week(said: Said, nth: int, today: date) -> date:
    day = _nth_of_month(said, nth, MONDAY, today)
    if said.day_after:
        return day + WEEK
    return day + (_weekday(said) or STAGES[said.stage or "early"]) * DAY


def _nth_of_month(said: Said, nth: int, weekday: int | None, today: date) -> date:
    first = _first_of_month(said, today)
    days = [first + n * DAY for n in range((_month_after(first) - first).days)]
    fitting = [day for day in days if weekday in (None, day.weekday())]
    if nth > len(fitting):
        raise NoSuchDay
    return fitting[nth - 1 if nth > 0 else nth]


def _weekday_before(day: date, today: date) -> date:
    day -= DAY
    while day.weekday() >= SATURDAY:
        day -= DAY
    return max(day, today)


def _next_weekday(day: date, weekday: int) -> date:
    return day + ((weekday - day.weekday() - 1) % 7 + 1) * DAY


def _monday(today: date, weeks: int) -> date:
    return today - today.weekday() * DAY + weeks * WEEK


def _in_the_week(said: Said, today: date, weekday: int) -> date:
    if said.weeks:
        return _monday(today, said.weeks) + weekday * DAY
    if said.weekend and today.weekday() >= SATURDAY:
        return today
    if said.since is not None:
        today = _next_weekday(today, said.since)
    return _next_weekday(today, weekday)


def _of_the_week(said: Said, today: date) -> date:
    weeks = said.weeks or 0
    day = _monday(today, weeks) + STAGES[said.stage or "early"] * DAY
    if weeks:
        return day
    if said.stage in (None, "later"):
        day = min(today + 2 * DAY, _monday(today, 0) + STAGES["later"] * DAY)
    return max(day, today + DAY)


def _in_the_month(said: Said, today: date) -> date:
    """Its first day where it is the next; else its first Monday, which is no feast."""
    first = _first_of_month(said, today)
    if said.day_before:
        return _weekday_before(first, today)
    if said.stage == "over":
        return _month_after(first)
    if said.day_after:
        first = _month_after(first)
    elif said.is_next_month and said.stage is None:
        return first
    if said.stage == "later" and first <= today:
        return min(today + WEEK, max(_month_after(today) - DAY, today + DAY))
    if said.stage in LATE_IN_MONTH:
        day = first.replace(day=LATE_IN_MONTH[said.stage])
    else:
        day = first + -first.weekday() % 7 * DAY
    return max(day, today + DAY)


def _first_of_month(said: Said, today: date) -> date:
    first = today.replace(day=1)
    if said.month is not None:
        is_next = said.is_next_year or said.month < today.month
        return first.replace(month=said.month, year=today.year + is_next)
    return _month_after(first) if said.is_next_month else first


def _month_after(day: date) -> date:
    return (day.replace(day=1) + 32 * DAY).replace(day=1)


def _date(said: Said, day: int, today: date) -> date:
    """The next day of that name that is not over; 29 February waits for its year."""
    for n in range(-1, 12 * YEARS + 1):
        year, index = divmod(today.year * 12 + today.month - 1 + n, 12)
        if said.month not in (None, index + 1) or said.year not in (None, year):
            continue
        if said.is_next_year and year != today.year + 1:
            continue
        if said.is_next_month and date(year, index + 1, 1) != _first_of_month(
            said, today
        ):
            continue
        try:
            found = date(year, index + 1, day)
        except ValueError:
            continue
        if found + (said.lasts - 1) * DAY >= today:
            return found
    raise NoSuchDay


def first_day_left(said: Said, today: date) -> date:
    """ "Not tomorrow" is about the days after it; of today it speaks if of a time."""
    first = max(_begin_of(one, today) for one in said.excluded)
    about_days = any(
        one.names_day and (one.days != 0 or one.part is None) for one in said.excluded
    )
    if first == today and about_days and said.clock is None and said.part is None:
        return today + DAY
    return first


def _begin_of(one: Said, today: date) -> date:
    if one.days is not None:
        return today + one.days * DAY
    if one.weekday is not None or one.weekend or one.day_of_month is not None:
        return today
    if one.month is not None or one.is_next_month:
        return max(today, _first_of_month(one, today))
    return max(today, _monday(today, one.weeks or 0))


def excludes(one: Said, day: date, clock: time, today: date) -> bool:
    if one.part is not None and _part_of_day(one.part) != _part_of_day(clock):
        return False
    if one.days is not None:
        return day == today + one.days * DAY
    if one.day_of_month is not None:
        return _is_date(one, one.day_of_month, day, today)
    if one.month is not None or one.is_next_month:
        return day.replace(day=1) == _first_of_month(one, today)
    return _is_in_the_week(one, day, today)


def _is_date(one: Said, day_of_month: int, day: date, today: date) -> bool:
    try:
        first = _date(one, day_of_month, today)
    except NoSuchDay:
        return False
    return first <= day < first + one.lasts * DAY


def _is_in_the_week(one: Said, day: date, today: date) -> bool:
    if one.weekday is not None and one.weeks is not None:
        return day == _in_the_week(one, today, one.weekday)
    if one.weeks is not None:
        weeks = (_monday(day, 0) - _monday(today, 0)) // WEEK
        if weeks != one.weeks:
            return False
    if one.weekday is not None:
        return day.weekday() == one.weekday
    return not one.weekend or day.weekday() >= SATURDAY


def _part_of_day(clock: time) -> int:
    return (clock.hour >= AFTERNOON) + (clock.hour >= EVENING)
