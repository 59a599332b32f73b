"""Read a list of leads from CSV or XLSX: rows of text, with the columns people use.

CSV: UTF-8 (with or without a byte-order mark) or Windows-1252, separated by comma,
semicolon or tab. XLSX: the first sheet. Every cell is text; nothing is guessed.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from campanile.errors import Invalid, NotFound

PHONE_COLUMNS = ("phone_number", "phone", "telephone", "mobile", "number", "tel")
_SNIFFED_BYTES = 64 * 1024


class UnreadableList(Invalid):
    """The file is no list of leads."""


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    """as a spreadsheet counts: the header is 1, the first lead 2"""
    phone: str
    variables: dict[str, str]


def read_rows(path: Path, *, phone_column: str | None = None) -> Iterator[Row]:
    """Yield every row that is not wholly empty. Raises UnreadableList, NotFound."""
    if not path.is_file():
        raise NotFound(f"there is no file {path}")
    cells = _excel(path) if path.suffix.lower() in (".xlsx", ".xls") else _csv(path)
    header = [_column_name(cell) for cell in next(cells, [])]
    phone = _phone_index(header, phone_column, path)
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
        yield Row(
            line,
            texts[phone],
            {
                name: text
                for i, (name, text) in enumerate(zip(header, texts, strict=True))
                if i != phone and name
            },
        )


def _column_name(cell: str) -> str:
    return "_".join(cell.strip().lower().split())


def _phone_index(header: list[str], wanted: str | None, path: Path) -> int:
    names = (_column_name(wanted),) if wanted else PHONE_COLUMNS
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
        yield [str(value) for value in values]
