"""What a number says about itself."""

import pytest
from phonenumbers import PhoneNumber
from phonenumbers.timezone import (
    UNKNOWN_TIMEZONE,
    time_zones_for_geographical_number,
)

from campanile.numbers.phones import NotANumber, _zones_below, kind_of, parse
from campanile.numbers.subdivisions import of_area_code


@pytest.mark.parametrize(
    ("text", "region", "e164"),
    [
        ("+1 (212) 555-0123", None, "+12125550123"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("+44 20 7946 0958", "US", "+442079460958"),
        ("212.555.0123", "US", "+12125550123"),
        ("212555.0123", "US", "+12125550123"),
        ("1-800-FLOWERS", "US", "+18003569377"),
    ],
)
def test_numbers_are_read_as_people_write_them(
    text: str, region: str | None, e164: str
) -> None:
    assert parse(text, default_region=region).e164 == e164


@pytest.mark.parametrize(
    ("text", "region", "e164"),
    [
        ("442079460958.0", "GB", "+442079460958"),
        ("4930123456.0", "DE", "+4930123456"),  # would be +49301234560, a stranger's
        (" 4930123456.00 ", "DE", "+4930123456"),
        ("+31201234567.0", None, "+31201234567"),
        ("+31 20 1234567.0", None, "+31201234567"),
        ("2125550123.000000", "US", "+12125550123"),
        ("030 123456.0", "DE", "+4930123456"),
    ],
)
def test_the_fraction_that_pandas_gives_a_number_is_no_digit_of_it(
    text: str, region: str | None, e164: str
) -> None:
    assert parse(text, default_region=region).e164 == e164


@pytest.mark.parametrize(
    "text", ["3.12012E+10", "3.12012e10", "3,12012E+10", "+3.1E10", "2E+09", "31.2E+9"]
)
def test_a_number_that_a_spreadsheet_shortened_is_refused_by_name(text: str) -> None:
    for region in ("NL", None):
        with pytest.raises(NotANumber, match="spreadsheet") as refused:
            parse(text, default_region=region)
        assert text in refused.value.message
        assert "text" in refused.value.hint


@pytest.mark.parametrize(
    ("number", "zones", "jurisdictions"),
    [
        ("+12125550123", ("America/New_York",), ("US-NY",)),
        # A look-up of the library says Chicago; most of the area code is New York.
        ("+14235550123", ("America/Chicago", "America/New_York"), ("US-TN",)),
        ("+19025550123", ("America/Halifax",), ("CA-NS", "CA-PE")),
        ("+17875550123", ("America/Puerto_Rico",), ("PR",)),
        ("+442079460958", ("Europe/London",), ("GB",)),
        ("+559223456789", ("America/Manaus", "America/Sao_Paulo"), ("BR",)),
        ("+34612345678", ("Atlantic/Canary", "Europe/Madrid"), ("ES",)),
    ],
)
def test_a_number_has_every_zone_and_law_of_its_area_code(
    number: str, zones: tuple[str, ...], jurisdictions: tuple[str, ...]
) -> None:
    phone = parse(number)
    assert (phone.zones, phone.jurisdictions) == (zones, jurisdictions)


def test_no_area_code_loses_a_zone_that_a_look_up_finds() -> None:
    for area in range(200, 1000):
        for exchange in range(200, 1000, 7):
            digits = f"1{area}{exchange}0123"
            looked_up = time_zones_for_geographical_number(
                PhoneNumber(country_code=1, national_number=int(digits[1:]))
            )
            if not of_area_code(str(area)) or UNKNOWN_TIMEZONE in looked_up:
                continue
            assert set(looked_up) <= set(_zones_below(digits[:4])), digits


def test_what_belongs_nowhere_has_the_zones_of_everywhere() -> None:
    toll_free = parse("+18005550123")
    assert (toll_free.kind, toll_free.jurisdictions) == ("toll_free", ("US",))
    assert {"America/New_York", "Pacific/Honolulu"} <= set(toll_free.zones)
    assert len(parse("+79123456789").zones) == 16  # a Russian mobile
    satellite = parse("+881612345678")
    assert (satellite.region, satellite.zones, satellite.jurisdictions) == (
        "ZZ",
        (),
        (),
    )


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("+19005550123", "premium_rate"),
        ("+18005550123", "toll_free"),
        ("+447400123456", "mobile"),
        ("+442079460958", "fixed_line"),
        ("+12129765550", "premium_rate"),  # 976 is charged to whoever rings
        ("+14169765550", "premium_rate"),
        ("+18769765550", parse("+18769775550").kind),  # an exchange of Kingston
        ("+18009765550", "toll_free"),
        ("+12125551212", "service"),  # directory assistance
        ("+18005551212", "service"),
        ("+12125551213", "fixed_line_or_mobile"),
        ("+49180112345", "shared_cost"),
        ("+12125550123", "fixed_line_or_mobile"),
        ("+1", "unknown"),
    ],
)
def test_a_number_tells_its_kind(number: str, kind: str) -> None:
    assert kind_of(number) == kind


@pytest.mark.parametrize(
    ("text", "region", "what"),
    [
        ("911", "US", "an emergency number"),
        ("112", "GB", "an emergency number"),
        ("40404", "US", "a short number"),
    ],
)
def test_short_and_emergency_numbers_are_refused_by_name(
    text: str, region: str, what: str
) -> None:
    with pytest.raises(NotANumber, match=what):
        parse(text, default_region=region)


@pytest.mark.parametrize(
    "text", ["", "hello", "12345", "+1 212 055 0123", "2125550123"]
)
def test_what_cannot_be_rung_is_refused(text: str) -> None:
    with pytest.raises(NotANumber):
        parse(text)
