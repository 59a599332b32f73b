"""Hours per weekday, as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campanile.campaigns.weekly import checked_weekly, parse_weekly
from campanile.compliance.hours import DAYS

NINE_TO_FIVE = ["09:00", "17:00"]


def closed_but(**open_days: list[str]) -> dict[str, list[str] | None]:
    return {day: open_days.get(day) for day in DAYS}


def test_days_that_are_not_named_are_closed() -> None:
    week = parse_weekly("mon-fri 09:00-17:00, sat 10:00-14:00")
    assert week == {
        **dict.fromkeys(DAYS[:5], NINE_TO_FIVE),
        "saturday": ["10:00", "14:00"],
        "sunday": None,
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Monday 9-17", closed_but(monday=NINE_TO_FIVE)),
        ("tue 22:00-02:00", closed_but(tuesday=["22:00", "02:00"])),
        (
            "sun-mon 9:00 - 17:00",
            closed_but(sunday=NINE_TO_FIVE, monday=NINE_TO_FIVE),
        ),
        ("daily 9-17", dict.fromkeys(DAYS, NINE_TO_FIVE)),
        ("sun closed, mon 9-17", closed_but(monday=NINE_TO_FIVE)),
        ("mon 00:00-23:59", closed_but(monday=["00:00", "23:59"])),
    ],
)
def test_other_ways_to_write_them(
    text: str, expected: dict[str, list[str] | None]
) -> None:
    assert parse_weekly(text) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "leaves no hour of the week open"),
        ("sun closed", "leaves no hour of the week open"),
        ("mon", "is not as mon-fri"),
        ("t 9-17", "'t' is no day of the week"),
        ("moonday 9-17", "'moonday' is no day of the week"),
        ("mon 9-17, monday 10-12", "monday is named twice"),
        ("mon 9-9", "starts when it ends"),
        ("mon 00:00-24:00", "midnight is 00:00"),
        ("mon 9-25", "'25' is no time of day"),
        ("mon 9:60-12", "'9:60' is no time of day"),
        ("mon nine to five", "'nine to five' is no span of hours"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse_weekly(text)


def test_what_the_api_sends_is_checked_alike() -> None:
    assert checked_weekly({"Mon": ["9:00", "17:00:00"], "sunday": None}) == {
        "monday": NINE_TO_FIVE,
        "sunday": None,
    }
    assert checked_weekly(None) is None
    for bad in (
        {"funday": None},
        {"monday": ["09:00"]},
        {"monday": ["09:00", "09:00"]},
        {"monday": NINE_TO_FIVE, "mon": None},
        {"monday": ["nine", "five"]},
    ):
        with pytest.raises(ValueError, match=r"\w"):
            checked_weekly(bad)


@given(
    st.dictionaries(
        st.sampled_from(DAYS),
        st.tuples(st.times(), st.times()).filter(
            lambda span: f"{span[0]:%H:%M}" != f"{span[1]:%H:%M}"
        ),
        min_size=1,
    )
)
def test_what_is_written_reads_as_it_was_kept(week: dict[str, tuple]) -> None:  # type: ignore[type-arg]
    text = ", ".join(f"{day} {a:%H:%M}-{b:%H:%M}" for day, (a, b) in week.items())
    read = parse_weekly(text)
    assert read == checked_weekly(read)
    assert {day for day, span in read.items() if span} == set(week)
