"""What a phone number says about itself: form, kind, candidate zones and jurisdictions.

Everything comes from libphonenumber's own tables. Those give one zone to the longest
prefix they know; but numbers are ported and moved inside their area code, so the
candidates are the zones of *all* prefixes of the area code: +1 423 is Chicago to a
look-up, and most of it is New York. All candidates must be open before a number is
dialed (reliability.md 1.7), so none is dropped.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache

import phonenumbers
from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
)
from phonenumbers.phonenumberutil import is_number_type_geographical
from phonenumbers.tzdata import TIMEZONE_DATA

from campanile.errors import Invalid
from campanile.numbers.subdivisions import of_area_code

UNKNOWN_REGION = "ZZ"
NO_REGION = {None, "001"}
"""libphonenumber's answers for what belongs to no country, such as +881 satellites"""

NORTH_AMERICA = 1
GEOGRAPHIC = {
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE,
    PhoneNumberType.VOIP,
}

DIRECTORY_ASSISTANCE = "5551212"
PAY_PER_CALL = "976"
PAID_IN = {"US", "CA"}
"""On the islands 976 is an exchange like others."""

_FRACTION = re.compile(r"(\+?\d{6,15})\.0+|([^.]*\d)\.0")
"""`.0` behind the one point of whatever is written, more zeros only behind mere digits:
(212) 555.0000 is a number with its point"""
_SHORTENED = re.compile(r"[+-]?\d+([.,]\d+)?E[+-]?\d+", re.IGNORECASE)

_LONGEST = max(map(len, TIMEZONE_DATA))


class NotANumber(Invalid):
    """The text is no phone number that can be dialed."""


@dataclass(frozen=True, slots=True)
class Phone:
    e164: str
    region: str
    """ISO 3166, or `ZZ`"""
    zones: tuple[str, ...]
    """Sorted IANA names; empty when libphonenumber knows none."""
    jurisdictions: tuple[str, ...] = ()
    """Whose law may apply, sorted: `GB`, `US-TN`; empty when nobody knows."""
    kind: str = "unknown"
    """libphonenumber's type in lower case: `mobile`, `premium_rate`, `toll_free`, …; and
    `service`, directory assistance"""


def parse(text: str, *, default_region: str | None = None) -> Phone:
    """Read a number as people write it. Raises NotANumber with the reason."""
    try:
        number = phonenumbers.parse(without_fraction(text), default_region)
    except phonenumbers.NumberParseException as error:
        hint = (
            ""
            if default_region or text.strip().startswith("+")
            else ("write it with + and the country code, or name a default region")
        )
        raise NotANumber(f"{text!r} is no phone number: {error}", hint=hint) from error
    kind = phonenumbers.number_type(number)
    region = phonenumbers.region_code_for_number(number)
    if kind == PhoneNumberType.UNKNOWN and not phonenumbers.is_valid_number(number):
        raise _not_valid(text, number)
    zones, jurisdictions = _whereabouts(number, kind, region)
    return Phone(
        e164=phonenumbers.format_number(number, PhoneNumberFormat.E164),
        region=UNKNOWN_REGION if region is None or region in NO_REGION else region,
        zones=zones,
        jurisdictions=jurisdictions,
        kind=_kind(number, kind, region),
    )


def without_fraction(text: str) -> str:
    """As it was before pandas or a spreadsheet took it for a quantity: 31201234567.0
    would be read with one digit more, a stranger's. Raises NotANumber for one shortened
    to 3.12012E+10, whose E would be the key 3."""
    bare = text.strip()
    if _SHORTENED.fullmatch(bare):
        raise NotANumber(
            f"{text!r} is how a spreadsheet shortens a number; digits may be missing",
            hint="format the column of numbers as text, and save the list again",
        )
    fraction = _FRACTION.fullmatch(bare)
    return fraction[1] or fraction[2] if fraction else text


def kind_of(e164: str) -> str:
    """The same of a number in E.164 form."""
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return "unknown"
    region = phonenumbers.region_code_for_number(number)
    return _kind(number, phonenumbers.number_type(number), region)


def _kind(number: PhoneNumber, kind: int, region: str | None) -> str:
    """libphonenumber's type in lower case, but for what it takes for subscribers: North
    America's directory assistance, and the exchange 976, charged to whoever rings it."""
    if number.country_code == NORTH_AMERICA:
        digits = f"{number.national_number:010d}"
        if digits[3:] == DIRECTORY_ASSISTANCE:
            return "service"
        if digits[3:6] == PAY_PER_CALL and kind in GEOGRAPHIC and region in PAID_IN:
            return "premium_rate"
    return PhoneNumberType.to_string(kind).lower()


