"""Numbers of a suppression list: whatever is written, the same E.164 as a lead's."""

from pathlib import Path

import pandas as pd
import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat

from campanile.errors import Invalid
from campanile.leads.listed_numbers import e164, read_numbers, region_code
from campanile.leads.lists import UnreadableList
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


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("31201234567.0", "NL", "+31201234567"),  # would be +312012345670, a stranger's
        ("+31201234567.0", None, "+31201234567"),
        ("+31 20 1234567.0", None, "+31201234567"),
        ("4930123456.0", "DE", "+4930123456"),
        ("2125550101.00", "US", "+12125550101"),
    ],
)
def test_the_fraction_that_pandas_gives_a_number_is_no_digit_of_it(
    text: str, region: str | None, expected: str
) -> None:
    assert e164(text, region) == expected


@pytest.mark.parametrize("text", ["3.12012E+10", "3.12012e10", "2E09"])
def test_a_number_that_a_spreadsheet_shortened_is_named(
    tmp_path: Path, text: str
) -> None:
    file = tmp_path / "dnc.csv"
    file.write_text(f"phone\n31201234567.0\n{text}\n")
    good, bad = read_numbers(file, default_region="NL")
    assert good.phone_number == "+31201234567"
    assert bad.phone_number is None
    assert "spreadsheet" in bad.reason


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


def listed(tmp_path: Path, content: str, **options: str) -> list[str | None]:
    file = tmp_path / "list.csv"
    file.write_text(content)
    return [row.phone_number for row in read_numbers(file, **options)]


IDS_AND_CELLS = "id,cell\n2125550177,2125550101\n2125550178,2125550102\n"
"""Both columns read as numbers of the US."""


@pytest.mark.parametrize(
    "heading", ["cell", "Cell Phone", "mobile phone", "Mobile Number", "phone"]
)
def test_the_column_of_numbers_is_found_by_what_people_call_it(
    tmp_path: Path, heading: str
) -> None:
    content = IDS_AND_CELLS.replace("cell", heading)
    found = listed(tmp_path, content, default_region="US")
    assert found == ["+12125550101", "+12125550102"]


@pytest.mark.parametrize(
    ("content", "options", "says"),
    [
        (IDS_AND_CELLS, {"phone_column": "cel"}, "no column cel"),
        (IDS_AND_CELLS.replace("cell", "whom"), {}, "no column phone_number or"),
        ("2125550177,2125550101\n", {}, "no column phone_number or"),
        ("+12125550177,+12125550101\n", {}, "no column phone_number or"),
        ("name,phone,mobile\nAnn,,+12125550101\n", {}, "phone and mobile"),
    ],
)
def test_no_column_is_guessed_where_there_are_several(
    tmp_path: Path, content: str, options: dict[str, str], says: str
) -> None:
    with pytest.raises(UnreadableList, match=says) as refused:
        listed(tmp_path, content, default_region="US", **options)
    assert "--phone-column" in refused.value.hint
    for heading in content.splitlines()[0].split(","):
        assert heading in refused.value.hint


def test_of_several_known_columns_one_can_be_named(tmp_path: Path) -> None:
    content = "phone,mobile\n+12125550101,+12125550102\n"
    assert listed(tmp_path, content, phone_column="Mobile") == ["+12125550102"]


@pytest.mark.parametrize(
    "heading", ["", "whom to spare\n", "# these, and no others\n\n"]
)
def test_one_column_needs_no_heading(tmp_path: Path, heading: str) -> None:
    found = listed(tmp_path, f"{heading}+12125550101\n+12125550102\n")
    assert found[-2:] == ["+12125550101", "+12125550102"]


def test_a_heading_below_a_remark_is_still_the_heading(tmp_path: Path) -> None:
    content = f"\n# of the registry\n{IDS_AND_CELLS}"
    found = listed(tmp_path, content, default_region="US")
    assert found == ["+12125550101", "+12125550102"]


def test_a_sign_of_number_makes_no_remark_of_a_heading_or_a_row(tmp_path: Path) -> None:
    content = "#,cell\n#1,+12125550101\n#2,+12125550102\n"
    expected = ["+12125550101", "+12125550102"]
    assert listed(tmp_path, content) == expected
    whose = content.replace("cell", "whom")
    assert listed(tmp_path, whose, phone_column="whom") == expected


def test_a_number_without_its_country_says_how_to_write_it() -> None:
    with pytest.raises(NotANumber) as refused:
        e164("2125550101")
    assert "+" in refused.value.hint
    assert "region" in refused.value.hint


@pytest.mark.parametrize(
    ("text", "code"), [("US", "US"), ("nl", "NL"), ("UK", "GB"), ("Belgium", "BE")]
)
def test_a_region_is_named_as_people_name_countries(text: str, code: str) -> None:
    assert region_code(text) == code


@pytest.mark.parametrize("text", ["XX", "Atlantis", "", "AQ"])
def test_what_is_no_region_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="no country"):
        region_code(text)
