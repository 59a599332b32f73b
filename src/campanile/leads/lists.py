"""Read a list of leads from CSV or XLSX: rows of text, with the columns people use.

CSV: UTF-8 (with or without a byte-order mark) or Windows-1252, separated by comma,
semicolon or tab. XLSX: the first sheet. Every cell is text; nothing is guessed.
"""

import csv
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from campanile.errors import Invalid, NotFound
from campanile.leads.columns import said_by

PHONE_COLUMNS = (
    *("phone_number", "phone", "telephone", "mobile", "cell", "telephone_number"),
    *("mobile_phone", "mobile_number", "cell_phone", "cellphone", "cell_number"),
    *("telefoonnummer", "telefoon", "mobiel", "number", "tel"),
)
"""Headings of the numbers, as `column_name` writes them; the first found counts."""
_SNIFFED_BYTES = 64 * 1024


class UnreadableList(Invalid):
    """The file is no list of leads."""


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    """as a spreadsheet counts: the header is 1, the first lead 2"""
    phone: str
    variables: dict[str, str]
    said: Mapping[str, str] = field(default_factory=dict)
    """the cells with a meaning of their own (`columns.HEADINGS`), by field"""


def read_rows(
    path: Path,
    *,
    phone_column: str | None = None,
    only_variables: Collection[str] = (),
) -> Iterator[Row]:
    """Yield every row that is not wholly empty. Raises UnreadableList, NotFound.

    `only_variables`: headings that mean nothing here, though they are reserved ones.
    """
    cells = read_cells(path)
    header = [column_name(cell) for cell in next(cells, [])]
    phone = phone_index(header, phone_column, path)
    plain = {column_name(heading) for heading in only_variables}
    for line, values in enumerate(cells, start=2):
        texts = [value.strip() for value in values]
        if not any(texts):
            continue
        if len(texts) > len(header):
            raise UnreadableList(
                f"{path.name}, row {line}: {len(texts)} cells under {len(header)} headings",
                hint="put quotation marks around cells that contain the separator",
            )
        texts += [""] * (len(header) - len(texts))
        variables = {
            name: text
            for i, (name, text) in enumerate(zip(header, texts, strict=True))
            if i != phone and name
        }
        reserved = {name: variables[name] for name in variables.keys() - plain}
        yield Row(line, texts[phone], variables, said_by(reserved))


def read_cells(path: Path) -> Iterator[list[str]]:
    """The lines of a CSV file or of a spreadsheet's first sheet, header included."""
    if not path.is_file():
        raise NotFound(f"there is no file {path}")
    return _excel(path) if path.suffix.lower() in (".xlsx", ".xls") else _csv(path)


def column_name(cell: str) -> str:
    return "_".join(cell.strip().lower().split())


def phone_index(header: list[str], wanted: str | None, path: Path) -> int:
    """Which column has the numbers. Raises UnreadableList, with the columns there are."""
    names = (column_name(wanted),) if wanted else PHONE_COLUMNS
    for name in names:
        if name in header:
            return header.index(name)
    raise UnreadableList(
        f"{path.name} has no column {' or '.join(names)}",
        hint=f"it has: {', '.join(filter(None, header)) or 'no headings'}; "
        "choose one with --phone-column",
    )


def _csv(path: Path) -> Iterator[list[str]]:
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        head = file.readline()
        file.seek(0)
        separator = max(",;\t", key=head.count)
        try:
            yield from csv.reader(file, delimiter=separator, strict=True)
        except csv.Error as error:
            raise UnreadableList(f"{path.name} is not good CSV: {error}") from error


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        sample = file.read(_SNIFFED_BYTES)
    if b"\0" in sample:
        raise UnreadableList(
            f"{path.name} is not text", hint="save it as CSV (UTF-8) or as .xlsx"
        )
    try:
        sample.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # A character cut at the sample's end is no proof of another encoding.
        if error.start < len(sample) - 4:
            return "cp1252"
    return "utf-8-sig"


def _excel(path: Path) -> Iterator[list[str]]:
    import pandas as pd  # noqa: PLC0415  half a second that CSV need not wait for
    from python_calamine import CalamineError  # noqa: PLC0415

    try:
        frame = pd.read_excel(
            path, header=None, dtype=str, keep_default_na=False, engine="calamine"
        )
    except CalamineError as error:
        raise UnreadableList(
            f"{path.name} is not a good spreadsheet: {error}"
        ) from error
    for values in frame.itertuples(index=False):
        # A spreadsheet keeps a date as its midnight.
        yield [str(value).removesuffix(" 00:00:00") for value in values]
