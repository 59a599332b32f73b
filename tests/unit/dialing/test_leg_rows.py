"""What a leg tells its row while it is up: in order, and the answer until it is known."""

import asyncio
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from psycopg.errors import ReadOnlySqlTransaction
from sqlalchemy.exc import InternalError, OperationalError, SQLAlchemyError

from campanile.calls.lifecycle import advance
from campanile.calls.outcomes import Disposition
from campanile.calls.states import AttemptState
from campanile.capacity.send_times import put_off
from campanile.clock import now
from campanile.dialing import leg as leg_module
from support.plans import PLAN
from support.scripted_leg import ANSWERED, BYE, RINGING, ScriptedLeg, keys

__all__ = ["keys"]
pytestmark = pytest.mark.usefixtures("keys")

TROUBLE = [
    OperationalError("UPDATE", {}, Exception("connection refused")),
    InternalError("UPDATE", {}, ReadOnlySqlTransaction("read-only")),
]


class Rows:
    def __init__(self) -> None:
        self.known: list[AttemptState] = []
        self.asked: list[AttemptState] = []
        self.trouble: SQLAlchemyError | None = None
        self.refuse = False
        self.seconds: dict[AttemptState, float] = {}
        self.answered_at: object = None

    async def __call__(
        self, work: Callable[..., Any], _: UUID, what: Any, **values: Any
    ) -> bool:
        if work is put_off:
            assert self.trouble is not None
            raise self.trouble
        assert work is advance
        self.asked.append(what)
        await asyncio.sleep(self.seconds.get(what, 0))
        if self.trouble is not None:
            raise self.trouble
        if self.refuse:
            return False
        self.known.append(what)
        self.answered_at = values.get("answered_at", self.answered_at)
        return True


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leg_module, "AGAIN_SECONDS", 0.02, raising=False)


@pytest.fixture
def rows() -> Rows:
    return Rows()


@pytest.fixture
def call(rows: Rows) -> ScriptedLeg:
    ledger = SimpleNamespace(answered=lambda *_, **__: None)
    return ScriptedLeg(PLAN, rows, ledger)


async def until(happened: Callable[[], bool]) -> None:
    for _ in range(400):
        if happened():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("not within two seconds")


@pytest.mark.parametrize("trouble", TROUBLE, ids=lambda error: type(error).__name__)
async def test_the_answer_is_told_again_until_the_rows_know_it(
    call: ScriptedLeg, rows: Rows, trouble: SQLAlchemyError
) -> None:
    rows.trouble = trouble
    await call.up()
    call.far_end.tell(RINGING, ANSWERED)
    await until(lambda: rows.asked.count(AttemptState.ANSWERED) > 2)
    rows.trouble = None
    await until(lambda: rows.known == [AttemptState.ANSWERED])
    assert rows.answered_at == call.leg.answered_at
    asked = len(rows.asked)
    await asyncio.sleep(0.1)
    assert len(rows.asked) == asked
    call.far_end.tell(BYE)
    await call.ends()


async def test_what_the_row_refuses_is_not_told_again(
    call: ScriptedLeg, rows: Rows
) -> None:
    """A sweep has closed the attempt: the end will say that it was answered."""
    rows.refuse = True
    await call.up()
    call.far_end.tell(ANSWERED)
    await asyncio.sleep(0.1)
    assert rows.asked == [AttemptState.ANSWERED]
    call.far_end.tell(BYE)
    await call.ends()


async def test_ringing_is_told_before_the_answer_however_slow_it_is(
    call: ScriptedLeg, rows: Rows
) -> None:
    rows.seconds = {AttemptState.RINGING: 0.1}
    await call.up()
    call.far_end.tell(RINGING, RINGING, ANSWERED)
    await until(lambda: len(rows.known) == 2)
    assert rows.known == [AttemptState.RINGING, AttemptState.ANSWERED]
    call.far_end.tell(BYE)
    await call.ends()


async def test_an_invite_that_left_late_does_not_keep_the_answer_from_the_rows(
    call: ScriptedLeg, rows: Rows
) -> None:
    rows.trouble = TROUBLE[1]
    await call.up(late=1.0)
    call.far_end.tell(RINGING, ANSWERED)
    await until(lambda: AttemptState.ANSWERED in rows.asked)
    rows.trouble = None
    await until(lambda: rows.known == [AttemptState.ANSWERED])
    call.far_end.tell(BYE)
    await call.ends()


async def test_the_end_does_not_wait_for_rows_that_cannot_be_told(
    call: ScriptedLeg, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leg_module, "AGAIN_SECONDS", 0.9, raising=False)
    rows.trouble = TROUBLE[0]
    await call.up()
    call.far_end.tell(ANSWERED)
    await until(lambda: AttemptState.ANSWERED in rows.asked)
    over = time.monotonic()
    call.far_end.tell(BYE)
    ending = await call.ends()
    assert time.monotonic() - over < 0.3
    assert ending.disposition is Disposition.COMPLETED
    assert rows.asked == [AttemptState.ANSWERED]
    await asyncio.sleep(1.0)
    assert rows.asked == [AttemptState.ANSWERED]  # nor is it told any more


async def test_the_end_says_when_it_first_rang(call: ScriptedLeg, rows: Rows) -> None:
    rows.trouble = TROUBLE[0]
    began = now()
    await call.up()
    call.far_end.tell(RINGING)
    await until(lambda: AttemptState.RINGING in rows.asked)
    first = now()
    await asyncio.sleep(0.05)
    call.far_end.tell(RINGING)
    await call.far_end.hang_up()
    ending = await call.ends()
    assert ending.ringing_at is not None
    assert began <= ending.ringing_at <= first


async def test_the_end_of_a_call_that_never_rang_does_not_say_so(
    call: ScriptedLeg,
) -> None:
    await call.up()
    await call.far_end.hang_up()
    assert (await call.ends()).ringing_at is None
