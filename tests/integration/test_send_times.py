"""A trunk's instants keep their distance, whoever reserves them."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise

import pytest
from sqlalchemy.exc import OperationalError

from campanile import db
from campanile.capacity.send_times import (
    LATE_SECONDS,
    NEAR_SECONDS,
    SPACING,
    UNSURE_SECONDS,
    NotNear,
    put_off,
    reserve,
    seconds_until_near,
)
from campanile.db import transaction
from campanile.trunks.models import Trunk
from support.factories import make_trunk
from support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("database")


def test_send_instants_of_a_trunk_keep_their_distance() -> None:
    with transaction() as session:
        trunk = make_trunk(session, calls_per_second=20.0)

    def one(_: int) -> float:
        with transaction() as session:
            reserve(session, trunk.id)
            # The row moved on by one distance; that is where the instant stands.
            return session.get_one(Trunk, trunk.id).next_send_at.timestamp()

    with ThreadPoolExecutor(8) as pool:
        instants = sorted(pool.map(one, range(40)))
    gaps = [b - a for a, b in pairwise(instants)]
    assert min(gaps) > SPACING / 20 - UNSURE_SECONDS
    for start in instants:
        late = start - LATE_SECONDS  # if the first leaves late and the last does not
        assert sum(late <= t < late + 1 for t in instants if t >= start) <= 20


def test_of_two_workers_who_want_the_near_instant_one_waits_for_the_next() -> None:
    with transaction() as session:
        trunk = make_trunk(session, calls_per_second=1.0)

    def take(_: int) -> bool:
        with transaction() as session, suppress(NotNear):
            reserve(session, trunk.id, within=NEAR_SECONDS)
            return True
        return False

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(take, range(2))) == [False, True]


def seconds_until_next(trunk: Trunk) -> float:
    with transaction() as session:
        return seconds_until_near(session, trunk.id) + NEAR_SECONDS


@pytest.mark.parametrize("late", [0.2, 0.7])
def test_after_an_invite_that_left_late_the_next_ones_leave_as_much_later(
    late: float,
) -> None:
    with transaction() as session:
        trunk = make_trunk(session, calls_per_second=10.0)
        reserve(session, trunk.id)
    before = seconds_until_next(trunk)
    with transaction() as session:
        put_off(session, trunk.id, late)
    assert seconds_until_next(trunk) - before == pytest.approx(late, abs=0.05)


def test_many_that_were_late_together_cost_one_pause_and_no_more() -> None:
    with transaction() as session:
        trunk = make_trunk(session, calls_per_second=10.0)
        reserve(session, trunk.id)
    for late in (3.0, 2.9, 2.8):  # a gateway that stood still answers them all at once
        with transaction() as session:
            put_off(session, trunk.id, late)
    assert seconds_until_next(trunk) == pytest.approx(SPACING, abs=0.05)


def test_what_is_free_only_later_is_not_put_off_further() -> None:
    with transaction() as session:
        trunk = make_trunk(session, calls_per_second=0.2)
        reserve(session, trunk.id)
    before = seconds_until_next(trunk)
    with transaction() as session:
        put_off(session, trunk.id, 0.5)
    assert seconds_until_next(trunk) == pytest.approx(before, abs=0.05)


def test_a_worker_that_stands_still_in_its_claim_does_not_hold_the_trunk_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with transaction() as session:
        trunk = make_trunk(session)
    monkeypatch.setattr(db, "IDLE_MS", 500)
    db.forget_engine()

    def others_may() -> bool:
        try:
            with transaction() as session:
                reserve(session, trunk.id)
        except OperationalError:  # the lock is not to be had
            return False
        return True

    def stand_still() -> None:
        with transaction() as session:
            reserve(session, trunk.id)
            wait_until(others_may, "the trunk is free")

    with pytest.raises(OperationalError):
        stand_still()
    db.forget_engine()
