"""Rows put back under running processes: same server, same database, other rows."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel

from campanile import clock
from campanile.calls.models import LedgerDial, LedgerMark
from campanile.calls.outcomes import Disposition
from campanile.campaigns.models import Campaign
from campanile.db import transaction
from campanile.dialing import do_not_call, reading_on
from campanile.dialing import reconcile as reconciling
from campanile.dialing.decision import Go, Stay
from campanile.dialing.host import CallHost
from campanile.dialing.ledger import Ledger
from campanile.dialing.reconcile import read_on, reconcile
from campanile.leads.models import Lead
from campanile.leads.suppression import Scope, suppress
from support.attempts import (
    claim_lead,
    dial,
    end,
    noon_in_new_york,
    rows_of,
    shift_legal_clock,
)
from support.factories import make_campaign, make_leads
from support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("database")

TABLES = [table.name for table in SQLModel.metadata.sorted_tables]
"""Whoever is referred to comes first."""


@pytest.fixture
def leads(monkeypatch: pytest.MonkeyPatch) -> list[Lead]:
    """They wait to be dialed, at noon in New York."""
    shift_legal_clock(monkeypatch, noon_in_new_york())
    with transaction() as session:
        campaign = make_campaign(session, retry_delay_seconds=3600)
        return make_leads(session, campaign, 3)


def back_up() -> None:
    with transaction() as session:
        session.execute(sa.text("CREATE SCHEMA backup"))
        for table in TABLES:
            copied = f'CREATE TABLE backup."{table}" AS TABLE public."{table}"'
            session.execute(sa.text(copied))


def put_back_after_a_delete() -> None:
    _put_back([f'DELETE FROM public."{table}"' for table in reversed(TABLES)])


def put_back_after_a_truncate() -> None:
    _put_back([f"TRUNCATE {', '.join(TABLES)}"])


def _put_back(emptied: list[str]) -> None:
    copied = [f'INSERT INTO "{name}" SELECT * FROM backup."{name}"' for name in TABLES]
    with transaction() as session:
        for statement in [*emptied, *copied]:
            session.execute(sa.text(statement))


def claimed(lead: Lead) -> UUID:
    with transaction() as session:
        return claim_lead(session, session.get_one(Lead, lead.id))


def ring(lead: Lead, ledger: Ledger) -> UUID:
    attempt_id = claimed(lead)
    assert isinstance(dial(attempt_id, ledger), Go)
    end(attempt_id, Disposition.NO_ANSWER)
    return attempt_id


def never_again(lead: Lead, ledger: Ledger) -> None:
    scope = Scope(lead.organization_id)
    with transaction() as session:
        suppress(
            session, lead.phone_number, root_id=scope.root_id, reason="", source="test"
        )
        do_not_call.write(session, ledger, [lead.phone_number], scope)


def why_not(lead: Lead, ledger: Ledger) -> str:
    """Why it is not dialed now; empty: it is."""
    attempt_id = claimed(lead)
    if isinstance(dial(attempt_id, ledger), Go):
        return ""
    return rows_of(attempt_id)[0].error or "?"


def mark(ledger: Ledger) -> int:
    """In the rows."""
    with transaction() as session:
        return session.get_one(LedgerMark, ledger.ledger_id).position


def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines written so far are some seconds old."""
    monkeypatch.setattr(reconciling, "SETTLED_SECONDS", 0.0)


@pytest.mark.parametrize(
    "put_back", [put_back_after_a_delete, put_back_after_a_truncate]
)
@pytest.mark.parametrize("same_process", [True, False])
def test_the_next_claim_sees_that_the_newest_dial_was_forgotten(
    leads: list[Lead],
    ledger: Ledger,
    ledger_path: Path,
    put_back: Callable[[], None],
    *,
    same_process: bool,
) -> None:
    """The mark is as it was: nobody has read the ledger since the backup."""
    other = Ledger(ledger_path)
    for book in (ledger, other):
        reconcile(book)
    back_up()
    ring(leads[0], ledger)
    put_back()
    again = claimed(leads[0])
    assert isinstance(dial(again, ledger if same_process else other), Stay)
    assert rows_of(again)[1].next_attempt_at > clock.now() + timedelta(minutes=59)
    other.close()


