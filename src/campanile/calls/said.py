"""What somebody said about when to call, as plain values."""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta


@dataclass(frozen=True, slots=True)
class Said:
    instant: datetime | None = None
    """aware: it was said with its offset"""
    delay: timedelta | None = None
    delay_from_day: bool = False
    """"a week from Monday": counted from the day that is named"""
    days: int | None = None
    """from today"""
    weekday: int | None = None
    """0 is Monday"""
    since: int | None = None
    """the weekday after which that is to be"""
    weekend: bool = False
    weeks: int | None = None
    """from this week; "next Tuesday" is the one of next week, so that nobody is called a
    week early"""
    stage: str | None = None
    """early, middle, late: where in the week or month; later: of what is left of it"""
    is_month: bool = False
    """the `stage` is one of this month"""
    is_next_month: bool = False
    is_next_year: bool = False
    nth: int | None = None
    """the second Monday of the month; of its days where no weekday is named; -1 is the last"""
    nth_week: int | None = None
    """of the month"""
    day_of_month: int | None = None
    month: int | None = None
    year: int | None = None
    lasts: int = 1
    """days that the named day goes on, as Christmas does"""
    day_after: bool = False
    """"after Monday": the day when that is over"""
    day_before: bool = False
    clock: time | None = None
    """as the words have it: "half past five" is 5:30"""
    is_24_hours: bool = False
    part: time | None = None
    """of a part of the day"""
    before_noon: bool = False
    after_noon: bool = False
    before: bool = False
    """before the clock time rather than from it on"""
    excluded: tuple["Said", ...] = ()
    """days and parts of the day that do not suit"""

    @property
    def names_day(self) -> bool:
        return self != Said() and self.day_only != Said()

    @property
    def day_only(self) -> "Said":
        """Without the time of day."""
        return replace(
            self,
            clock=None,
            is_24_hours=False,
            part=None,
            before_noon=False,
            after_noon=False,
            before=False,
            excluded=(),
        )
