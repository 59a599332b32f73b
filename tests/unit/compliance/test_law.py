"""The rule data: read whole, checked, dated, and the stricter one wins."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from campanile.compliance.holidays import days_of, easter_sunday
from campanile.compliance.law import (
    BadRules,
    hours_on,
    law,
    read_law,
    rules_on,
)

MONDAY, SATURDAY, SUNDAY = date(2026, 11, 23), date(2026, 11, 28), date(2026, 11, 22)
CHRISTMAS, THANKSGIVING = date(2026, 12, 25), date(2026, 11, 26)


def clock(jurisdictions: str, day: date) -> str:
    """As `8-13 14-20`, or `closed`."""
    spans = hours_on(tuple(jurisdictions.split()), day)
    return " ".join(f"{a / 60:g}-{b / 60:g}" for a, b in spans) or "closed"


@pytest.mark.parametrize(
    ("jurisdictions", "day", "hours"),
    [
        ("US", SUNDAY, "8-21"),
        ("US-TN", MONDAY, "8-21"),
        ("US-FL", SUNDAY, "8-20"),
        ("US-OK", MONDAY, "8-20"),
        ("US-CT", MONDAY, "9-20"),
        ("US-KY", MONDAY, "10-21"),
        ("US-AL", SATURDAY, "8-20"),
        ("US-AL", SUNDAY, "closed"),
        ("US-LA", SUNDAY, "closed"),
        ("US-MS", SUNDAY, "closed"),
        ("US-UT", SUNDAY, "closed"),
        ("US-RI", MONDAY, "9-18"),
        ("US-RI", SATURDAY, "10-17"),
        ("US-RI", THANKSGIVING, "closed"),
        ("US-PA", SATURDAY, "8-12"),
        ("US-TX", SUNDAY, "12-21"),
        ("US-NE", MONDAY, "8-21"),
        ("US-NE", THANKSGIVING, "13-21"),
        ("US-LA", date(2026, 2, 17), "closed"),  # Mardi Gras
        ("US-UT", date(2026, 7, 24), "closed"),  # Pioneer Day
        ("US-NY", CHRISTMAS, "8-21"),
        ("PR", SUNDAY, "8-21"),
        ("US-FL US-KY", MONDAY, "10-20"),
        ("US-AL US-NY", SUNDAY, "closed"),
        ("GB", MONDAY, "8-21"),
        ("GB", SATURDAY, "9-21"),
        ("JE", SUNDAY, "closed"),
        ("GB", date(2026, 12, 28), "closed"),  # for Boxing Day, a Saturday
        ("FR", MONDAY, "10-13 14-20"),
        ("FR", SATURDAY, "closed"),
        ("RE", date(2026, 7, 14), "closed"),
        ("ES", MONDAY, "9-21"),
        ("ES", SATURDAY, "closed"),
        ("BE", MONDAY, "9-20"),
        ("PL", CHRISTMAS, "closed"),
        ("AU-NSW", date(2026, 1, 26), "closed"),
        ("US-RI", date(2027, 5, 4), "closed"),  # its Independence Day, a Tuesday
        ("US-RI", date(2031, 5, 5), "closed"),  # for a Sunday
        ("IT", MONDAY, "9-20"),
        ("IT", SATURDAY, "10-19"),
        ("IT", date(2026, 12, 7), "10-19"),  # the day before a holiday
        ("IT", date(2026, 12, 24), "10-19"),
        ("IT", date(2026, 12, 31), "10-19"),
        ("IT", date(2026, 12, 25), "closed"),  # a holiday, and the day before one
        ("VA", date(2026, 12, 24), "10-19"),
        ("ZA", MONDAY, "8-20"),
        ("ZA", SATURDAY, "9-13"),
        ("ZA", SUNDAY, "closed"),
        ("ZA", date(2026, 9, 24), "closed"),  # Heritage Day
        ("ZA", date(2026, 8, 10), "closed"),  # for Women's Day, a Sunday
        ("CA-QC", SUNDAY, "12-17"),
        ("", MONDAY, "9-20"),
        ("", SUNDAY, "closed"),
        ("MN", SATURDAY, "10-16"),  # Mongolia, of which nothing is known
    ],
)
def test_the_hours_of_a_day_are_those_that_every_rule_allows(
    jurisdictions: str, day: date, hours: str
) -> None:
    assert clock(jurisdictions, day) == hours


def test_a_change_of_law_is_a_new_entry_from_its_day_on() -> None:
    assert clock("US-CT", date(2023, 9, 30)) == "9-21"
    assert clock("US-CT", date(2023, 10, 1)) == "9-20"
    assert clock("US-OR", date(2025, 12, 31)) == "9-21"
    assert clock("US-OR", date(2026, 1, 1)) == "9-20"
    ids = [rule.id for rule in rules_on(("US-OR",), date(2025, 12, 31))]
    assert ids == ["us.hours", "us-or.automatic"]


@pytest.mark.parametrize("state", ["FL", "OK", "MD", "OR"])
def test_three_calls_a_day_on_a_subject_in(state: str) -> None:
    [calls] = [rule.calls for rule in rules_on((f"US-{state}",), MONDAY) if rule.calls]
    assert (calls.most, calls.hours, calls.same_subject) == (3, 24, True)


def test_every_rule_names_its_source_and_the_day_it_was_looked_up() -> None:
    rules = [rule for one in law().jurisdictions.values() for rule in one.rules]
    assert len(rules) > 40
    assert law().version
    for rule in rules:
        assert len(rule.source) > 5, rule.id
        assert rule.date >= date(2026, 1, 1), rule.id


def test_no_state_is_ever_open_longer_than_federal_law() -> None:
    for code in law().jurisdictions:
        if not code.startswith("US-"):
            continue
        for n in range(366):
            for start, end in hours_on((code,), MONDAY + timedelta(days=n)):
                assert 8 * 60 <= start < end <= 21 * 60, (code, n)


@pytest.mark.parametrize(
    ("year", "kept"),
    [
        (2022, 20),  # 19 June is a Sunday: the Monday after
        (2023, 19),  # a Monday itself
        (2029, 18),  # a Tuesday: the Monday before, and so on until Friday
        (2024, 17),  # a Wednesday
        (2025, 16),  # a Thursday
        (2026, 15),  # a Friday
        (2027, 21),  # a Saturday: the Monday after
    ],
)
def test_utah_keeps_juneteenth_on_a_monday(year: int, kept: int) -> None:
    day = date(year, 6, kept)
    assert day.weekday() == 0
    assert clock("US-UT", day) == "closed"
    for other in {15, 16, 17, 18, 20, 21} - {kept}:
        around = date(year, 6, other)
        federal = days_of(law().holidays["us-federal"], year)
        if around.weekday() != 6 and around not in federal:
            assert clock("US-UT", around) == "8-21", around


def test_the_calendar_of_a_year_is_the_published_one() -> None:
    federal = days_of(law().holidays["us-federal"], 2027)
    assert sorted(f"{day:%m-%d}" for day in federal) == [
        *("01-01", "01-18", "02-15", "05-31", "06-18", "06-19", "07-04", "07-05"),
        *("09-06", "10-11", "11-11", "11-25", "12-24", "12-25", "12-31"),
    ]  # Juneteenth, Christmas and 2028's New Year fall on Saturdays
    english = {"01-01", "03-26", "03-29", "05-03", "05-31", "08-30", "12-27", "12-28"}
    british = {f"{day:%m-%d}" for day in days_of(law().holidays["gb"], 2027)}
    assert english <= british
    assert easter_sunday(2026) == date(2026, 4, 5)
    assert easter_sunday(2038) == date(2038, 4, 25)  # the latest there can be
    assert easter_sunday(2285) == date(2285, 3, 22)  # the earliest


WORLD = """
jurisdictions:
  ZZ:
    name: anywhere
    rules: [{id: default, hours: {daily: "09:00-20:00"}, source: us, date: 2026-11-22}]
