"""A database that answers, and yet takes nothing: nothing that it was told is lost."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import select

from campanile import clock, db
from campanile.calls.lifecycle import Ending
from campanile.calls.models import Attempt
from campanile.calls.outcomes import Disposition, EndReason
from campanile.db import engine, transaction
from campanile.dialing.accounts import Account, CameTo, OptOut, record
from campanile.dialing.ledger import Ledger
from campanile.dialing.outbox import Outbox
from campanile.dialing.plan import Plan, read_plan
from campanile.leads.models import Suppression
from campanile.leads.states import LeadStatus
from campanile.pacing import sweeps
from support.attempts import (
    claim_lead,
    dial,
    noon_in_new_york,
    rows_of,
    shift_legal_clock,
)
from support.factories import LEASE, make_campaign, make_leads
from support.scripted_leg import ANSWERED, RINGING, ScriptedLeg, keys

__all__ = ["keys"]
pytestmark = pytest.mark.usefixtures("database", "keys")

Trouble = Callable[[], AbstractContextManager[None]]


@contextmanager
def takes_no_writes() -> Iterator[None]:
    """As a standby, or one whose disk is full and was closed by its owner."""
    name = engine().url.database
    _by_its_owner(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    yield
    _by_its_owner(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')


@contextmanager
def in_mid_restore() -> Iterator[None]:
    """Some tables have been dropped, and are still to come again."""
    for table in ("attempt", "suppression"):
        _by_its_owner(f"ALTER TABLE {table} RENAME TO {table}_to_come")
    yield
    for table in ("attempt", "suppression"):
        _by_its_owner(f"ALTER TABLE {table}_to_come RENAME TO {table}")


def _by_its_owner(statement: str) -> None:
    with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as link:
        link.execute(sa.text("SET default_transaction_read_only = off"))
        link.execute(sa.text(statement))
    db.forget_engine()


TROUBLES = pytest.mark.parametrize("trouble", [takes_no_writes, in_mid_restore])


@pytest.fixture
def call(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """One that was dialed, at noon in New York."""
    shift_legal_clock(monkeypatch, noon_in_new_york())
    with transaction() as session:
        (lead,) = make_leads(session, make_campaign(session, retry_delay_seconds=60), 1)
        attempt_id = claim_lead(session, lead)
    with transaction() as session:
        plan = read_plan(session, attempt_id)
    assert plan is not None
    dial(attempt_id, ledger)
    return plan


@asynccontextmanager
async def outbox(folder: Path, ledger: Ledger) -> AsyncIterator[Outbox]:
    async def write(account: Account) -> bool:
        return await asyncio.to_thread(partial(record, account, ledger=ledger))

    box = Outbox(folder, "w", write)
    await box.open()
    task = asyncio.create_task(box.run())
    try:
        yield box
    finally:
        await box.close(within=0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(happened: Callable[[], bool]) -> None:
    for _ in range(200):
        if await asyncio.to_thread(happened):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("not within ten seconds")


@TROUBLES
async def test_a_wish_and_an_outcome_wait_until_it_takes_them(
    call: Plan, ledger: Ledger, tmp_path: Path, trouble: Trouble
) -> None:
    wish = OptOut(
        attempt_id=call.attempt_id,
        phone_number=call.destination,
        root_id=call.root_id,
    )
    ending = Ending(Disposition.OPTED_OUT, EndReason.OPT_OUT)
    async with outbox(tmp_path / "journal", ledger) as box:
        with trouble():
            await box.put(wish)
            await box.put(CameTo(attempt_id=call.attempt_id, ending=ending))
            await asyncio.sleep(2.5)
            assert box.waiting == 2
        await until(lambda: box.waiting == 0)
    assert list((tmp_path / "journal").iterdir()) == []
    attempt, lead = rows_of(call.attempt_id)
    assert (attempt.disposition, lead.status) == ("opted_out", "completed")
    with transaction() as session:
        (row,) = session.exec(select(Suppression)).all()
    assert row.phone_number == call.destination


@TROUBLES
async def test_who_answered_meanwhile_is_not_rung_again_though_the_worker_is_lost(
    call: Plan, ledger: Ledger, trouble: Trouble
) -> None:
    leg = ScriptedLeg(call, _rows, ledger)
    with trouble():
        await leg.up()
        leg.far_end.tell(RINGING, ANSWERED)
        await until(lambda: leg.leg.answered_at is not None)
        await asyncio.sleep(1.5)
    await until(lambda: _answered_at(call.attempt_id) is not None)
    assert _answered_at(call.attempt_id) == leg.leg.answered_at
    with transaction() as session:  # minutes later, without another word of the worker
        sweeps.close_expired(session, before=clock.now() + 2 * LEASE)
    attempt, lead = rows_of(call.attempt_id)
    assert attempt.disposition == Disposition.UNKNOWN
    assert lead.status == LeadStatus.FAILED
    await leg.far_end.hang_up()
    await leg.ends()


async def _rows(work: Callable[..., Any], *args: Any, **values: Any) -> Any:
    def in_transaction() -> Any:
        with transaction() as session:
            return work(session, *args, **values)

    return await asyncio.to_thread(in_transaction)


def _answered_at(attempt_id: UUID) -> object:
    with transaction() as session:
        return session.get_one(Attempt, attempt_id).answered_at
