"""When somebody who said "call me back …" wants to be called (pure but for its words).

Understands "in a couple of hours", "after six", "half past five", "next Tuesday morning",
"this weekend", "on the third of December at 15:30"; the words are data per language
(words/*.yaml). What it cannot read is None, and the caller waits its usual delay.
Whether the instant is lawful is `may_dial`'s to say.

It is read by the callee's own clock. Where the callee may be in several zones it is the
latest of the readings: whichever zone is the true one, nobody is called before the time
they named.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from campanile.calls.times_said import Said, read
from campanile.compliance.zones import to_utc, zone

DEFAULT_TIME = time(10)
WAKING = (time(8), time(21))
"""Of "at eight" and "at nine" the hour is meant at which people are called."""
SOON = timedelta(minutes=30)
"""When the part of the day that was asked for has begun already."""
LONGEST = timedelta(days=366)
"""Farther ahead nobody means what was read."""
DAY = timedelta(days=1)
SATURDAY = 5


def requested_instant(
    text: str, now: datetime, *, zones: Sequence[str], language: str = "en"
) -> datetime | None:
    """The instant that `text` names, in UTC; later than `now` (aware)."""
    said = read(text, language)
    if said is None or not zones:
        return None
    latest = max(_instant(said, now, name) for name in zones)
    return min(latest, now.astimezone(UTC) + LONGEST)


def _instant(said: Said, now: datetime, name: str) -> datetime:
    local = now.astimezone(zone(name)).replace(tzinfo=None)
    if said.delay is not None:
        return _at(local.date(), said, now, name, delay=said.delay)
    day = _day(said, local)
    if day is None:
        return _next(said, local.date(), now, name)
    clock = _clock(said, earliest=local.time() if day == local.date() else time())
    instant = _utc(day, clock, name)
    if said.before and instant - timedelta(hours=1) > now:
        return instant - timedelta(hours=1)
    if instant > now:
        return instant
    if said.clock is None:
        return now.astimezone(UTC) + SOON
    return _utc(day + DAY, _clock(said, earliest=time()), name)


def _at(
    today: date, said: Said, now: datetime, name: str, *, delay: timedelta
) -> datetime:
    """After a delay; days and weeks end at the time of day that was named, if any."""
    if said.clock is None and said.part is None:
        return now.astimezone(UTC) + delay
    return _utc(today + delay, _clock(said, earliest=time()), name)


def _next(said: Said, today: date, now: datetime, name: str) -> datetime:
    """The next time that the clock shows what was named."""
    for n in range(3):
        day = today + n * DAY
        for clock in _readings(said):
            instant = _utc(day, clock, name)
            if said.before:
                instant -= timedelta(hours=1)
            if instant > now:
                return instant
    raise AssertionError("every clock time comes within a day")


def _day(said: Said, local: datetime) -> date | None:
    today = local.date()
    next_monday = today + (7 - today.weekday()) * DAY
    if said.day_of_month is not None:
        return _date(today, said.day_of_month, said.month)
    if said.weekday is not None or said.weekend:
        return _in_the_week(said, today, next_monday)
    if said.is_next_month:
        return (today.replace(day=1) + 32 * DAY).replace(day=1)
    if said.is_next_week:
        return next_monday
    return None if said.days is None else today + said.days * DAY


def _in_the_week(said: Said, today: date, next_monday: date) -> date:
    weekday = SATURDAY if said.weekday is None else said.weekday
    if said.is_next or said.is_next_week:
        return next_monday + weekday * DAY
    if said.weekend and today.weekday() >= SATURDAY:
        return today
    return today + ((weekday - today.weekday() - 1) % 7 + 1) * DAY


def _date(today: date, day: int, month: int | None) -> date:
    """The next day of that name that is not over; 29 February waits for its year."""
    for n in range(12 * 8 + 1):
        year, index = divmod(today.year * 12 + today.month - 1 + n, 12)
        if month is not None and index + 1 != month:
            continue
        try:
            found = date(year, index + 1, day)
        except ValueError:
            continue
        if found >= today:
            return found
    return today + LONGEST


def _clock(said: Said, *, earliest: time) -> time:
    """The first reading from `earliest` on; the last if all are over."""
    readings = _readings(said)
    return next((clock for clock in readings if clock > earliest), readings[-1])


def _readings(said: Said) -> list[time]:
    """What the named time may mean, in the order of the day, best ones only."""
    if said.clock is None:
        return [said.part or DEFAULT_TIME]
    hour, minute = said.clock.hour, said.clock.minute
    if said.after_noon and hour < 12:
        return [time(hour + 12, minute)]
    if said.before_noon:
        return [time(hour % 12, minute)]
    if said.is_24_hours or not 1 <= hour <= 12:
        return [said.clock]
    both = [time(hour % 12, minute), time(hour % 12 + 12, minute)]
    waking = [clock for clock in both if WAKING[0] <= clock < WAKING[1]]
    return waking or both[1:]


def _utc(day: date, clock: time, name: str) -> datetime:
    """A wall time that the clocks skip or show twice is read as the later instant."""
    return to_utc(datetime.combine(day, clock), name)[1]
