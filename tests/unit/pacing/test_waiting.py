"""Every campaign gets its turn, whoever else waits and however little is looked at."""

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any, cast
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from campanile.pacing.waiting import (
    BUCKETS_PER_TICK,
    FRESH_SECONDS,
    KEPT_SECONDS,
    UNKNOWN_BUCKETS,
    Waiting,
)


class Rows:
    """Answers the one question that is asked: the buckets of these campaigns."""

    def __init__(self, due: dict[UUID, dict[int, float]]) -> None:
        self.due = due
        """seconds until the first lead of each profile is due"""
        self.asked: list[UUID] = []

    def execute(
        self, statement: object, values: dict[str, Sequence[UUID]]
    ) -> list[tuple[UUID, list[int], list[float]]]:
        self.asked += values["campaigns"]
        return [
            (campaign, list(buckets), list(buckets.values()))
            for campaign in values["campaigns"]
            if (buckets := self.due.get(campaign))
        ]


class World:
    def __init__(self, due: dict[UUID, dict[int, float]], *, seed: int = 1) -> None:
        self.now = 1000.0
        self.rows = Rows(due)
        self.waiting = Waiting(shuffle=Random(seed), monotonic=lambda: self.now)

    def look(self, *, most: int = 1000) -> list[UUID]:
        turns = self.waiting.in_turn(self.rows.due)
        self.waiting.look(cast(Session, cast(Any, self.rows)), turns, most=most)
        return turns

    def tick(self, room: int) -> list[UUID]:
        """As the pacer does: claims one of each until there is no more room."""
        claimed = []
        for campaign in self.look(most=2 * room):
            if len(claimed) == room:
                break
            due = self.waiting.buckets(campaign, lambda profile: True)
            if due:
                claimed.append(campaign)
                self.waiting.had_its_turn(campaign)
            elif due is not None:
                self.waiting.had_its_turn(campaign)
        self.now += 0.25
        return claimed


def campaigns(count: int) -> list[UUID]:
    return [UUID(int=n) for n in range(1, count + 1)]


@given(
    busy=st.integers(1, 30),
    empty=st.integers(0, 30),
    room=st.integers(1, 8),
    seed=st.integers(0, 5),
)
def test_whoever_has_somebody_due_is_claimed_from_as_often_as_the_others(
    busy: int, empty: int, room: int, seed: int
) -> None:
    everybody = campaigns(busy + empty)
    world = World(
        {c: {1: -5.0} for c in everybody[:busy]} | {c: {} for c in everybody[busy:]},
        seed=seed,
    )
    for _ in range(40):
        world.tick(room)  # until all were looked at
    claimed = Counter(c for _ in range(60) for c in world.tick(room))
    counts = [claimed[c] for c in everybody[:busy]]
    assert max(counts) - min(counts) <= max(1, 0.2 * max(counts))
    assert sum(counts) >= 60 * min(room, busy) * 0.8


def test_no_more_is_looked_at_than_a_tick_allows() -> None:
    world = World({c: {} for c in campaigns(50)})
    world.look()
    assert len(world.rows.asked) == BUCKETS_PER_TICK // UNKNOWN_BUCKETS


def test_all_are_looked_at_within_a_few_ticks_though_nobody_is_due_anywhere() -> None:
    world = World({c: dict.fromkeys(range(60), 3600.0) for c in campaigns(100)})
    for _ in range(30):
        world.tick(50)
    assert set(world.rows.asked) == set(campaigns(100))


def test_a_campaign_with_nobody_due_is_looked_at_again_after_a_second() -> None:
    (only,) = campaigns(1)
    world = World({only: {}})
    assert world.tick(1) == []
    world.rows.due[only] = {3: -1.0}
    while not world.tick(1):
        assert world.now < 1000 + FRESH_SECONDS + 0.5
    assert len(world.rows.asked) == 2


def test_one_with_somebody_due_is_not_unless_a_claim_found_less() -> None:
    (only,) = campaigns(1)
    world = World({only: {3: -1.0}})
    while world.now < 1000 + KEPT_SECONDS:
        assert world.tick(1) == [only]
    assert len(world.rows.asked) == 1
    world.waiting.forget(only)
    world.tick(1)
    assert len(world.rows.asked) == 2


def test_the_longest_due_bucket_comes_first_and_closed_ones_not_at_all() -> None:
    (only,) = campaigns(1)
    world = World({only: {1: -10.0, 2: -30.0, 3: -20.0, 4: 5.0}})
    world.look()
    assert world.waiting.buckets(only, lambda profile: profile != 3) == [2, 1]
    world.now += 6
    assert world.waiting.buckets(only, lambda profile: True) == [2, 3, 1, 4]
