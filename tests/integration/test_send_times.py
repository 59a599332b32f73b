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
    reserve,
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
