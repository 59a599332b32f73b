"""When somebody who said "call me back …" wants to be called (pure but for its words).

Understands "in a couple of hours", "after six", "half past five", "next Tuesday morning",
"this weekend", "on the third of December at 15:30", "any day but Monday"; the words are
data per language (words/*.yaml). What it cannot read is None: nothing is invented, and the
lead waits a day (calls/retries.py). Whether the instant is lawful is `may_dial`'s to say.

It is read by the callee's own clock. Where the callee may be in several zones it is the
latest of the readings: whichever zone is the true one, nobody is called before the time
they named.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from campanile.calls.days_said import (
    DAY,
    NoSuchDay,
    day_meant,
    excludes,
    first_day_left,
)
from campanile.calls.said import Said
from campanile.calls.times_said import read
from campanile.compliance.zones import to_utc, zone

DEFAULT_TIME = time(10)
WAKING = (time(8), time(21))
"""Of "at eight" and "at nine" the hour is meant at which people are called."""
SOON = timedelta(minutes=30)
"""When the part of the day that was asked for has begun already."""
LONGEST = timedelta(days=366)
"""Farther ahead nobody means what was read."""
ANY_TIME = (DEFAULT_TIME, time(14), time(18))
"""Where only what does not suit was named: the first of these on a day that does."""


def requested_instant(
    text: str, now: datetime, *, zones: Sequence[str], language: str = "en"
) -> datetime | None:
    """The instant that `text` names, in UTC; later than `now` (aware)."""
    said = read(text, language)
    if said is None or not zones:
        return None
    try:
        latest = max(_instant(said, now, name) for name in zones)
    except (NoSuchDay, OverflowError):
        return None
    return latest if now < latest <= now + LONGEST else None


def _instant(said: Said, now: datetime, name: str) -> datetime:
    if said.instant is not None:
        return said.instant.astimezone(UTC)
    local = now.astimezone(zone(name)).replace(tzinfo=None)
    day = day_meant(said, local.date())
    if said.excluded:
        return _suiting(said, day or first_day_left(said, local.date()), now, name)
    if day is not None:
        return _on(day, said, local, now, name)
    if said.delay is not None:
        return _at(local.date(), said, now, name, delay=said.delay)
    return _next(said, local.date(), now, name)


def _on(day: date, said: Said, local: datetime, now: datetime, name: str) -> datetime:
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


def _suiting(said: Said, first: date, now: datetime, name: str) -> datetime:
    """The first time from that day on that is not excluded."""
    today = now.astimezone(zone(name)).date()
    is_open = said.clock is None and said.part is None
    clocks = ANY_TIME if is_open else _readings(said)
    for n in range(LONGEST // DAY):
        day = first + n * DAY
        suiting = [
            clock
            for clock in clocks
            if not any(excludes(one, day, clock, today) for one in said.excluded)
        ]
        for clock in suiting[:1] if is_open else suiting:
            instant = _utc(day, clock, name)
            instant -= timedelta(hours=1) if said.before else timedelta()
            if instant > now:
                return instant
    raise NoSuchDay


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
