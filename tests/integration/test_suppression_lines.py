"""The ledger's suppressions held against rows that have forgotten, or that know more."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlmodel import select

from campanile import clock
from campanile.calls.models import LedgerMark
from campanile.db import transaction
from campanile.dialing import do_not_call
from campanile.dialing import reconcile as reconciling
from campanile.dialing.ledger import Ledger, Suppressed
from campanile.dialing.reconcile import reconcile
from campanile.leads.models import Lead, Suppression
from campanile.leads.states import LeadStatus
from campanile.leads.suppression import Scope, suppress, unsuppress
from campanile.leads.suppression_ledger import count_due
from campanile.organizations.events import Event
from support.factories import make_campaign, make_leads

pytestmark = pytest.mark.usefixtures("database")

HOUR = timedelta(hours=1)


@pytest.fixture
def lead() -> Lead:
    """One that waits to be dialed."""
    with transaction() as session:
        return make_leads(session, make_campaign(session), 1)[0]


def listed(lead: Lead, ledger: Ledger, **values: Any) -> Suppressed:
    """A suppression of the lead's number that stands in the ledger and nowhere else."""
    wanted: dict[str, Any] = {
        "entry_id": uuid4(),
        "phone_number": lead.phone_number,
        "root_id": lead.organization_id,
        "campaign_id": None,
        "reason": "wrote a letter",
        "since": (clock.now() - HOUR).timestamp(),
        **values,
    }
    entry = Suppressed(**wanted)
    ledger.suppressed([entry], t=clock.now().timestamp())
    return entry


def now_in_rows(lead: Lead) -> Lead:
    with transaction() as session:
        return session.get_one(Lead, lead.id)


def in_rows() -> list[Suppression]:
    with transaction() as session:
        return list(session.exec(select(Suppression)).all())


def test_a_forgotten_suppression_is_put_back_as_it_was(
    lead: Lead, ledger: Ledger
) -> None:
    entry = listed(lead, ledger)
    for _ in range(3):
        reconcile(ledger)
    (row,) = in_rows()
    assert (row.id, row.phone_number, row.root_id, row.campaign_id) == (
        entry.entry_id,
        lead.phone_number,
        lead.organization_id,
        None,
    )
    assert (row.reason, row.source) == ("wrote a letter", "the dial ledger")
    assert abs(row.created_at.timestamp() - entry.since) < 0.01
    assert now_in_rows(lead).status == LeadStatus.SKIPPED


@pytest.mark.parametrize("nobody", [{"root_id": uuid4()}, {"campaign_id": uuid4()}])
def test_suppressions_of_whom_the_database_does_not_know_are_passed_over(
    lead: Lead, ledger: Ledger, nobody: dict[str, UUID]
) -> None:
    listed(lead, ledger, **nobody)
    reconcile(ledger)
    assert in_rows() == []
    assert now_in_rows(lead).status == LeadStatus.PENDING


