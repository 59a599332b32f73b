"""Whether a person may be rung: the judge's own arithmetic, by its own data.

A range of instants is tested minute edge by minute edge: the beginning, the end, and
nothing between them can be closed, because no range here is longer than a window.
"""

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

LAW: dict[str, Any] = json.loads(
    Path(__file__).with_name("law.json").read_text("utf-8")
)
_HOLIDAYS = {date.fromisoformat(day) for day in LAW["holidays"]}


def unlawful(
    legal: float, room: float, *, zones: list[str], jurisdictions: list[str]
) -> str | None:
    """Why a call at `legal` (unix seconds) that may ring for `room` was unlawful."""
    for rule in ["everywhere", *(j for j in jurisdictions if j in LAW)]:
        for zone in zones:
            for moment in (legal, legal + room):
                local = _local(moment, zone)
                span = _span(LAW[rule], local)
                if span is None or not _within(local.time(), *span):
                    return f"{rule} at {local:%a %H:%M:%S} {zone}"
    return None


def outside_campaign(legal: float, room: float, campaign: dict[str, Any]) -> str | None:
    """Why a call was outside the campaign's own daily window."""
    first, last = (time.fromisoformat(campaign[name]) for name in ("start", "end"))
    for moment in (legal, legal + room):
        local = _local(moment, campaign["timezone"])
        if not _within(local.time(), first, last):
            window = f"{campaign['start']}–{campaign['end']}"
            return f"campaign {window} at {local:%H:%M:%S} {campaign['timezone']}"
    return None


def most_per_24h(jurisdictions: list[str]) -> int | None:
    """The most calls on one subject in 24 hours that the law allows, if it says."""
    found = [LAW[j]["per_24h"] for j in jurisdictions if "per_24h" in LAW.get(j, {})]
    return min(found, default=None)


def local_day(legal: float, zone: str) -> date:
    return _local(legal, zone).date()


def local_week(legal: float, zone: str) -> date:
    """The Monday of it."""
    day = local_day(legal, zone)
    return day - timedelta(days=day.weekday())


def _local(moment: float, zone: str) -> datetime:
    return datetime.fromtimestamp(moment, UTC).astimezone(ZoneInfo(zone))


def _span(rule: dict[str, Any], local: datetime) -> tuple[time, time] | None:
    hours = rule["hours"]
    day = local.strftime("%A").lower()
    if day in rule:
        hours = rule[day]
    if "day_before" in rule and _is_holiday(rule, local.date() + timedelta(days=1)):
        hours = hours and rule["day_before"]
    if "holidays" in rule and _is_holiday(rule, local.date()):
        hours = rule["holidays"]
    return None if hours is None else tuple(map(time.fromisoformat, hours))  # type: ignore[return-value]


def _is_holiday(rule: dict[str, Any], day: date) -> bool:
    return day in _HOLIDAYS or day.isoformat() in rule.get("own_holidays", ())


def _within(clock: time, first: time, last: time) -> bool:
    if first < last:
        return first <= clock < last
    return clock >= first or clock < last
