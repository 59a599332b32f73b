"""Where a lead may be: what the number says, unless the list says better (pure).

A state, postcode or zone column decides instead of the number: people move and keep
their numbers. Columns that agree narrow each other (Florida and New York's clock: New
York's). Columns that contradict each other are all believed: every zone must be open
and every law holds, because whichever is wrong, nobody is rung at night.
"""

from collections.abc import Iterable
from functools import cache

from campanile.compliance.hours import Place
from campanile.compliance.zones import known_zones, same_clock
from campanile.errors import Invalid
from campanile.numbers.phones import (
    NORTH_AMERICA,
    Phone,
    regions_of_zone,
    zones_of_region,
)
from campanile.numbers.subdivisions import (
    Subdivision,
    named,
    plain,
    postcodes,
    subdivisions,
)

PLACELESS = {
    *("utc", "uct", "zulu", "universal", "gmt", "gmt0", "gmt+0", "gmt-0", "greenwich"),
    *("est", "mst", "hst", "est5edt", "cst6cdt", "mst7mdt", "pst8pdt"),
    *("cet", "met", "eet", "wet"),
}
"""Zone names that tell a clock and no place; often a spreadsheet's default."""


def place_of(
    phone: Phone,
    *,
    zone: str | None = None,
    state: str | None = None,
    postcode: str | None = None,
    region: str | None = None,
) -> tuple[Place, str]:
    """(where the lead may be, what decided that: number, zone, state or postcode).

    `region` is the country (ISO 3166) that state and postcode belong to; without it the
    number's. Blank columns say nothing. A state or postcode of a country that the tables
    do not divide says nothing either, but for North America's numbering plan, whose
    people move between its countries. Raises Invalid for a zone, state or postcode that
    does not exist.
    """
    named_country = _said(region).upper()
    country = named_country or phone.region
    tables = _tables(phone, named_country)
    named_state = _by_state(tables, _said(state))
    posted = _by_postcode(tables, _said(postcode))
    columns = [*named_state, *posted]
    if columns and named_country in _territories():
        columns.append(subdivisions("US")[named_country])
    if columns:
        place = Place(
            _sorted(zone for one in columns for zone in one.zones),
            _sorted(one.code for one in columns),
        )
        source = "postcode" if posted else "state"
        if len(tables) > 1 and not named_state:
            # The Dominican Republic's postcodes have five digits as well.
            place = _either(place, phone.zones, phone.jurisdictions)
    else:
        place, source = _by_number(phone, country), "number"
    if zone_said := _said(zone):
        place = _with_zone(place, _zone_name(zone_said), country, decided=bool(columns))
        source = "zone"
    return place, source


def _by_number(phone: Phone, country: str) -> Place:
    own = Place(phone.zones, phone.jurisdictions)
    if country == phone.region:
        return own
    # A country column other than the number's: the lead may be in either.
    return _either(own, zones_of_region(country), (country,))


def _tables(phone: Phone, named_country: str) -> tuple[str, ...]:
    """The countries whose states and postcodes the columns may mean; none where their
    own has no table."""
    country = named_country or phone.region
    if country in _territories():
        return ("US",)
    if subdivisions(country):
        return (country,)
    plan = f"+{NORTH_AMERICA}"
    return ("US", "CA") if not named_country and phone.e164.startswith(plan) else ()


@cache
def _territories() -> frozenset[str]:
    """Countries of their own by ISO 3166, that the table has among the states."""
    return frozenset(key for key, one in subdivisions("US").items() if one.code == key)


def _by_state(tables: tuple[str, ...], state: str) -> list[Subdivision]:
    if not state or not tables:
        return []
    written = plain(state)
    found = [known[written] for known in map(named, tables) if written in known]
    if not found:
        raise _unknown(f"{state!r} is no state or province", tables, "its two letters")
    return found


def _by_postcode(tables: tuple[str, ...], postcode: str) -> list[Subdivision]:
    if not postcode or not tables:
        return []
    found = [
        subdivisions(country)[key]
        for country in tables
        for key in _postal_keys(country, postcode.upper())
    ]
    if not found:
        raise _unknown(f"{postcode!r} is no postcode", tables, "the right one")
    return found


def _postal_keys(country: str, written: str) -> list[str]:
    known = postcodes(country)
    if known is None:
        return []
    if country == "US" and written.isdecimal():
        # A spreadsheet turned 02134 into a number, or 02134-0001 into 21340001.
        written = written.zfill(9 if len(written) > 5 else 5)
    return known.keys(written) if known.pattern.fullmatch(written) else []


def _unknown(what: str, tables: tuple[str, ...], right: str) -> Invalid:
    return Invalid(
        f"{what} of {' or '.join(tables)}",
        hint=f"write {right}, name its country, or leave the column empty",
    )


def _either(place: Place, zones: Iterable[str], jurisdictions: Iterable[str]) -> Place:
    return Place(
        _sorted({*place.zones, *zones}), _sorted({*place.jurisdictions, *jurisdictions})
    )


def _zone_name(written: str) -> str:
    found = _zones_by_lower_case().get(written.lower().replace(" ", "_"))
    if found is None or found.lower() in PLACELESS or found.startswith("Etc/"):
        raise Invalid(
            f"{written!r} names no place's time zone",
            hint="write an IANA name such as America/New_York",
        )
    return found


def _with_zone(place: Place, zone: str, country: str, *, decided: bool) -> Place:
    if (candidate := _candidate(zone, place, country)) is not None:
        return Place((candidate,), _narrowed(place.jurisdictions, zone))
    there = _jurisdictions_with(zone, country)
    if not decided:
        return Place((zone,), there)
    return _either(place, (zone,), there)


def _candidate(zone: str, place: Place, country: str) -> str | None:
    """Which of the place's zones is meant: itself, else one that shows the same time,
    at home rather than abroad."""
    if zone in place.zones:
        return zone
    at_home = set(zones_of_region(country))
    alike = (one for one in place.zones if same_clock(zone, one))
    return min(alike, key=lambda one: (one not in at_home, one), default=None)


def _narrowed(jurisdictions: tuple[str, ...], zone: str) -> tuple[str, ...]:
    """Where only the country is known, as of a toll-free number, though it has states:
    those that keep this clock."""
    return _sorted(
        one
        for named in jurisdictions
        for one in (
            _jurisdictions_with(zone, named) if subdivisions(named) else [named]
        )
    )


def _jurisdictions_with(zone: str, country: str) -> tuple[str, ...]:
    """Whose law may hold where this clock does: in the country, else in any; of one that
    the table divides, its states."""
    if states := _states_with(zone, country):
        return _sorted(states)
    if any(same_clock(zone, theirs) for theirs in zones_of_region(country)):
        return (country,)
    return _sorted(
        one
        for region in regions_of_zone(zone)
        for one in _states_with(zone, region) or {region}
    )


def _states_with(zone: str, country: str) -> set[str]:
    return {
        one.code
        for one in subdivisions(country).values()
        if any(same_clock(zone, theirs) for theirs in one.zones)
    }


@cache
def _zones_by_lower_case() -> dict[str, str]:
    return {name.lower(): name for name in known_zones()}


def _said(column: str | None) -> str:
    return "" if column is None else column.strip()


def _sorted(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))
