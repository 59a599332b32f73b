"""Facts that the law's tests start from: a number in Manhattan, a campaign all day."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from campanile.compliance.hours import CampaignHours, Place
from campanile.compliance.may_dial import Facts

NEW_YORK, CHICAGO, LOS_ANGELES, LONDON, BERLIN = (
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "Europe/London",
    "Europe/Berlin",
)
MANHATTAN = Place((NEW_YORK,), ("US-NY",))
ALL_DAY = CampaignHours.daily(NEW_YORK, time(0), time(0))
ROOM = timedelta(seconds=35)

FACTS = Facts(
    phone_number="+12125550101",
    kind="fixed_line_or_mobile",
    place=MANHATTAN,
    hours=ALL_DAY,
    campaign_runs=True,
    attempts=0,
    max_attempts=3,
    ring_timeout=timedelta(seconds=30),
)


def facts(**changes: object) -> Facts:
    return replace(FACTS, **changes)  # type: ignore[arg-type]


def utc(
    day: int,
    hour: int = 0,
    minute: int = 0,
    second: int = 0,
    *,
    month: int = 11,
    year: int = 2026,
) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
