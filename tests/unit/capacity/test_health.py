"""When a breaker opens, when it is tried again, and what closes it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campanile.capacity.health import (
    FAILURES_IN_A_ROW,
    UNDIALED_WAIT,
    WAITS,
    Health,
    failed,
    worked,
)
from campanile.capacity.models import BreakerKind, BreakerState

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LIMIT = 5


def seconds(count: float) -> datetime:
    return NOON + timedelta(seconds=count)


def fail(health: Health, at: float, **how: object) -> Health:
    dialed = how.pop("dialed", at)
    return failed(
        health,
        limit=LIMIT,
        at=seconds(at),
        dialed_at=None if dialed is None else seconds(dialed),  # type: ignore[arg-type]
        **how,  # type: ignore[arg-type]
    )


def after_failures(count: int) -> Health:
    health = Health()
    for n in range(count):
        health = fail(health, n)
    return health


def on_probe(health: Health) -> Health:
    return replace(health, state=BreakerState.HALF_OPEN)


def test_the_fifth_failure_in_a_row_opens_it_for_fifteen_seconds() -> None:
    assert after_failures(4).state is BreakerState.CLOSED
    opened = after_failures(5)
    assert opened.state is BreakerState.OPEN
    assert opened.retry_at == seconds(4 + 15)


def test_no_kind_takes_more_than_five_failures() -> None:
    assert set(FAILURES_IN_A_ROW) == set(BreakerKind)
    assert max(FAILURES_IN_A_ROW.values()) <= 5


def test_a_success_in_between_begins_the_count_anew() -> None:
    health = worked(after_failures(4), at=seconds(10))
    for n in range(4):
        health = fail(health, 20 + n)
    assert health.state is BreakerState.CLOSED
    assert fail(health, 30).state is BreakerState.OPEN


def test_a_call_that_got_through_before_the_failures_does_not_reset_the_count() -> None:
    # It rang at -60 s and is heard of only now, when its talk is over.
    health = worked(after_failures(4), at=seconds(-60))
    assert fail(health, 10).state is BreakerState.OPEN


@pytest.mark.parametrize("probes", range(8))
def test_each_probe_that_fails_is_followed_by_a_longer_wait(probes: int) -> None:
    health = after_failures(5)
    for n in range(probes):
        health = fail(on_probe(health), 1000 * (n + 1), is_probe=True)
    assert health.retry_at is not None
    assert health.changed_at is not None
    expected = WAITS[min(probes, len(WAITS) - 1)]
    assert health.retry_at - health.changed_at == expected


def test_the_probe_that_gets_through_closes_it_and_forgets() -> None:
    closed = worked(on_probe(after_failures(5)), at=seconds(60), is_probe=True)
    assert closed == Health(changed_at=seconds(60))


def test_the_success_of_an_older_call_does_not_close_it() -> None:
    opened = after_failures(5)
    assert worked(opened, at=seconds(10)) == opened
    assert worked(on_probe(opened), at=seconds(90)) == on_probe(opened)


def test_calls_dialed_before_it_opened_do_not_lengthen_the_wait() -> None:
    opened = after_failures(5)
    assert fail(opened, 6, dialed=3) == opened
    assert fail(opened, 100, dialed=3) == opened
    assert fail(on_probe(opened), 100, dialed=3) == on_probe(opened)


def test_calls_dialed_before_it_closed_do_not_open_it_again() -> None:
    closed = worked(on_probe(after_failures(5)), at=seconds(60), is_probe=True)
    for n in range(10):
        closed = fail(closed, 61 + n, dialed=50)
    assert closed.state is BreakerState.CLOSED


def test_what_fails_before_its_dial_waits_a_minute_at_most() -> None:
    health = after_failures(5)
    for n in range(10):
        at = 1000.0 * (n + 1)
        health = fail(health, at, dialed=None)
        assert health.retry_at is not None
        assert health.retry_at <= seconds(at) + UNDIALED_WAIT


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["failed", "worked", "unready", "probe"]),
        st.floats(0, 120),
        st.booleans(),
    ),
    max_size=60,
)


@given(EVENTS)
def test_whatever_happens_it_is_open_only_with_an_instant_to_try_again(
    events: list[tuple[str, float, bool]],
) -> None:
    health, at, row = Health(), 0.0, 0
    for kind, pause, is_probe in events:
        at += pause
        before = health
        probe = is_probe and health.state is BreakerState.HALF_OPEN
        if kind == "failed":
            health = fail(health, at, is_probe=probe)
        elif kind == "unready":
            health = fail(health, at, dialed=None)
        elif kind == "worked":
            health = worked(health, at=seconds(at), is_probe=probe)
        elif health.retry_at is not None and health.retry_at <= seconds(at):
            health = replace(
                health, state=BreakerState.HALF_OPEN, changed_at=seconds(at)
            )
        row = {"worked": 0, "probe": row}.get(kind, row + 1)
        assert (health.state is BreakerState.CLOSED) == (health.retry_at is None)
        assert (health.state is BreakerState.CLOSED) == (health.openings == 0)
        if health.state is BreakerState.CLOSED:
            assert health.failures < LIMIT
        if before.state is BreakerState.OPEN and health.state is BreakerState.CLOSED:
            raise AssertionError("it closed without a probe")
        if (before.state, health.state) == (BreakerState.CLOSED, BreakerState.OPEN):
            assert row >= LIMIT
