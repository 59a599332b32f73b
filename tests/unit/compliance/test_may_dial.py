"""The legal decision: every refusal has a reason and, where it can, an instant."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campanile.compliance.hours import CampaignHours, Place, is_open, next_open
from campanile.compliance.may_dial import (
    SPARE,
    Allowed,
    Facts,
    Refused,
    may_dial,
)

NEW_YORK, LOS_ANGELES, LONDON = (
    "America/New_York",
    "America/Los_Angeles",
    "Europe/London",
)
ALL_DAY = CampaignHours.daily(NEW_YORK, time(0), time(0))


def facts(**changes: object) -> Facts:
    base = Facts(
        phone_number="+12125550101",
        kind="fixed_line_or_mobile",
        place=Place((NEW_YORK,)),
        hours=ALL_DAY,
        campaign_runs=True,
        attempts=0,
        max_attempts=3,
        ring_timeout=timedelta(seconds=30),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def utc(
    day: int, hour: int, minute: int = 0, second: int = 0, month: int = 11
) -> datetime:
    return datetime(2026, month, day, hour, minute, second, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "allowed"),
    [
        (utc(23, 12, 59, 59), False),  # 07:59:59 in New York
        (utc(23, 13), True),  # 08:00 sharp
        (utc(24, 1, 59, 24), True),  # 20:59:24, ring time-out and spare fit in
        (utc(24, 1, 59, 26), False),  # 20:59:26, it would ring past nine
        (utc(24, 2), False),
    ],
)
def test_a_number_is_rung_from_eight_to_nine_by_its_own_clock(
    at: datetime, allowed: bool
) -> None:
    assert isinstance(may_dial(facts(), at), Allowed) is allowed


def test_every_zone_a_number_may_be_in_must_be_open() -> None:
    both = facts(place=Place((LOS_ANGELES, NEW_YORK)))
    refused = may_dial(both, utc(23, 14))  # nine in New York, six in Los Angeles
    assert refused == Refused("window.closed", "outside calling hours", utc(23, 16))
    assert isinstance(may_dial(both, utc(23, 16)), Allowed)


def test_the_campaigns_own_window_narrows_the_lawful_one() -> None:
    office = facts(hours=CampaignHours.daily(LONDON, time(9), time(17)))
    assert may_dial(office, utc(23, 17, 30)) == Refused(
        "window.closed", "outside calling hours", utc(24, 13)
    )  # London closed; next day London is open at 9, New York from 8 = 13:00 UTC


def test_windows_that_never_meet_are_refused_for_ever() -> None:
    auckland = facts(
        place=Place(("Pacific/Auckland",)),
        hours=CampaignHours.daily(LONDON, time(12), time(13)),
    )
    refused = may_dial(auckland, utc(23, 12, 30))
    assert refused == Refused(
        "window.never", "its calling hours and the campaign's never meet", None
    )


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"suppressed": "asked"}, "number.suppressed"),
        ({"attempts": 3}, "attempts.used"),
        ({"place": Place(())}, "zone.unknown"),
    ],
)
def test_what_can_never_be_dialed_names_no_instant(
    changes: dict[str, object], rule: str
) -> None:
    refused = may_dial(facts(**changes), utc(23, 15))
    assert isinstance(refused, Refused)
    assert (refused.rule, refused.until) == (rule, None)


def test_a_quarantined_number_rests_until_no_leg_can_be_left() -> None:
    until = utc(23, 15, 1)
    resting = facts(quarantined_until=until)
    assert may_dial(resting, utc(23, 15)) == Refused(
        "number.quarantine", "an earlier call to the number may still be up", until
    )
    assert isinstance(may_dial(resting, until), Allowed)


def test_the_night_the_clocks_go_back_still_opens_at_eight() -> None:
    # 1 November 2026, New York: 02:00 EDT becomes 01:00 EST, so eight is 13:00 UTC.
    closed = may_dial(facts(), utc(1, 5))
    assert closed == Refused("window.closed", "outside calling hours", utc(1, 13))


@given(
    at=st.datetimes(
        min_value=datetime(2026, 1, 1),  # noqa: DTZ001  made aware below
        max_value=datetime(2026, 12, 31),  # noqa: DTZ001
    ),
    zones=st.sets(
        st.sampled_from([NEW_YORK, LOS_ANGELES, LONDON, "Australia/Lord_Howe", "UTC"]),
        min_size=1,
    ),
)
def test_the_instant_it_names_is_open_and_none_before_it_is(
    at: datetime, zones: set[str]
) -> None:
    where = ALL_DAY, Place(tuple(sorted(zones)))
    room = timedelta(seconds=30) + SPARE
    now = at.replace(tzinfo=UTC)
    opens = next_open(*where, now, room=room)
    if opens is None:
        return
    assert is_open(*where, opens, room=room)
    probe = now
    while probe < opens:
        assert not is_open(*where, probe, room=room)
        probe += timedelta(minutes=17)
