"""The newest time-zone data is used, and its age is known."""

from datetime import UTC, date, datetime, timedelta

import pytest

from campanile.compliance.zones import (
    STALE_AFTER,
    UnknownZone,
    known_zones,
    same_clock,
    to_utc,
    tzdata_age,
    zone,
    zone_data,
    zone_data_date,
)


def test_the_data_in_use_is_no_older_than_what_is_installed() -> None:
    release, _ = zone_data()
    assert release >= "2026f"  # the `tzdata` package that is locked
    # British Columbia stays on summer time from 2026 on; older data does not know.
    winter = datetime(2026, 12, 15, tzinfo=UTC).astimezone(zone("America/Vancouver"))
    assert winter.utcoffset() == timedelta(hours=-7)


def test_data_of_half_a_year_ago_is_told_to_be_old() -> None:
    published = zone_data_date()
    assert published is not None
    assert date(2026, 7, 1) <= published <= date(2027, 12, 31)
    assert tzdata_age(published + timedelta(days=179)) == timedelta(days=179)
    assert tzdata_age(published + timedelta(days=181)) == STALE_AFTER + timedelta(
        days=1
    )


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "localtime"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(UnknownZone):
        zone(name)


def test_every_known_zone_can_be_read() -> None:
    assert len(known_zones()) > 500
    for name in known_zones():
        assert zone(name).key == name


def test_two_names_of_one_clock_are_known_as_such() -> None:
    assert same_clock("US/Eastern", "America/New_York")
    assert same_clock("America/Detroit", "America/New_York")
    assert not same_clock("America/Phoenix", "America/Denver")


def test_a_wall_time_that_is_skipped_or_doubled_has_two_instants() -> None:
    def hours(local: datetime) -> list[str]:
        return [f"{at:%H:%M}" for at in to_utc(local, "America/New_York")]

    assert hours(datetime(2026, 3, 8, 2, 30)) == ["06:30", "07:30"]  # noqa: DTZ001
    assert hours(datetime(2026, 11, 1, 1, 30)) == ["05:30", "06:30"]  # noqa: DTZ001
    assert hours(datetime(2026, 11, 23, 9)) == ["14:00", "14:00"]  # noqa: DTZ001
