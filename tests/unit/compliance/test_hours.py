"""Windows at their edges: clock changes, midnights, dates, holidays."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from calling_hours import compare
from campanile.compliance.hours import (
    CampaignHours,
    Place,
    Span,
    campaign_spans,
    is_open,
    next_open,
)
from support.legal_facts import (
    ALL_DAY,
    BERLIN,
    LONDON,
    MANHATTAN,
    NEW_YORK,
    ROOM,
    utc,
)

ODD_ZONES = [
    "Africa/Cairo",  # changes at midnight
    "Africa/Casablanca",  # twice around Ramadan, and for good in 2026
    "America/Havana",
    "America/Nuuk",
    "America/Santiago",  # changes at midnight
    "America/Vancouver",  # stops changing in 2026
    "Antarctica/Troll",  # by two hours
    "Asia/Beirut",
    "Asia/Kathmandu",  # never changes, and is 45 minutes off
    "Australia/Lord_Howe",  # by half an hour
    "Europe/Dublin",  # negative daylight saving
    "Europe/London",
]


def test_a_slice_of_all_zones_has_no_second_wrong() -> None:
    """The rest by `python benchmarks/calling_hours.py`."""
    seed = 20261122
    tally = compare(ODD_ZONES, samples=40, seed=seed)
    assert (tally.zones, tally.decisions) == (len(ODD_ZONES), 40)
    assert tally.changes > 50
    assert tally.seconds > 100_000_000
    assert (tally.differences, tally.outside) == (0, 0), f"seed {seed}"


def opened(hours: CampaignHours, day: date) -> list[tuple[str, str]]:
    """The campaign's own windows that touch a UTC day, by its wall clock."""
    midnight = datetime.combine(day, time(), UTC)
    return [
        (f"{start:%d %H:%M}", f"{end:%d %H:%M}")
        for start, end in campaign_spans(hours, day)
        if start < midnight + timedelta(days=1) and end > midnight
    ]


@pytest.mark.parametrize(
    ("zone", "day", "span", "spans"),
    [
        # New York, 8 March 2026: 02:00 to 03:00 is skipped, at 07:00 UTC.
        (NEW_YORK, date(2026, 3, 8), ("02:15", "02:45"), []),
        (NEW_YORK, date(2026, 3, 8), ("02:30", "05:00"), [("08 07:30", "08 09:00")]),
        (NEW_YORK, date(2026, 3, 8), ("01:00", "02:30"), [("08 06:00", "08 06:30")]),
        # 1 November 2026: 01:00 to 02:00 comes twice, from 05:00 and from 06:00 UTC.
        (NEW_YORK, date(2026, 11, 1), ("01:15", "01:45"), []),
        (NEW_YORK, date(2026, 11, 1), ("01:30", "05:00"), [("01 06:30", "01 10:00")]),
        (NEW_YORK, date(2026, 11, 1), ("00:30", "01:30"), [("01 04:30", "01 05:30")]),
        # Lord Howe, 4 October 2026: 02:00 to 02:30 is skipped, at 15:30 UTC the day before.
        (
            "Australia/Lord_Howe",
            date(2026, 10, 3),
            ("02:15", "09:00"),
            [("03 15:45", "03 22:00")],
        ),
        # Cairo, 24 April 2026: midnight itself is skipped; a window across it is whole.
        (
            "Africa/Cairo",
            date(2026, 4, 23),
            ("22:00", "02:00"),
            [("23 20:00", "23 23:00")],
        ),
        # Across midnight, an ordinary day.
        (LONDON, date(2026, 11, 23), ("22:00", "06:00"), [("22 22:00", "23 06:00"), ("23 22:00", "24 06:00")]),
        (LONDON, date(2026, 11, 23), ("00:00", "00:00"), [("21 00:00", "26 00:00")]),
    ],
)  # fmt: skip
def test_an_edge_the_clocks_skip_or_double_takes_the_narrower_reading(
    zone: str, day: date, span: tuple[str, str], spans: list[tuple[str, str]]
) -> None:
    hours = CampaignHours.daily(zone, *map(time.fromisoformat, span))
    assert opened(hours, day) == spans