@pytest.mark.parametrize("batch", [1, 1000])
def test_what_was_lifted_later_skips_no_lead_in_between(
    lead: Lead, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(reconciling, "BATCH", batch)
    entry = listed(lead, ledger)
    ledger.lifted(entry.entry_id, t=clock.now().timestamp())
    reconcile(ledger)
    assert in_rows() == []
    assert now_in_rows(lead).status == LeadStatus.PENDING


@pytest.mark.parametrize("batch", [1, 1000])
def test_a_lift_takes_back_what_the_backup_still_has(
    lead: Lead, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(reconciling, "BATCH", batch)
    entry = listed(lead, ledger)
    reconcile(ledger)
    ledger.lifted(entry.entry_id, t=clock.now().timestamp())
    reconcile(ledger)
    assert in_rows() == []
    with transaction() as session:
        assert session.exec(select(Event)).one().kind == "suppression.removed"


@pytest.mark.parametrize("batch", [1, 1000])
@pytest.mark.parametrize("overtaken", [False, True])
def test_a_lift_does_not_touch_what_was_added_anew(
    lead: Lead,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
    *,
    batch: int,
    overtaken: bool,
) -> None:
    """Its line comes after its commit: that of the next entry may come before it."""
    monkeypatch.setattr(reconciling, "BATCH", batch)
    old = listed(lead, ledger)
    reconcile(ledger)  # as the backup has it
    if not overtaken:
        ledger.lifted(old.entry_id, t=clock.now().timestamp())
    new = listed(lead, ledger)
    if overtaken:
        ledger.lifted(old.entry_id, t=clock.now().timestamp())
    reconcile(ledger)
    assert [row.id for row in in_rows()] == [new.entry_id]


def test_whom_only_the_rows_know_the_next_start_writes_down(
    lead: Lead, ledger: Ledger, tmp_path: Path
) -> None:
    """Suppressed before the ledger kept that, or while it could not be written."""
    with transaction() as session:
        suppress(session, lead.phone_number, root_id=None, reason="by the state")
        suppress(session, lead.phone_number, root_id=lead.organization_id)
    reconcile(ledger)
    reconcile(ledger)
    found = [line for _, line in ledger.read(0, 100) if line and "suppressed" in line]
    assert {line["entry"] for line in found} == {str(row.id) for row in in_rows()}
    assert len(found) == 2
    another = Ledger(tmp_path / "begun-anew.ndjson")
    reconcile(another)
    assert len(another.read(0, 100)) == 3
    another.close()


def add(number: str, scope: Scope) -> None:
    with transaction() as session:
        suppress(session, number, root_id=scope.root_id)
        assert do_not_call.write_down(session, [number], scope) == ""


def lift(number: str, scope: Scope) -> None:
    with transaction() as session:
        gone = unsuppress(session, number, scope)
    if gone is not None:
        assert do_not_call.write_lift(gone.id) == ""


def forget(ledger: Ledger) -> None:
    """As a backup from before all of it."""
    with transaction() as session:
        session.execute(sa.delete(Suppression))
        session.execute(sa.delete(LedgerMark))
    reconcile(ledger)


def test_a_suppression_whose_commit_failed_is_on_the_safe_side(
    lead: Lead, ledger: Ledger
) -> None:
    def add_in_vain() -> None:
        with transaction() as session:
            suppress(session, lead.phone_number, root_id=None)
            do_not_call.write_down(session, [lead.phone_number], Scope())
            raise ConnectionError

    with pytest.raises(ConnectionError):
        add_in_vain()
    assert in_rows() == []
    reconcile(ledger)
    (row,) = in_rows()
    assert (row.phone_number, row.root_id) == (lead.phone_number, None)


def test_a_write_that_fails_leaves_the_rows_of_its_transaction(
    lead: Lead, ledger: Ledger, ledger_path: Path
) -> None:
    ledger_path.unlink()
    ledger_path.mkdir()
    with transaction() as session:
        suppress(session, lead.phone_number, root_id=None)
        assert do_not_call.write_down(session, [lead.phone_number], Scope()) != ""
    (row,) = in_rows()
    assert row.ledger_id is None
    with transaction() as session:
        assert count_due(session, ledger_id=ledger.ledger_id) == 1  # the doctor says so


@pytest.mark.parametrize("seed", range(3))
def test_of_those_who_add_and_lift_at_once_the_ledger_tells_what_the_rows_do(
    lead: Lead, ledger: Ledger, seed: int
) -> None:
    scope = Scope(lead.organization_id)
    numbers = [f"+1212555010{n}" for n in range(1, 4)]
    dice = Random(seed)
    acts = [(dice.choice([add, lift]), dice.choice(numbers)) for _ in range(150)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda act: act[0](act[1], scope), acts))
    known = {(row.id, row.phone_number) for row in in_rows()}
    forget(ledger)
    assert {(row.id, row.phone_number) for row in in_rows()} == known


def test_an_opt_out_as_it_was_written_earlier_is_still_read(
    lead: Lead, ledger: Ledger, ledger_path: Path
) -> None:
    said = {"t": 1.0, "opted_out": lead.phone_number, "root": str(lead.organization_id)}
    with ledger_path.open("a") as file:
        file.write(json.dumps(said) + "\n")
    reconcile(ledger)
    (row,) = in_rows()
    assert row.phone_number == lead.phone_number