@cache
def zones_of_region(region: str) -> tuple[str, ...]:
    """Every zone that the numbers of a country may be in; empty for an unknown one."""
    code = phonenumbers.country_code_for_region(region)
    if not code:
        return ()
    if code != NORTH_AMERICA:
        return _zones_below(str(code))
    return tuple(
        sorted(
            {
                zone
                for prefix, zones in TIMEZONE_DATA.items()
                if prefix.startswith("1") and len(prefix) > 1
                for zone in zones
                if _north_american_region(prefix[1:4]) == region
            }
        )
    )


@cache
def regions_of_zone(zone: str) -> tuple[str, ...]:
    """Every country whose numbers may be in a zone."""
    codes = {
        code
        for code in COUNTRY_CODE_TO_REGION_CODE
        if code != NORTH_AMERICA and zone in _zones_below(str(code))
    }
    regions = {COUNTRY_CODE_TO_REGION_CODE[code][0] for code in codes}
    american = COUNTRY_CODE_TO_REGION_CODE[NORTH_AMERICA]
    regions |= {region for region in american if zone in zones_of_region(region)}
    return tuple(sorted(regions - {"001"}))


def _whereabouts(
    number: PhoneNumber, kind: int, region: str | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(candidate zones, candidate jurisdictions)."""
    country = number.country_code
    assert country is not None
    own = () if region is None or region in NO_REGION else (region,)
    if country != NORTH_AMERICA:
        return _zones_abroad(number, kind), own
    if kind not in GEOGRAPHIC:
        return _zones_below("1"), own
    area = f"{number.national_number:010d}"[:3]
    return _zones_below(f"1{area}") or _zones_below("1"), of_area_code(area) or own


def _zones_abroad(number: PhoneNumber, kind: int) -> tuple[str, ...]:
    country = number.country_code or 0
    everywhere = _zones_below(str(country))
    if len(everywhere) < 2 or not is_number_type_geographical(kind, country):
        return everywhere
    digits = phonenumbers.national_significant_number(number)
    area = digits[: _area_code_length(country, digits[:7], len(digits))]
    return _zones_of_area(f"{country}{area}", _looked_up(f"{country}{digits}"))


@lru_cache(maxsize=65536)
def _area_code_length(country: int, leading: str, length: int) -> int:
    """By the first seven digits: an area code has at most as many, and asking for its
    length is the slow part of reading a number."""
    digits = leading.ljust(length, "0")
    return phonenumbers.length_of_geographical_area_code(
        PhoneNumber(
            country_code=country,
            national_number=int(digits),
            italian_leading_zero=digits.startswith("0") or None,
            number_of_leading_zeros=len(digits) - len(digits.lstrip("0")) or None,
        )
    )


@lru_cache(maxsize=65536)
def _zones_of_area(area: str, looked_up: str) -> tuple[str, ...]:
    """Of the whole area code, and of the entry that a look-up of the number finds."""
    return tuple(sorted({*_zones_below(area), *TIMEZONE_DATA.get(looked_up, ())}))


def _looked_up(digits: str) -> str:
    """The longest entry that the number begins with."""
    ends = range(min(len(digits), _LONGEST), 0, -1)
    return next((digits[:n] for n in ends if digits[:n] in TIMEZONE_DATA), "")


@cache
def _zones_below(prefix: str) -> tuple[str, ...]:
    """The zones of every entry under a prefix."""
    return tuple(
        sorted(
            {
                zone
                for entry, listed in TIMEZONE_DATA.items()
                if entry.startswith(prefix)
                for zone in listed
            }
        )
    )


@cache
def _north_american_region(area: str) -> str | None:
    for line in ("2345678", "5550123"):
        number = PhoneNumber(
            country_code=NORTH_AMERICA, national_number=int(area + line)
        )
        if (region := phonenumbers.region_code_for_number(number)) is not None:
            return region
    return None


def _not_valid(text: str, number: PhoneNumber) -> NotANumber:
    region = COUNTRY_CODE_TO_REGION_CODE[number.country_code or 0][0]
    digits = phonenumbers.national_significant_number(number)
    if phonenumbers.is_emergency_number(digits, region):
        return NotANumber(f"{text!r} is an emergency number")
    if phonenumbers.is_valid_short_number_for_region(number, region):
        return NotANumber(f"{text!r} is a short number; only subscribers are rung")
    return NotANumber(f"{text!r} is not a number that can exist")
