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
from itertools import chain
from pathlib import Path

import phonenumbers
from phonenumbers import SUPPORTED_REGIONS, PhoneMetadata, PhoneNumberFormat

from campanile.errors import Invalid
from campanile.leads.columns import country_code
from campanile.leads.lists import (
    PHONE_COLUMNS,
    UnreadableList,
    column_name,
    phone_index,
    read_cells,
)
from campanile.numbers.phones import NotANumber, without_fraction

HINT = "write numbers with + and the country code, or name their region, as US"

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
    that names the numbers; without any, only where no other column may be theirs.
    Raises Invalid for a region that there is not, UnreadableList, NotFound."""
    if default_region is not None:
        default_region = region_code(default_region)
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
    text = without_fraction(text)
    bare = text.translate(_ORNAMENTS)
    match = _INTERNATIONAL.fullmatch(bare)
    if match and _is_canonical(match[1]):
        return bare
    if default_region is not None and _calling_code(default_region) == 1:
        local = _NORTH_AMERICAN.fullmatch(bare)
        if local:
            return f"+1{local[1]}"
    return _parse(text, default_region)


def region_code(text: str) -> str:
    """The ISO 3166 code of a country that numbers are written in without +. Raises
    Invalid."""
    code = text.strip().upper()
    if code not in SUPPORTED_REGIONS:  # perhaps its name
        code = country_code(text)
    if code not in SUPPORTED_REGIONS:
        raise Invalid(f"{text!r} is no country with numbers of its own")
    return code


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
        known = default_region is not None or text.lstrip().startswith("+")
        raise NotANumber(
            f"{text!r} is no phone number: {error}", hint="" if known else HINT
        ) from error
    if not phonenumbers.is_possible_number(number):
        raise NotANumber(f"{text!r} has too few or too many digits")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _column(
    path: Path, wanted: str | None
) -> tuple[int, Iterator[tuple[int, list[str]]]]:
    """Where the numbers stand, and the lines from the first number on."""
    cells = enumerate(read_cells(path), start=1)
    first = next((line for line in cells if not _is_remark(line[1], wanted)), (1, [""]))
    names = [column_name(cell) for cell in first[1]]
    if wanted is None:
        known = [name for name in dict.fromkeys(names) if name in PHONE_COLUMNS]
        if len(known) > 1:
            raise UnreadableList(
                f"{path.name} may have numbers under {' and '.join(known)}",
                hint="choose one with --phone-column, and import it again for the other: "
                f"the columns are {', '.join(filter(None, names))}",
            )
        if not known and _has_no_choice(first[1]):
            return 0, chain([first], cells)
    return phone_index(names, wanted, path), cells


def _is_remark(cells: list[str], wanted: str | None) -> bool:
    """Before the heading; which may itself begin with #, as that of a count does."""
    begin = next((cell.strip() for cell in cells if cell.strip()), "")
    headings = PHONE_COLUMNS if wanted is None else (column_name(wanted),)
    return not begin or (
        begin.startswith("#")
        and not any(column_name(cell) in headings for cell in cells)
    )


def _has_no_choice(cells: list[str]) -> bool:
    """Whether a first line without a known heading leaves no doubt: it has one cell, or
    begins with its only international number."""
    filled = [bool(cell.strip()) for cell in cells]
    if not any(filled[1:]):
        return True
    whole = [
        _INTERNATIONAL.fullmatch(cell.translate(_ORNAMENTS)) is not None
        for cell in cells
    ]
    return whole[0] and not any(whole[1:])
