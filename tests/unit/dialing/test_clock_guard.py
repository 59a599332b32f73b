"""A clock that was set, or that nobody else shares, dials nobody."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from campanile.dialing.clock_guard import ClockGuard, trouble_with_clock


class Clock:
    """A wall clock that can be set, beside a monotonic one that cannot."""

    def __init__(self) -> None:
        self.monotonic = 100.0
        self.wall = 1_800_000_000.0
        self.guard = ClockGuard(wall=self.wall, monotonic=self.monotonic)

    def passes(self, seconds: float) -> bool:
        self.monotonic += seconds
        self.wall += seconds
        return self.guard.check(wall=self.wall, monotonic=self.monotonic)


@pytest.mark.parametrize("step", [-86400.0, -3600.0, -2.0, 2.0, 3600.0, 86400.0])
def test_a_step_closes_at_once_and_three_good_checks_open_again(step: float) -> None:
    clock = Clock()
    assert clock.passes(1.0)
    clock.wall += step
    assert [clock.passes(1.0) for _ in range(5)] == [False, False, False, True, True]


def test_many_claims_in_one_second_are_one_check() -> None:
    clock = Clock()
    clock.wall += 60
    assert not any(clock.passes(0.01) for _ in range(150))
    assert clock.passes(1.0) is False
    assert clock.passes(1.0) is True


def test_a_second_step_begins_the_watch_anew() -> None:
    clock = Clock()
    clock.wall += 60
    assert [clock.passes(1.0) for _ in range(3)] == [False] * 3
    clock.wall -= 60
    assert [clock.passes(1.0) for _ in range(4)] == [False, False, False, True]


def test_small_steps_that_add_up_are_noticed() -> None:
    clock = Clock()
    clock.wall += 1.5
    assert clock.passes(1.0)
    clock.wall += 1.5
    assert not clock.passes(1.0)


def test_a_long_pause_of_the_process_is_no_step() -> None:
    assert Clock().passes(6 * 3600.0)


NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def trouble(*, databases: float = 0.0, newest_dial: float = -60.0) -> str | None:
    """Both in seconds from our clock."""
    return trouble_with_clock(
        ClockGuard(wall=NOW.timestamp(), monotonic=time.monotonic()),
        ours=NOW,
        databases=NOW + timedelta(seconds=databases),
        newest_dial=NOW.timestamp() + newest_dial,
    )


@pytest.mark.parametrize("apart", [5.0, -5.0, 86400.0])
def test_five_seconds_from_the_databases_clock_are_too_many(apart: float) -> None:
    found = trouble(databases=apart)
    assert found is not None
    assert "the database's differ" in found


def test_a_dial_from_the_future_says_that_the_clock_was_set_back() -> None:
    found = trouble(newest_dial=86400.0)
    assert found is not None
    assert "future" in found


def test_clocks_that_agree_let_dial() -> None:
    assert trouble(databases=4.9, newest_dial=9.0) is None
