"""Reading lists as people make them."""

from pathlib import Path

import pandas as pd
import pytest

from campanile.errors import NotFound
from campanile.leads.lists import Row, UnreadableList, read_rows

GOOD = [
    Row(2, "+12125550101", {"first_name": "Zoë", "note": "a, b"}),
    Row(4, "+12125550102", {"first_name": "Bob", "note": ""}),
]


@pytest.mark.parametrize(
    ("separator", "encoding"),
    [(",", "utf-8"), (";", "utf-8-sig"), ("\t", "utf-8"), (";", "cp1252")],
)
def test_csv_of_every_common_kind(
    tmp_path: Path, separator: str, encoding: str
) -> None:
    lines = [
        separator.join(["First Name", "Phone Number", "note"]),
        separator.join(["Zoë", "+12125550101", '"a, b"']),
        separator * 2,
        separator.join(["Bob", "+12125550102", ""]),
    ]
    file = tmp_path / "leads.csv"
    file.write_bytes("\r\n".join(lines).encode(encoding))
    assert list(read_rows(file)) == GOOD


def test_a_spreadsheet_reads_like_the_same_csv(tmp_path: Path) -> None:
    file = tmp_path / "leads.xlsx"
    pd.DataFrame(
        [["Zoë", "+12125550101", "a, b"], ["", "", ""], ["Bob", "+12125550102", ""]],
        columns=["First Name", "Phone Number", "note"],
    ).to_excel(file, index=False)
    assert list(read_rows(file)) == GOOD


def test_numbers_that_a_spreadsheet_made_of_phones_keep_their_digits(
    tmp_path: Path,
) -> None:
    file = tmp_path / "leads.xlsx"
    pd.DataFrame({"phone": [12125550101]}).to_excel(file, index=False)
    assert [row.phone for row in read_rows(file)] == ["12125550101"]


def test_the_column_of_numbers_can_be_named(tmp_path: Path) -> None:
    file = tmp_path / "leads.csv"
    file.write_text("phone,Work Line\n1,+12125550101\n")
    assert [row.phone for row in read_rows(file, phone_column="work line")] == [
        "+12125550101"
    ]


@pytest.mark.parametrize(
    "heading", ["Cell", "cell phone", "Mobile Phone", "mobile number"]
)
def test_the_column_of_numbers_has_many_names(tmp_path: Path, heading: str) -> None:
    file = tmp_path / "leads.csv"
    file.write_text(f"id,{heading}\n7,+12125550101\n")
    assert [row.phone for row in read_rows(file)] == ["+12125550101"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no column"),
        (b"name,city\nAnna,Delft\n", "no column"),
        (b"phone\n1,2,3\n", "3 cells under 1 headings"),
        (b'phone\n"+1212\n', "not good CSV"),
        (b"PK\x03\x04\x00\x00phone", "not text"),
    ],
)
def test_what_is_no_list_is_refused_with_a_reason(
    tmp_path: Path, content: bytes, says: str
) -> None:
    file = tmp_path / "leads.csv"
    file.write_bytes(content)
    with pytest.raises(UnreadableList, match=says):
        list(read_rows(file))


def test_a_broken_spreadsheet_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    broken = tmp_path / "leads.xlsx"
    broken.write_bytes(b"no zip at all")
    with pytest.raises(UnreadableList, match="not a good spreadsheet"):
        list(read_rows(broken))
    with pytest.raises(NotFound):
        list(read_rows(tmp_path / "absent.csv"))
