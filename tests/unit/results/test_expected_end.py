"""When a campaign will be through, on paper."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campanile.results.expected_end import HORIZON_DAYS, Crowd, Pace, expected_end

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAY = timedelta(days=1)
ALWAYS = ((START - DAY, START + (HORIZON_DAYS + 1) * DAY),)
NINE_TO_FIVE = tuple(
    (START + n * DAY, START + n * DAY + timedelta(hours=8)) for n in range(HORIZON_DAYS)
)
ONE_A_SECOND = Pace(
    attempts_per_second=1,
    settled=1.0,
    retry_delay=timedelta(hours=1),
    seconds_per_attempt=30,
)


def minutes_after_start(end: datetime | None) -> float:
    assert end is not None
    return (end - START).total_seconds() / 60


def test_a_small_list_takes_as_long_as_its_calls() -> None:
    outcome = expected_end([Crowd(600, ALWAYS, tries=3)], ONE_A_SECOND, START)
    assert minutes_after_start(outcome.end) == pytest.approx(10)
    assert (outcome.left, outcome.attempts) == (0, 600)


def test_what_is_not_done_by_evening_goes_on_in_the_morning() -> None:
    crowd = Crowd(8 * 3600 + 1800, NINE_TO_FIVE, tries=3)
    outcome = expected_end([crowd], ONE_A_SECOND, START)
    assert minutes_after_start(outcome.end) == pytest.approx(24 * 60 + 30, abs=1)


def test_who_is_not_reached_is_tried_again_after_the_delay() -> None:
    pace = replace(ONE_A_SECOND, settled=0.5)
    outcome = expected_end([Crowd(600, ALWAYS, tries=3)], pace, START)
    assert outcome.attempts == 600 + 300 + 150
    assert 120 <= minutes_after_start(outcome.end) <= 150


def test_two_zones_share_the_pace_only_while_both_are_open() -> None:
    late = tuple((a + timedelta(hours=4), b) for a, b in NINE_TO_FIVE)
    crowds = [Crowd(7200, NINE_TO_FIVE, tries=1), Crowd(7200, late, tries=1)]
    outcome = expected_end(crowds, ONE_A_SECOND, START)
    assert minutes_after_start(outcome.end) == pytest.approx(6 * 60, abs=1)


def test_a_budget_of_the_day_stretches_it_over_days() -> None:
    pace = replace(ONE_A_SECOND, seconds_per_day=30 * 1000)
    outcome = expected_end([Crowd(2500, NINE_TO_FIVE, tries=1)], pace, START)
    assert 2 * 24 * 60 <= minutes_after_start(outcome.end) <= 2 * 24 * 60 + 20


def test_a_budget_that_is_too_small_leaves_leads_over() -> None:
    pace = replace(ONE_A_SECOND, seconds_left=30 * 1000)
    outcome = expected_end([Crowd(2500, NINE_TO_FIVE, tries=1)], pace, START)
    assert (outcome.end, outcome.left, outcome.out_of_budget) == (None, 1500, True)


def test_whoever_may_not_be_rung_any_more_is_not_waited_for() -> None:
    crowd = Crowd(7200, ALWAYS, tries=1, latest=START + timedelta(hours=1))
    outcome = expected_end([crowd], ONE_A_SECOND, START)
    assert minutes_after_start(outcome.end) == pytest.approx(60)
    assert outcome.attempts == 3600


def test_a_crowd_that_is_never_open_is_left_over() -> None:
    outcome = expected_end([Crowd(5, (), tries=1)], ONE_A_SECOND, START)
    assert (outcome.end, outcome.left, outcome.attempts) == (None, 5, 0)


def test_beginning_later_than_the_horizon_is_left_over() -> None:
    crowd = Crowd(5, ALWAYS, tries=1, earliest=START + 90 * DAY)
    assert expected_end([crowd], ONE_A_SECOND, START).left == 5


def test_nobody_to_ring_is_over_at_once() -> None:
    outcome = expected_end([Crowd(0, ALWAYS, tries=1)], ONE_A_SECOND, START)
    assert (outcome.end, outcome.left) == (START, 0)
    assert expected_end([], ONE_A_SECOND, START) == outcome


@settings(max_examples=25, deadline=None)
@given(
    leads=st.lists(st.integers(0, 20_000), min_size=1, max_size=4),
    rate=st.floats(0.05, 20),
    settled=st.floats(0.05, 1),
    tries=st.integers(1, 4),
)
def test_more_pace_never_ends_later_and_no_lead_gets_more_than_its_tries(
    leads: list[int], rate: float, settled: float, tries: int
) -> None:
    crowds = [Crowd(n, NINE_TO_FIVE, tries=tries) for n in leads]
    pace = replace(ONE_A_SECOND, attempts_per_second=rate, settled=settled)
    slow = expected_end(crowds, pace, START)
    fast = expected_end(crowds, replace(pace, attempts_per_second=2 * rate), START)
    assert fast.left <= slow.left + 1
    if slow.end and fast.end:
        # A step is a quarter of an hour: retries come back on its edges.
        assert fast.end <= slow.end + timedelta(minutes=15)
    assert slow.attempts <= sum(leads) * tries + 1
