"""States and provinces as data: names, zones, area codes, postcodes (pure)."""

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class Subdivision:
    code: str
    """the jurisdiction: `US-TN`, `CA-QC`, `PR`"""
    name: str
    zones: tuple[str, ...]
    also: tuple[str, ...] = ()
    """other names that people write"""


@dataclass(frozen=True, slots=True)
class Postcodes:
    """How a country's postcodes look, and where their first characters lie."""

    pattern: re.Pattern[str]
    length: int
    ranges: tuple[tuple[str, str, str], ...]
    """(from, to, key of the subdivision), both included"""

    def keys(self, postcode: str) -> list[str]:
        start = postcode[: self.length]
        return [key for first, last, key in self.ranges if first <= start <= last]


@cache
def subdivisions(region: str) -> dict[str, Subdivision]:
    """By key (`TN`); empty for a country that the table does not cover."""
    return {
        key: Subdivision(
            entry.get("code", f"{region}-{key}"),
            entry["name"],
            tuple(entry["zones"]),
            tuple(entry.get("also", ())),
        )
        for key, entry in _table("subdivisions").get(region, {}).items()
    }


@cache
def named(region: str) -> dict[str, Subdivision]:
    """By everything people write in a state column, as `plain` has it."""
    return {
        plain(name): one
        for key, one in subdivisions(region).items()
        for name in (key, one.name, one.code, *one.also)
    }


def plain(name: str) -> str:
    """In lower case, without dots, commas and needless spaces: `N. Y.` is `ny`."""
    words = name.lower().replace(".", "").replace(",", " ").split()
    return ("" if all(len(word) == 1 for word in words) else " ").join(words)


@cache
def postcodes(region: str) -> Postcodes | None:
    entry = _table("postcodes").get(region)
    if entry is None:
        return None
    ranges = tuple((str(a), str(b), str(key)) for a, b, key in entry["ranges"])
    return Postcodes(re.compile(entry["pattern"]), entry["length"], ranges)


def of_area_code(area: str) -> tuple[str, ...]:
    """The states or provinces of a North American area code, sorted."""
    return _by_area_code().get(area, ())


@cache
def _by_area_code() -> dict[str, tuple[str, ...]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for region in ("US", "CA"):
        for key, entry in _table("subdivisions")[region].items():
            for area in entry.get("area_codes", ()):
                found[str(area)].add(f"{region}-{key}")
    return {area: tuple(sorted(codes)) for area, codes in found.items()}


@cache
def _table(name: str) -> dict[str, dict[str, Any]]:
    file = resources.files("campanile.numbers") / "data" / f"{name}.yaml"
    table: dict[str, dict[str, Any]] = yaml.load(
        file.read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    )
    return table
