"""The judge's hours, agreements and caps."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from chaos.judge import law, lawful

from support.judged_evidence import (
    ALABAMIAN,
    NEW_YORKER,
    ONE,
    OTHER,
    STRANGE,
    TEXAN,
    Log,
    evidence,
    world,
)

HOUR = 3600.0
SUNDAY = 4 * 24 * HOUR


@pytest.mark.parametrize(
    ("number", "after_noon", "red"),
    [
        (NEW_YORKER, 0, False),
        (NEW_YORKER, -4 * HOUR, False),  # eight sharp
        (NEW_YORKER, -4 * HOUR - 1, True),
        (NEW_YORKER, 9 * HOUR - 10.1, False),  # rings for 5 s, and 5 s to spare
        (NEW_YORKER, 9 * HOUR - 9.9, True),
        (ALABAMIAN, 9 * HOUR - 10.1, False),  # an hour west, but closes at eight
        (ALABAMIAN, 9 * HOUR, True),
        (TEXAN, 9 * HOUR, False),
        (ALABAMIAN, SUNDAY, True),
        (TEXAN, SUNDAY, True),  # eleven in Texas; Sunday begins at noon
        (TEXAN, SUNDAY + HOUR, False),
        (NEW_YORKER, SUNDAY, False),
    ],
)
def test_hours_are_those_of_the_callee(
    number: str, after_noon: float, red: bool
) -> None:
    log = Log()
    log.leg(number, after_noon, after_noon + 1)

    assert bool(lawful.out_of_hours(evidence(log)).red) is red


@pytest.mark.parametrize(
    ("start", "end", "red"),
    [
        ("09:00", "17:00", False),
        ("12:00", "12:01", False),
        ("13:00", "17:00", True),
        ("11:00", "12:00:09", True),
        ("20:00", "13:00", False),
    ],
)
def test_the_campaigns_own_window_holds_too(start: str, end: str, red: bool) -> None:
    log = Log()
    log.leg(NEW_YORKER, 0, 1)
    agreed = world(start=start, end=end)

    assert bool(lawful.out_of_hours(evidence(log, world_=agreed)).red) is red


@pytest.mark.parametrize(
    ("jurisdiction", "zone", "legal", "unlawful"),
    [
        ("US-RI", "America/New_York", "2027-05-04T12:00", True),
        ("US-RI", "America/New_York", "2027-05-05T12:00", False),
        ("US-UT", "America/Denver", "2027-06-21T12:00", True),
        ("US-UT", "America/Denver", "2026-06-15T12:00", True),
        ("US-UT", "America/Denver", "2026-06-16T12:00", False),
        ("IT", "Europe/Rome", "2026-12-07T09:30", True),  # the day before a holiday
        ("IT", "Europe/Rome", "2026-12-07T10:00", False),
        ("IT", "Europe/Rome", "2026-12-24T19:00", True),
        ("IT", "Europe/Rome", "2026-12-25T12:00", True),
        ("IT", "Europe/Rome", "2026-12-22T19:30", False),
        ("ZA", "Africa/Johannesburg", "2026-12-05T13:00", True),  # a Saturday
        ("ZA", "Africa/Johannesburg", "2026-12-16T12:00", True),
    ],
)
def test_holidays_of_ones_own_and_the_days_before_them_are_known(
    jurisdiction: str, zone: str, legal: str, unlawful: bool
) -> None:
    moment = datetime.fromisoformat(legal).replace(tzinfo=ZoneInfo(zone)).timestamp()
    found = law.unlawful(moment, 10.0, zones=[zone], jurisdictions=[jurisdiction])
    assert (found is not None) is unlawful


def test_every_zone_a_number_may_be_in_has_to_be_open() -> None:
    agreed = world()
    agreed["leads"][0]["zones"] = ["America/New_York", "Pacific/Honolulu"]
    log = Log()
    log.leg(NEW_YORKER, 0, 1)

    [red] = lawful.out_of_hours(evidence(log, world_=agreed)).red
    assert "Pacific/Honolulu" in red


def test_missing_consent_a_foreign_region_and_strangers_are_seen() -> None:
    log = Log()
    log.leg(NEW_YORKER, 0, 1)

    without = lawful.against_agreement(
        evidence(log, world_=world(consent_required=True))
    )
    abroad = lawful.against_agreement(evidence(log, world_=world(regions=["GB"])))
    fine = lawful.against_agreement(evidence(log, world_=world(regions=["US"])))

    assert "no consent" in without.red[0]
    assert "not in the regions" in abroad.red[0]
    assert fine.red == []


def test_a_leads_own_dates_hold() -> None:
    agreed = world()
    agreed["leads"][0]["not_before"] = "2026-11-18T12:00:05-05:00"
    log = Log()
    log.leg(NEW_YORKER, 4, 5)
    log.leg(NEW_YORKER, 6, 7)

    assert len(lawful.against_agreement(evidence(log, world_=agreed)).red) == 1


@pytest.mark.parametrize("cap", ["per_24h", "per_day", "per_week", "lifetime"])
def test_caps_count_every_campaign_of_the_tree(cap: str) -> None:
    agreed = world(caps={cap: 2})
    log = Log()
    log.leg(NEW_YORKER, 0, 1, caller=OTHER)
    log.leg(NEW_YORKER, 100, 101, caller=STRANGE)
    log.leg(NEW_YORKER, 200, 201)
    assert lawful.over_caps(evidence(log, world_=agreed)).red == []

    log.leg(NEW_YORKER, 300, 301)

    assert len(lawful.over_caps(evidence(log, world_=agreed)).red) == 1


def test_caps_end_with_their_time() -> None:
    log = Log()
    for day in range(3):
        log.leg(NEW_YORKER, day * 24 * HOUR, day * 24 * HOUR + 1)

    by_day = evidence(log, world_=world(caps={"per_24h": 1, "per_day": 1}))
    by_week = evidence(log, world_=world(caps={"per_week": 2}))

    assert lawful.over_caps(by_day).red == []
    assert len(lawful.over_caps(by_week).red) == 1


def test_an_organisations_cap_is_its_trees() -> None:
    agreed = world()
    agreed["organizations"][0]["caps"] = {"per_24h": 1}
    log = Log()
    log.leg(NEW_YORKER, 0, 1, caller=ONE)
    log.leg(NEW_YORKER, 100, 101, caller=OTHER)
    log.leg(NEW_YORKER, 200, 201, caller=STRANGE)

    assert len(lawful.over_caps(evidence(log, world_=agreed)).red) == 1


def test_what_the_trunk_refused_is_not_charged() -> None:
    log = Log()
    for n in range(4):
        log.leg(NEW_YORKER, n * 400, n * 400 + 1, code=503)
    for n in range(3):
        log.leg(NEW_YORKER, 2000 + n * 20, 2001 + n * 20, code=486)
    assert lawful.over_attempts(evidence(log)).red == []

    log.leg(NEW_YORKER, 3000, 3001, code=486)

    assert len(lawful.over_attempts(evidence(log)).red) == 1


@pytest.mark.parametrize(("talked", "red"), [(59.0, False), (61.0, True)])
def test_a_campaigns_minutes_are_counted_from_answer_to_end(
    talked: float, red: bool
) -> None:
    log = Log()
    log.leg(NEW_YORKER, 0, 3 + talked / 2, ringing=1, answer=3)
    log.leg(TEXAN, 0, 4 + talked / 2, ringing=1, answer=4)
    log.leg(TEXAN, 100, 900, answer=101, caller=OTHER)  # has no budget

    found = evidence(log, world_=world(max_minutes=1))

    assert bool(lawful.over_minutes(found).red) is red


def test_minutes_that_a_restored_database_forgot_are_not_held_against_it() -> None:
    log = Log()
    log.leg(NEW_YORKER, 0, 90, answer=3)
    put_back = {"t": 50, "event": "restore", "target": "postgres", "backup": 1}

    found = evidence(log, world_=world(max_minutes=1), history=[put_back])

    assert lawful.over_minutes(found).red == []
