"""The clocks of the world, by the newest time-zone data at hand.

Governments change their clocks with weeks of notice, and the system's tables are often
a year old while the `tzdata` package is not (or the other way round). A wrong hour
begins here, so the newer of the two is read, and its age can be asked for.
"""

import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo, available_timezones

from campanile.errors import Invalid

STALE_AFTER = timedelta(days=180)


class UnknownZone(Invalid):
    """No time zone has this name."""


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of this IANA name. Raises UnknownZone."""
    if name not in known_zones():
        raise UnknownZone(f"{name!r} is no time zone")
    file = zone_data()[1].joinpath(*name.split("/"))
    if not file.is_file():
        return ZoneInfo(name)  # only the older data knows it
    with file.open("rb") as data:
        return ZoneInfo.from_file(data, key=name)


@cache
def known_zones() -> frozenset[str]:
    return frozenset(available_timezones()) - {"localtime", "Factory"}


@cache
def zone_data() -> tuple[str, Traversable]:
    """The newest release at hand (such as `2026f`) and the folder that holds it."""
    found = [(_release(folder), folder) for folder in _folders()]
    return max(found, key=lambda release_and_folder: release_and_folder[0])


def zone_data_date() -> date | None:
    """No later than the day the release in use was published; None: it does not tell.

    A release is at least as new as its year, and as the leap-second bulletin it quotes.
    """
    release, folder = zone_data()
    year = re.match(r"\d{4}", release)
    told = [] if year is None else [date(int(year.group()), 1, 1)]
    leaps = folder.joinpath("leapseconds")
    if leaps.is_file():
        updated = re.search(r"^#updated (\d+)", leaps.read_text(), re.MULTILINE)
        if updated is not None:
            told.append(datetime.fromtimestamp(int(updated.group(1)), UTC).date())
    return max(told, default=None)


def tzdata_age(today: date) -> timedelta | None:
    """How old the time-zone data may be, at most; None: it does not tell.

    Above `STALE_AFTER` it deserves a warning: update the `tzdata` package.
    """
    published = zone_data_date()
    return None if published is None else today - published


@lru_cache(maxsize=16384)
def to_utc(local: datetime, name: str) -> tuple[datetime, datetime]:
    """(earlier, later) instant at which the clocks of `name` may show `local` (naive).

    They differ where the hour is skipped or doubled; the caller takes the safe one.
    """
    there = local.replace(tzinfo=zone(name))
    first = there.astimezone(UTC)
    if there.utcoffset() == there.replace(fold=1).utcoffset():
        return first, first
    second = there.replace(fold=1).astimezone(UTC)
    return (first, second) if first <= second else (second, first)


@lru_cache(maxsize=4096)
def same_clock(one: str, other: str) -> bool:
    """Whether two zones show the same time, judged by every sixth day of five years."""
    if one == other:
        return True
    start = datetime(2026, 1, 1, 12, tzinfo=UTC)
    return all(
        at.astimezone(zone(one)).utcoffset() == at.astimezone(zone(other)).utcoffset()
        for at in (start + timedelta(days=6 * n) for n in range(300))
    )


def _folders() -> list[Traversable]:
    folders: list[Traversable] = [Path(path) for path in TZPATH if Path(path).is_dir()]
    with suppress(ModuleNotFoundError):
        folders.append(resources.files("tzdata") / "zoneinfo")
    if not folders:
        raise UnknownZone(
            "there is no time-zone data", hint="install the package tzdata"
        )
    return folders


def _release(folder: Traversable) -> str:
    for name, pattern in (
        ("tzdata.zi", r"# version (\S+)"),
        ("+VERSION", r"(\S+)"),
    ):
        file = folder / name
        if file.is_file():
            with file.open() as text:
                if match := re.match(pattern, text.readline()):
                    return match.group(1)
    return ""
