"""What a phone number says about itself: form, region, candidate zones (pure).

Zones come from libphonenumber's own tables. A number of a split area code has several;
all of them must be open before it is dialed (reliability.md 1.7), so none is dropped.
"""

from dataclasses import dataclass

import phonenumbers
from phonenumbers import PhoneNumberFormat, timezone

from campanile.errors import Invalid

UNKNOWN_REGION = "ZZ"


class NotANumber(Invalid):
    """The text is no phone number that can be dialed."""


@dataclass(frozen=True, slots=True)
class Phone:
    e164: str
    region: str
    zones: tuple[str, ...]
    """Sorted IANA names; empty when libphonenumber knows none."""


def parse(text: str, *, default_region: str | None = None) -> Phone:
    """Read a number as people write it. Raises NotANumber with the reason."""
    try:
        number = phonenumbers.parse(text, default_region)
    except phonenumbers.NumberParseException as error:
        hint = (
            ""
            if default_region or text.strip().startswith("+")
            else ("write it with + and the country code, or name a default region")
        )
        raise NotANumber(f"{text!r} is no phone number: {error}", hint=hint) from error
    if not phonenumbers.is_valid_number(number):
        raise NotANumber(f"{text!r} is not a number that can exist")
    zones = timezone.time_zones_for_number(number)
    return Phone(
        e164=phonenumbers.format_number(number, PhoneNumberFormat.E164),
        region=phonenumbers.region_code_for_number(number) or UNKNOWN_REGION,
        zones=tuple(sorted(z for z in zones if z != timezone.UNKNOWN_TIMEZONE)),
    )
