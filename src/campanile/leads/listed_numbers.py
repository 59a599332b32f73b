"""Phone numbers of a suppression list, read fast: a million in some seconds.

A full parse takes 30 µs. For a number in international form libphonenumber changes
nothing but a national prefix that was left in; where its own pattern finds none, the
digits are E.164 already. Validity is not asked: to suppress a number that cannot exist
harms nobody, to refuse one may.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberFormat

from campanile.leads.lists import PHONE_COLUMNS, column_name, read_cells
from campanile.numbers.phones import NotANumber

_INTERNATIONAL = re.compile(r"\+([1-9]\d{6,14})")
_ORNAMENTS = str.maketrans("", "", " \u00a0()-./\t")
_NORTH_AMERICAN = re.compile(r"1?([2-9]\d{2}[2-9]\d{6})")


@dataclass(frozen=True, slots=True)
class ListedNumber:
    line: int
    phone_number: str | None
    """E.164; None: it is no number"""
    reason: str = ""
    """why not"""


def read_numbers(
    path: Path, *, default_region: str | None = None, phone_column: str | None = None
) -> Iterator[ListedNumber]:
    """Every number of a file: plain text with one a line, CSV or XLSX with a heading
    that names the numbers, or without any and the numbers in the first column."""
    index, lines = _column(path, phone_column)
    for line, text in lines:
        cell = text[index].strip() if index < len(text) else ""
        if not cell or cell.startswith("#"):
            continue
        try:
            yield ListedNumber(line, e164(cell, default_region))
        except NotANumber as error:
            yield ListedNumber(line, None, error.message)


def e164(text: str, default_region: str | None = None) -> str:
    """The number in E.164. Raises NotANumber."""
    bare = text.translate(_ORNAMENTS)
    match = _INTERNATIONAL.fullmatch(bare)
    if match and _is_canonical(match[1]):
        return bare
    if default_region is not None and _calling_code(default_region) == 1:
        local = _NORTH_AMERICAN.fullmatch(bare)
        if local:
            return f"+1{local[1]}"
    return _parse(text, default_region)


def _is_canonical(digits: str) -> bool:
    """Whether libphonenumber would leave these digits (with country code) alone."""
    for length in (1, 2, 3):
        found = _national_form(digits[:length])
        if found is not None:
            lengths, prefix = found
            national = digits[length:]
            return len(national) in lengths and not (prefix and prefix.match(national))
    return False


@cache
def _national_form(code: str) -> tuple[frozenset[int], re.Pattern[str] | None] | None:
    """Lengths of a country's national numbers, and the prefix that is dropped."""
    region = phonenumbers.region_code_for_country_code(int(code))
    metadata = PhoneMetadata.metadata_for_region(region)
    if metadata is None or metadata.general_desc is None:
        return None
    prefix = metadata.national_prefix_for_parsing
    lengths = frozenset(n for n in metadata.general_desc.possible_length if n > 0)
    return lengths, re.compile(prefix) if prefix else None


@cache
def _calling_code(region: str) -> int:
    return phonenumbers.country_code_for_region(region.upper())


def _parse(text: str, default_region: str | None) -> str:
    try:
        number = phonenumbers.parse(text, default_region)
    except phonenumbers.NumberParseException as error:
        raise NotANumber(f"{text!r} is no phone number: {error}") from error
    if not phonenumbers.is_possible_number(number):
        raise NotANumber(f"{text!r} has too few or too many digits")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _column(
    path: Path, wanted: str | None
) -> tuple[int, Iterator[tuple[int, list[str]]]]:
    """Where the numbers stand, and the lines from the first number on."""
    cells = enumerate(read_cells(path), start=1)
    first = next(cells, (1, [""]))
    names = [column_name(cell) for cell in first[1]]
    for name in (column_name(wanted),) if wanted else PHONE_COLUMNS:
        if name in names:
            return names.index(name), cells
    return 0, _again(first, cells)


def _again(
    first: tuple[int, list[str]], rest: Iterator[tuple[int, list[str]]]
) -> Iterator[tuple[int, list[str]]]:
    yield first
    yield from rest
