"""A call whose lease was taken falls silent; one that cannot be renewed closes in time."""

import asyncio
from contextlib import ExitStack
from uuid import UUID, uuid4

import pytest
from psycopg.errors import ReadOnlySqlTransaction, UndefinedTable
from sqlalchemy.exc import (
    InternalError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from campanile.dialing.leases import LeaseKeeper


class Rows:
    """Which attempts the database still has as ours."""

    def __init__(self, *ours: UUID) -> None:
        self.ours = set(ours)
        self.trouble: SQLAlchemyError | None = None
        self.silent = False

    async def renew(self, asked: list[UUID]) -> set[UUID]:
        if self.silent:
            await asyncio.sleep(3600)
        if self.trouble is not None:
            raise self.trouble
        return self.ours & set(asked)


class Call:
    def __init__(self) -> None:
        self.heard: list[str] = []

    def lose(self) -> None:
        self.heard.append("lose")

    def give_up(self) -> None:
        self.heard.append("give up")


class Monotonic:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


EVERY, GIVE_UP = 5.0, 45.0


def keeper(rows: Rows, monotonic: Monotonic, *, every: float = EVERY) -> LeaseKeeper:
    return LeaseKeeper(
        rows.renew, every=every, give_up_after=GIVE_UP, monotonic=monotonic
    )


async def test_a_renewed_call_goes_on_and_a_taken_one_falls_silent_once() -> None:
    kept, taken = uuid4(), uuid4()
    leases = keeper(Rows(kept), Monotonic())
    calls = {kept: Call(), taken: Call()}
    with ExitStack() as held:
        for attempt, call in calls.items():
            held.enter_context(leases.held(attempt, call))
        await leases.renew_once()
        await leases.renew_once()
        assert leases.holds(kept)
        assert not leases.holds(taken)
    assert (calls[kept].heard, calls[taken].heard) == ([], ["lose"])


@pytest.mark.parametrize(
    "trouble",
    [
        OperationalError("UPDATE", {}, Exception("no route")),
        InternalError("UPDATE", {}, ReadOnlySqlTransaction("read-only")),
        ProgrammingError("UPDATE", {}, UndefinedTable("in mid-restore")),
        NoConnectionFree("the pool is used up"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_while_the_database_is_away_a_call_goes_on_until_the_limit(
    trouble: SQLAlchemyError,
) -> None:
    rows, monotonic, call = Rows(), Monotonic(), Call()
    rows.trouble = trouble
    leases = keeper(rows, monotonic)
    with leases.held(uuid4(), call):
        while monotonic.now < 1000 + GIVE_UP - EVERY:
            monotonic.now += EVERY
            await leases.renew_once()
            leases.drop_overdue()
        assert call.heard == []
        monotonic.now += EVERY + 1
        await leases.renew_once()
        leases.drop_overdue()
        leases.drop_overdue()
    assert call.heard == ["give up"]


async def test_a_database_that_does_not_answer_counts_as_away() -> None:
    rows, monotonic, call = Rows(), Monotonic(), Call()
    rows.silent = True
    leases = keeper(rows, monotonic, every=0.02)
    with leases.held(uuid4(), call):
        monotonic.now += GIVE_UP + 1
        assert not await leases.renew_once()
        leases.drop_overdue()
    assert call.heard == ["give up"]


async def test_who_stood_still_asks_before_it_says_another_word() -> None:
    attempt = uuid4()
    rows, monotonic, call = Rows(), Monotonic(), Call()
    leases = keeper(rows, monotonic)
    with leases.held(attempt, call):
        monotonic.now += 300  # frozen; by now a sweep has closed the call
        leases.drop_overdue()
        assert call.heard == []
        await leases.renew_once()
    assert call.heard == ["lose"]


async def test_a_call_that_ended_is_not_renewed() -> None:
    call = Call()
    leases = keeper(Rows(), Monotonic())
    with leases.held(uuid4(), call):
        pass
    await leases.renew_once()
    assert call.heard == []
    assert leases.holders() == []
