"""Hours per weekday: as a person writes them, and as they are kept. Pure.

Kept: {"monday": ["09:00", "17:00"], "sunday": null}. A span that ends before it starts
runs past midnight; one that ends when it starts would be empty or a whole day, so it is
refused.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import time

from campanile.compliance.hours import DAYS

Weekly = dict[str, list[str] | None]

_DAYS = re.compile(r"([a-z]+)(?:\s*-\s*([a-z]+))?\s+(.+)")
_SPAN = re.compile(r"(\d{1,2}(?::\d{2})?)\s*-\s*(\d{1,2}(?::\d{2})?)")


def parse_weekly(text: str) -> Weekly:
    """Read "mon-fri 09:00-17:00, sat 10:00-14:00"; days not named are closed.

    "daily 9-17" names them all, "sun closed" says what leaving Sunday out says. Raises
    ValueError with a sentence.
    """
    week: Weekly = {}
    for part in filter(None, (part.strip() for part in text.lower().split(","))):
        match = _DAYS.fullmatch(part)
        if match is None:
            raise ValueError(f"{part!r} is not as mon-fri 09:00-17:00")
        first, last, span = match.groups()
        for day in _range(first, last):
            if day in week:
                raise ValueError(f"{day} is named twice")
            week[day] = _read_span(span)
    if not any(week.values()):
        raise ValueError(f"{text!r} leaves no hour of the week open")
    return {day: week.get(day) for day in DAYS}


def checked_weekly(week: Mapping[str, Sequence[str] | None] | None) -> Weekly | None:
    """The same with plain names and times. Raises ValueError with a sentence."""
    if week is None:
        return None
    kept: Weekly = {}
    for name, span in week.items():
        day = _day(name.strip().lower())
        if day in kept:
            raise ValueError(f"{day} is named twice")
        if span is not None and len(span) != 2:
            raise ValueError(f'{day} must be ["09:00", "17:00"] or null')
        kept[day] = None if span is None else _span(*span)
    return kept


def _range(first: str, last: str | None) -> list[str]:
    if first in ("daily", "every") and last is None:
        return list(DAYS)
    begin = DAYS.index(_day(first))
    end = begin if last is None else DAYS.index(_day(last))
    return [DAYS[(begin + n) % 7] for n in range((end - begin) % 7 + 1)]


def _day(name: str) -> str:
    found = [day for day in DAYS if len(name) >= 2 and day.startswith(name)]
    if len(found) != 1:
        raise ValueError(f"{name!r} is no day of the week; write mon, tue, … or monday")
    return found[0]


def _read_span(text: str) -> list[str] | None:
    if text == "closed":
        return None
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no span of hours; write 09:00-17:00 or closed")
    return _span(*match.groups())


def _span(start: str, end: str) -> list[str]:
    begins, ends = _time(start), _time(end)
    if begins == ends:
        raise ValueError(
            f"{start}-{end} starts when it ends; a span that ends before it starts "
            "runs past midnight"
        )
    return [f"{begins:%H:%M}", f"{ends:%H:%M}"]


def _time(text: str) -> time:
    hour, _, rest = str(text).partition(":")
    minute, _, seconds = rest.partition(":")
    try:
        if seconds.strip("0"):
            raise ValueError(text)
        return time(int(hour), int(minute or 0))
    except ValueError as error:
        hint = "; midnight is 00:00" if hour == "24" else ""
        raise ValueError(f"{text!r} is no time of day{hint}") from error
