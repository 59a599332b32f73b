"""Numbers of a suppression list: whatever is written, the same E.164 as a lead's."""

from pathlib import Path

import pandas as pd
import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat

from campanile.leads.listed_numbers import e164, read_numbers
from campanile.numbers.phones import NotANumber

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


def by_libphonenumber(text: str) -> str | None:
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


@given(region=st.sampled_from(REGIONS), digits=st.text("0123456789", max_size=12))
def test_the_fast_reading_is_libphonenumbers(region: str, digits: str) -> None:
    text = f"+{phonenumbers.country_code_for_region(region)}{digits}"
    try:
        assert e164(text) == by_libphonenumber(text)
    except NotANumber:
        assert by_libphonenumber(text) is None


@given(digits=st.text("0123456789", min_size=1, max_size=15))
def test_so_is_that_of_any_digits(digits: str) -> None:
    try:
        assert e164(f"+{digits}") == by_libphonenumber(f"+{digits}")
    except NotANumber:
        assert by_libphonenumber(f"+{digits}") is None


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("+1 (212) 555-0101", None, "+12125550101"),
        ("(212) 555.0101", "US", "+12125550101"),
        ("1-212-555-0101", "us", "+12125550101"),
        ("+44 (0)20 7946 0001", None, "+442079460001"),
        ("020 7946 0001", "GB", "+442079460001"),
    ],
)
def test_people_write_numbers_in_many_ways(
    text: str, region: str | None, expected: str
) -> None:
    assert e164(text, region) == expected


@pytest.mark.parametrize("text", ["", "hello", "12", "+1", "2125550101", "+999 123"])
def test_what_is_no_number_is_said_to_be_none(text: str) -> None:
    with pytest.raises(NotANumber):
        e164(text)


def test_plain_text_csv_and_spreadsheets_are_read_alike(tmp_path: Path) -> None:
    text = tmp_path / "list.txt"
    text.write_text("# do not ring\n+12125550101\n\n+1 212 555 0102\nnobody\n")
    table = tmp_path / "list.csv"
    table.write_text(
        "name,Phone Number\nAnn,+12125550101\nBob,+12125550102\nEve,nobody\n"
    )
    sheet = tmp_path / "list.xlsx"
    pd.DataFrame(
        {"phone": ["+12125550101", "+12125550102", "nobody"], "x": ["", "", ""]}
    ).to_excel(sheet, index=False)
    bare = tmp_path / "bare.csv"
    bare.write_text("+12125550101;Ann\n+12125550102;Bob\nnobody;Eve\n")
    for file in (text, table, sheet, bare):
        rows = list(read_numbers(file))
        assert [row.phone_number for row in rows] == [
            "+12125550101",
            "+12125550102",
            None,
        ], file
        assert "nobody" in rows[-1].reason
