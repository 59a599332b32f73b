"""The spreadsheet of results: `Leads`, `Attempts`, `Summary`; and the leads as CSV.

XlsxWriter in constant memory writes row by row. Text from callees or lists is written as
text, never as a formula or a link, whatever it begins with.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from sqlmodel import Session
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from campanile.campaigns.models import Campaign
from campanile.results.rows import (
    ResultRow,
    analysis_fields,
    attempt_rows,
    lead_columns,
    lead_rows,
)
from campanile.results.summary import summary_frame

_WIDTHS = {"summary": 60, "reason": 32, "phone_number": 16, "recording": 42}
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class _Looks:
    heading: Format
    cell: Format
    truth: Format


def write_results(session: Session, campaign: Campaign, folder: Path) -> list[Path]:
    """Write `results.xlsx` and `results.csv` into `folder`; answer their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    fields = analysis_fields(session, campaign)
    columns = lead_columns(session, campaign)
    book_path, csv_path = folder / "results.xlsx", folder / "results.csv"
    leads = list(lead_rows(session, campaign, fields, columns))
    attempts = list(attempt_rows(session, campaign))
    _write_csv(csv_path, leads)
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "default_date_format": "yyyy-mm-dd hh:mm:ss",
        "remove_timezone": True,
    }
    with xlsxwriter.Workbook(str(book_path), options) as book:
        looks = _Looks(
            heading=book.add_format({"bold": True, "bottom": 1}),
            cell=book.add_format({"align": "left"}),
            # LibreOffice shows a bare boolean as 0 or 1 beside a filled cell.
            truth=book.add_format(
                {"align": "left", "num_format": '"TRUE";"TRUE";"FALSE"'}
            ),
        )
        _sheet(book.add_worksheet("Leads"), leads, looks)
        _sheet(book.add_worksheet("Attempts"), attempts, looks)
        _sheet(
            book.add_worksheet("Summary"),
            [
                {str(name): value for name, value in row.items()}
                for row in summary_frame(campaign, leads, attempts).to_dict("records")
            ],
            looks,
        )
    return [book_path, csv_path]


def _sheet(sheet: Worksheet, rows: Sequence[ResultRow], looks: _Looks) -> None:
    headings = list(rows[0]) if rows else ["nothing yet"]
    for column, heading in enumerate(headings):
        sheet.write_string(0, column, heading, looks.heading)
        sheet.set_column(column, column, _width(heading, rows), looks.cell)
    sheet.freeze_panes(1, 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)  # one page wide when printed, as long as it must be
    sheet.autofilter(0, 0, max(1, len(rows)), len(headings) - 1)
    for line, row in enumerate(rows, start=1):
        for column, value in enumerate(row.values()):
            _write(sheet, line, column, value, looks)


def _write(sheet: Worksheet, line: int, column: int, value: Any, looks: _Looks) -> None:
    if value is None or value == "":
        return
    if isinstance(value, bool):
        sheet.write_boolean(line, column, value, looks.truth)
    elif isinstance(value, int | float):
        sheet.write_number(line, column, value)
    elif isinstance(value, datetime):
        sheet.write_datetime(line, column, value)
    else:
        sheet.write_string(line, column, str(value))


def _width(heading: str, rows: Iterable[ResultRow]) -> int:
    if heading in _WIDTHS:
        return _WIDTHS[heading]
    longest = max((len(str(row.get(heading) or "")) for row in rows), default=0)
    return max(8, min(40, max(longest, len(heading)) + 2))


def _write_csv(path: Path, rows: Sequence[ResultRow]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        if not rows:
            return
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows({k: _harmless(v) for k, v in row.items()} for row in rows)


def _harmless(value: Any) -> Any:
    """A spreadsheet must not run what a callee said; numbers in E.164 stay as they are."""
    if isinstance(value, str) and value.startswith(_DANGEROUS):
        if value.startswith("+") and value[1:].isdigit():
            return value
        return f"'{value}"
    return value
