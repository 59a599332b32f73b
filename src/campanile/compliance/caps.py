"""How often a number may be rung: the most INVITEs in a time (pure).

Counted are the INVITEs to the number, in any campaign of the organisation's tree,
answered or not. One that bears a later time than now counts as well: the clock was set
back, and nobody gains a call by that.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from campanile.compliance.hours import Place
from campanile.compliance.law import Calls, rules_on
from campanile.compliance.zones import to_utc, zone


@dataclass(frozen=True, slots=True)
class Dial:
    """An INVITE sent earlier to the same number, in any campaign of the tree."""

    at: datetime
    """by the legal clock"""
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Caps:
    """The most INVITEs to one number; None: no limit."""

    per_24h: int | None = None
    """rolling"""
    per_day: int | None = None
    """a calendar day in every candidate zone"""
    per_week: int | None = None
    """Monday to Sunday, likewise"""
    lifetime: int | None = None


@dataclass(frozen=True, slots=True)
class Reached:
    """A cap that leaves no call now."""

    rule: str
    reason: str
    until: datetime | None
    """when one is free again; None: never"""
    setting: bool = False
    """a cap of none at all, which somebody set and may set otherwise"""


def caps_reached(
    caps: Iterable[Caps],
    place: Place,
    dials: Iterable[Dial],
    now: datetime,
    *,
    subject: str | None,
) -> Iterator[Reached]:
    """Every cap, the organisation's, the campaign's or a law's, that is reached."""
    newest_first = sorted(dials, key=lambda dial: dial.at, reverse=True)
    times = [dial.at for dial in newest_first]
    for one in caps:
        yield from _reached(one, place, times, now)
    today = {now.astimezone(zone(name)).date() for name in place.zones}
    for rule in {
        rule.id: rule for day in today for rule in rules_on(place.jurisdictions, day)
    }.values():
        if rule.calls is not None:
            counted = [d.at for d in newest_first if _counts(rule.calls, d, subject)]
            found = _rolling(rule.calls.most, rule.calls.hours, counted, now)
            for until in found:
                reason = f"the number has had its {_words(rule.calls)}"
                yield Reached(f"law.{rule.id}", reason, until)


def _reached(
    caps: Caps, place: Place, times: list[datetime], now: datetime
) -> Iterator[Reached]:
    if (most := caps.per_24h) is not None:
        found = _rolling(most, 24, times, now)
        yield from _named("cap.24h", f"{most} calls in 24 hours", found, most)
    if (most := caps.per_day) is not None:
        found = _by_calendar(most, 1, _same, place, times, now)
        yield from _named("cap.day", f"{most} calls in a day", found, most)
    if (most := caps.per_week) is not None:
        found = _by_calendar(most, 7, _monday, place, times, now)
        yield from _named("cap.week", f"{most} calls in a week", found, most)
    if (most := caps.lifetime) is not None and len(times) >= most:
        yield from _named("cap.lifetime", f"{most} calls ever", [None], most)


def _named(
    rule: str, limit: str, found: list[datetime | None], most: int
) -> Iterator[Reached]:
    for until in found:
        reason = f"the number has had its {limit}"
        yield Reached(rule, reason, until, setting=most == 0)


def _rolling(
    most: int, hours: int, times: list[datetime], now: datetime
) -> list[datetime | None]:
    """[the instant at which fewer than `most` lie behind], newest first; [] if so now."""
    if most == 0:
        return [None]
    if len(times) < most:
        return []
    free = times[most - 1] + timedelta(hours=hours)
    return [free] if free > now else []


def _by_calendar(
    most: int,
    days: int,
    first_of: Callable[[date], date],
    place: Place,
    times: list[datetime],
    now: datetime,
) -> list[datetime | None]:
    """The same for days or weeks by the calendar of every zone the number may be in."""
    if most == 0:
        return [None]
    if len(times) < most:
        return []
    free = []
    for name in place.zones:
        full = first_of(times[most - 1].astimezone(zone(name)).date())
        next_one = datetime.combine(full + timedelta(days=days), time())
        free.append(to_utc(next_one, name)[1])
    return [latest] if (latest := max(free)) > now else []


def _counts(calls: Calls, dial: Dial, subject: str | None) -> bool:
    """An unknown subject may be the same one."""
    return (
        not calls.same_subject
        or dial.subject is None
        or subject is None
        or dial.subject == subject
    )


def _words(calls: Calls) -> str:
    about = " on the subject" if calls.same_subject else ""
    return f"{calls.most} calls in {calls.hours} hours{about}"


def _same(day: date) -> date:
    return day


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
