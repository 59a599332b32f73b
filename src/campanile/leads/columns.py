"""What a list says of a lead besides its number: where it is, when it may be rung, and
by whose leave. Reserved headings; their cells stay template variables all the same.

Times: ISO 8601. A bare date is that whole day, a time without an offset the wall time,
both in the lead's zone; where the lead has several zones, in each of them: the latest
of their beginnings and the earliest of their ends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache

from campanile.clock import now
from campanile.compliance.hours import Place
from campanile.compliance.zones import zone as zone_named
from campanile.errors import Invalid
from campanile.leads.consent import basis_of
from campanile.numbers.phones import Phone
from campanile.numbers.places import place_of

HEADINGS = {
    "timezone": ("timezone", "time_zone"),
    "state": ("state", "province"),
    "postcode": ("postcode", "zip", "postal_code", "zip_code"),
    "country": ("country", "region"),
    "not_before": ("not_before",),
    "not_after": ("not_after",),
    "consent_basis": ("consent_basis",),
    "consent_text": ("consent_text",),
    "consent_source": ("consent_source",),
    "consent_at": ("consent_at",),
}
"""field → headings; of several filled ones the first counts"""

_OTHER_COUNTRY_NAMES = {
    "uk": "GB",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "usa": "US",
    "united states of america": "US",
    "america": "US",
    "holland": "NL",
    "the netherlands": "NL",
}
_ANYWHERE = ("Etc/GMT+12", "Etc/GMT-14")
"""The last and the first zone of the earth, for a number whose zone is unknown."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which a lead may be rung; instants in UTC."""

    place: Place
    place_source: str
    not_before: datetime | None = None
    not_after: datetime | None = None
    """excluded"""
    consent_basis: str | None = None
    consent_text: str | None = None
    consent_source: str | None = None
    consent_at: datetime | None = None


def said_by(cells: Mapping[str, str]) -> dict[str, str]:
    """The reserved ones of a row's cells, by field; empty cells say nothing."""
    return {
        name: text
        for name, headings in HEADINGS.items()
        if (text := next(filter(None, (cells.get(h, "") for h in headings)), ""))
    }


def terms_of(phone: Phone, said: Mapping[str, str]) -> Terms:
    """Raises Invalid, with a sentence, for a value that cannot be what it stands for;
    before any other OptedOut, which counts whatever else is wrong."""
    basis = basis_of(said.get("consent_basis", ""))
    place, source = place_of(
        phone,
        zone=said.get("timezone"),
        state=said.get("state"),
        postcode=said.get("postcode"),
        region=country_code(said["country"]) if "country" in said else None,
    )
    zones = place.zones or _ANYWHERE
    begins = _begin("not_before", said, zones)
    ends = _end("not_after", said, zones)
    if begins is not None and ends is not None and ends <= begins:
        raise Invalid(
            f"not_after {said['not_after']} is not later than "
            f"not_before {said['not_before']}"
        )
    given_at = _begin("consent_at", said, zones)
    if given_at is not None and given_at > now():
        raise Invalid(f"consent_at {said['consent_at']} is in the future")
    return Terms(
        place=place,
        place_source=source,
        not_before=begins,
        not_after=ends,
        consent_basis=basis,
        consent_text=said.get("consent_text"),
        consent_source=said.get("consent_source"),
        consent_at=given_at,
    )


def country_code(text: str) -> str:
    """The ISO 3166 code of a country: its own, or of its English, Dutch, … name."""
    name = text.strip().casefold()
    code = _OTHER_COUNTRY_NAMES.get(name) or _countries().get(name)
    if code is None:
        raise Invalid(f"{text!r} is no country", hint="write its code, as US or NL")
    return code


@cache
def _countries() -> dict[str, str]:
    # Half a second and some megabytes that a list without countries need not spend.
    from phonenumbers.geodata.locale import LOCALE_DATA  # noqa: PLC0415

    found: dict[str, str] = {}
    for code, names in LOCALE_DATA.items():
        for name in names.values():
            if not name.startswith("*"):  # "*fr": as in French
                found.setdefault(name.casefold(), code)
    return {**found, **{code.casefold(): code for code in LOCALE_DATA}}


def _begin(name: str, said: Mapping[str, str], zones: Sequence[str]) -> datetime | None:
    if name not in said:
        return None
    when = _read(name, said[name])
    if not isinstance(when, datetime):
        when = datetime.combine(when, time())
    return max(_instants(when, zones))


def _end(name: str, said: Mapping[str, str], zones: Sequence[str]) -> datetime | None:
    if name not in said:
        return None
    when = _read(name, said[name])
    if not isinstance(when, datetime):
        when = datetime.combine(when + timedelta(days=1), time())
    return min(_instants(when, zones))


def _instants(when: datetime, zones: Sequence[str]) -> list[datetime]:
    if when.tzinfo is not None:
        return [when.astimezone(UTC)]
    # Both folds: an hour that comes twice, or never, is read both ways.
    return [
        when.replace(tzinfo=zone_named(zone), fold=fold).astimezone(UTC)
        for zone in zones
        for fold in (0, 1)
    ]


def _read(name: str, text: str) -> date | datetime:
    for read in (date.fromisoformat, datetime.fromisoformat):
        try:
            return _within_centuries(read(text))
        except (ValueError, OverflowError):
            continue
    raise Invalid(
        f"{name} {text!r} is no date or time",
        hint="write 2026-12-31 or 2026-12-31 18:00",
    )


def _within_centuries(when: date) -> date:
    """Refuse years whose neighbours Python's dates cannot hold, and slips of the pen."""
    if not 1900 <= when.year <= 2999:
        raise ValueError(when)
    return when