def test_tables_that_were_emptied_and_filled_again_are_noticed_without_any_dial(
    leads: list[Lead], ledger: Ledger
) -> None:
    reconcile(ledger)
    back_up()
    never_again(leads[0], ledger)
    put_back_after_a_truncate()
    assert why_not(leads[0], ledger).startswith("number.suppressed")


def test_a_newest_dial_whose_call_never_left_and_was_deleted_stops_nobody(
    leads: list[Lead], ledger: Ledger
) -> None:
    """It was read, and taken back; the rows owe it nothing more."""
    reconcile(ledger)
    with transaction() as session:
        other = make_campaign(session, name="other")
        gone = make_leads(session, other, 3)[2]
    attempt_id = ring(gone, ledger)
    ledger.withdrawn(attempt_id, t=clock.now().timestamp())
    with transaction() as session:
        session.execute(sa.delete(Campaign).where(Campaign.id == other.id))
    for lead in leads[:2]:
        assert isinstance(dial(claimed(lead), ledger), Go)


@pytest.mark.parametrize("read", [False, True])
def test_a_mark_that_is_older_than_the_known_one_was_put_back(
    leads: list[Lead], ledger: Ledger, monkeypatch: pytest.MonkeyPatch, *, read: bool
) -> None:
    """Rows that were deleted and copied back leave no other sign, when nobody was dialed
    since. Without the reading it would not be seen."""
    settled(monkeypatch)
    reconcile(ledger)
    back_up()
    never_again(leads[0], ledger)
    if read:
        read_on(ledger)
    put_back_after_a_delete()
    (rule, _, _) = why_not(leads[0], ledger).partition(" ")
    assert rule == ("number.suppressed" if read else "")


def test_the_mark_follows_the_file_some_seconds_behind(
    leads: list[Lead],
    ledger: Ledger,
    ledger_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reconcile(ledger)
    before = mark(ledger)
    ring(leads[0], ledger)
    read_on(ledger)
    assert mark(ledger) == before
    settled(monkeypatch)
    read_on(ledger)
    assert ledger.standing is not None
    assert mark(ledger) == ledger.standing.position == ledger_path.stat().st_size


def test_rows_that_may_be_half_put_back_are_left_to_the_next_claim(
    leads: list[Lead], ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What refers to rows that are still to come would be passed over for good."""
    settled(monkeypatch)
    reconcile(ledger)
    back_up()
    ring(leads[0], ledger)
    put_back_after_a_truncate()
    before = mark(ledger)
    read_on(ledger)
    assert mark(ledger) == before
    assert why_not(leads[0], ledger)


def test_several_processes_that_read_on_at_once_agree(
    leads: list[Lead],
    ledger: Ledger,
    ledger_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settled(monkeypatch)
    monkeypatch.setattr(reconciling, "BATCH", 1)
    books = [Ledger(ledger_path) for _ in range(4)]
    for book in books:
        reconcile(book)
    for lead, book in zip(leads, books, strict=False):
        ring(lead, book)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(read_on, books))
    end_of_file = ledger_path.stat().st_size
    assert mark(books[0]) == end_of_file
    for book in books:
        read_on(book)
        assert book.standing is not None
        assert book.standing.position == end_of_file
        book.close()


async def test_a_worker_reads_on_beside_its_calls(
    leads: list[Lead],
    ledger: Ledger,
    data_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settled(monkeypatch)
    monkeypatch.setattr(reading_on, "EVERY_SECONDS", 0.1)
    async with CallHost(slots=1) as host:
        await host.in_thread(partial(reconcile, host.ledger))
        before = mark(ledger)
        never_again(leads[0], ledger)
        moved = partial(wait_until, lambda: mark(ledger) > before, "the mark moves")
        await asyncio.to_thread(moved)


def test_dials_that_the_rows_know_are_no_reason_to_read_the_ledger_again(
    leads: list[Lead], ledger: Ledger
) -> None:
    reconcile(ledger)
    known = ledger.standing
    for lead in leads:
        ring(lead, ledger)
    assert ledger.standing is known
    with transaction() as session:
        assert (
            session.execute(sa.select(sa.func.count(LedgerDial.attempt_id))).scalar()
            == 0
        )