def test_every_weekday_may_have_hours_of_its_own() -> None:
    hours = CampaignHours.daily(
        BERLIN,
        time(9),
        time(17),
        weekly={"monday": None, "tuesday": ["18:00", "01:00"]},
    )
    assert hours.days[0] is None
    assert hours.days[1] == Span(time(18), time(1))
    assert opened(hours, date(2026, 11, 23)) == []  # Monday
    assert opened(hours, date(2026, 11, 24)) == [("24 17:00", "25 00:00")]


def test_the_first_and_last_day_bound_when_a_window_begins() -> None:
    night = CampaignHours.daily(
        LONDON,
        time(22),
        time(6),
        first_day=date(2028, 2, 29),
        last_day=date(2028, 2, 29),
    )
    assert opened(night, date(2028, 2, 29)) == [("29 22:00", "01 06:00")]
    assert opened(night, date(2028, 3, 2)) == []
    # Ten in the evening there is five in the afternoon in New York.
    opens = next_open(night, MANHATTAN, utc(23), room=ROOM)
    assert opens == utc(29, 22, month=2, year=2028)


def test_a_campaign_that_ends_before_it_starts_never_opens() -> None:
    hours = CampaignHours.daily(
        NEW_YORK,
        time(9),
        time(17),
        first_day=date(2026, 12, 2),
        last_day=date(2026, 12, 1),
    )
    assert next_open(hours, MANHATTAN, utc(23), room=ROOM) is None


def test_a_start_date_years_ahead_is_found() -> None:
    hours = CampaignHours.daily(
        NEW_YORK, time(9), time(17), first_day=date(2032, 2, 29)
    )
    opens = next_open(hours, MANHATTAN, utc(23), room=ROOM)
    assert opens == utc(29, 14, month=2, year=2032)


def test_an_invite_leaves_early_enough_to_ring_out() -> None:
    """Nine in the evening in New York is two in the morning, UTC."""
    assert is_open(ALL_DAY, MANHATTAN, utc(24, 1, 59, 25), room=ROOM)
    assert not is_open(ALL_DAY, MANHATTAN, utc(24, 1, 59, 26), room=ROOM)


def test_a_window_shorter_than_a_call_can_ring_never_opens() -> None:
    hours = CampaignHours.daily(NEW_YORK, time(9), time(9, 0, 34))
    assert next_open(hours, MANHATTAN, utc(23), room=ROOM) is None
    second_more = CampaignHours.daily(NEW_YORK, time(9), time(9, 0, 35))
    assert next_open(second_more, MANHATTAN, utc(23), room=ROOM) == utc(23, 14)


def test_sundays_and_a_cluster_of_holidays_are_waited_out() -> None:
    """The United Kingdom, from Christmas 2026 (a Friday) to the Tuesday after Boxing Day."""
    place = Place((LONDON,), ("GB",))
    eve = utc(24, 21, month=12)
    assert next_open(ALL_DAY, place, eve, room=ROOM) == utc(29, 8, month=12)


def test_windows_that_meet_in_one_season_only_are_found() -> None:
    """Nine to half past in London is 20:00 in Auckland in July and 22:00 in January."""
    hours = CampaignHours.daily(LONDON, time(8, 30), time(9, 30))
    place = Place(("Pacific/Auckland",), ("US-NY",))
    opens = next_open(hours, place, utc(23), room=ROOM)
    assert opens is not None
    assert opens.month in (3, 4)
    assert is_open(hours, place, opens, room=ROOM)


def test_nobody_is_rung_where_no_zone_is_known() -> None:
    assert not is_open(ALL_DAY, Place((), ("US-NY",)), utc(23, 17), room=ROOM)
    assert next_open(ALL_DAY, Place(()), utc(23, 17), room=ROOM) is None


def test_an_instant_may_be_told_by_any_clock() -> None:
    noon = utc(23, 17)
    berlin = noon.astimezone(tz=None)
    assert is_open(ALL_DAY, MANHATTAN, noon, room=ROOM)
    assert is_open(ALL_DAY, MANHATTAN, berlin, room=ROOM)
    assert next_open(ALL_DAY, MANHATTAN, berlin, room=ROOM) == noon