"""


def written(folder: Path, **files: str) -> Path:
    parts = {"version": 'version: "1"', "holidays": "{}", "world": WORLD} | files
    for name, text in parts.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


def rule(text: str) -> str:
    return f"jurisdictions: {{AB: {{name: Somewhere, rules: [{{{text}}}]}}}}"


def test_rules_of_ones_own_are_read(tmp_path: Path) -> None:
    good = (
        'id: ab.hours, hours: {mon-fri: "10:00-12:00"}, source: ours, date: 2026-11-22'
    )
    read = read_law(written(tmp_path, ab=rule(good)))
    assert [one.id for one in read.rules("AB")] == ["ab.hours"]
    assert [one.id for one in read.rules("AB-X")] == ["ab.hours"]
    assert [one.id for one in read.rules("CD")] == ["default"]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"version": "version: ''"}, "no version"),
        ({"world": "jurisdictions: {}"}, "ZZ"),
        ({"ab": "jurisdictions: {AB: {name: x, parent: QQ}}"}, "QQ"),
        ({"ab": "jurisdictions: {ZZ: {name: x}}"}, "two files"),
        ({"ab": "jurisdictions: ["}, "ab.yaml"),
        ({"ab": "somewhere: {}"}, "jurisdictions"),
        ({"holidays": "x: [{name: A}]"}, "a holiday is"),
        ({"holidays": 'x: [{name: A, date: "02-30"}]'}, "day"),
        ({"holidays": "x: [{name: A, weekday: freitag, nth: 1, month: 1}]"}, "freitag"),
        (
            {"ab": rule("id: ab.h, hours: {daily: closed}, date: 2026-11-22")},
            "source",
        ),
        (
            {"ab": rule("id: ab.h, hours: {daily: closed}, source: x")},
            "date",
        ),
        (
            {"ab": rule('id: ab.h, hours: {daily: "21:00-08:00"}, source: x, date: 2026-11-22')},
            "does not end after it starts",
        ),
        (
            {"ab": rule('id: ab.h, hours: {daily: "8-21"}, source: x, date: 2026-11-22')},
            "08:00-21:00",
        ),
        (
            {"ab": rule("id: ab.h, hours: {someday: closed}, source: x, date: 2026-11-22")},
            "names no days",
        ),
        (
            {"ab": rule("id: ab.h, hours: {daily: closed, sun: closed}, source: x, date: 2026-11-22")},
            "given twice",
        ),
        (
            {"ab": rule("id: ab.h, holidays: {list: q, hours: closed}, source: x, date: 2026-11-22")},
            "'q'",
        ),
        (
            {"holidays": "x: []", "ab": rule("id: ab.h, holidays: {list: x, hours: closed, eves: noon}, source: x, date: 2026-11-22")},
            "'noon'",
        ),
        (
            {"ab": rule("id: ab.h, calls: {most: -1, hours: 24}, source: x, date: 2026-11-22")},
            "most",
        ),
        (
            {"ab": rule("id: ab.h, colour: red, source: x, date: 2026-11-22")},
            "colour",
        ),
    ],
)  # fmt: skip
def test_bad_rules_stop_with_the_place_and_the_reason(
    tmp_path: Path, files: dict[str, str], words: str
) -> None:
    with pytest.raises(BadRules, match=words):
        read_law(written(tmp_path, **files))
