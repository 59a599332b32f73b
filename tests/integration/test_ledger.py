"""The dial ledger held against a database that has forgotten."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from campanile import clock
from campanile.calls.lifecycle import release, withdraw
from campanile.calls.models import Attempt, LedgerDial, LedgerMark
from campanile.calls.outcomes import Disposition
from campanile.calls.restoring import FOLLOW_UP
from campanile.campaigns.models import Campaign
from campanile.db import transaction
from campanile.dialing import reconcile as reconciling
from campanile.dialing.decision import Go, Stay
from campanile.dialing.ledger import Dial, Ledger
from campanile.dialing.reconcile import reconcile, standing
from campanile.leads import editing
from campanile.leads.models import Lead
from campanile.leads.states import LeadStatus
from support.attempts import (
    claim_lead,
    dial,
    end,
    noon_in_new_york,
    rows_of,
    shift_legal_clock,
)
from support.factories import make_campaign, make_leads

pytestmark = pytest.mark.usefixtures("database")

HOUR = timedelta(hours=1)


@pytest.fixture
def lead(monkeypatch: pytest.MonkeyPatch) -> Lead:
    """One that waits to be dialed, at noon in New York."""
    shift_legal_clock(monkeypatch, noon_in_new_york())
    with transaction() as session:
        campaign = make_campaign(session, retry_delay_seconds=3600)
        return make_leads(session, campaign, 1)[0]


def forgotten_dial(
    lead: Lead,
    ledger: Ledger,
    *,
    ago: timedelta = timedelta(),
    attempt_id: UUID | None = None,
) -> Dial:
    """A dial to the lead that stands in the ledger and nowhere else."""
    made = Dial(
        attempt_id=attempt_id or uuid4(),
        root_id=lead.organization_id,
        campaign_id=lead.campaign_id,
        lead_id=lead.id,
        phone_number=lead.phone_number,
        subject="renewal",
        t=(clock.now() - ago).timestamp(),
    )
    ledger.record(made)
    return made


def claimed(lead: Lead) -> UUID:
    with transaction() as session:
        return claim_lead(session, lead)


def now_in_rows(lead: Lead) -> Lead:
    with transaction() as session:
        return session.get_one(Lead, lead.id)


def known_from_the_ledger(session: Session) -> list[LedgerDial]:
    return list(session.exec(select(LedgerDial)).all())


def test_a_forgotten_dial_is_charged_and_waits_out_its_gap(
    lead: Lead, ledger: Ledger
) -> None:
    made = forgotten_dial(lead, ledger, ago=timedelta(minutes=10))
    for _ in range(3):
        reconcile(ledger)
    after = now_in_rows(lead)
    assert (after.status, after.attempts) == (LeadStatus.PENDING, 1)
    assert abs(after.next_attempt_at.timestamp() - made.t - 3600) < 0.01
    with transaction() as session:
        (row,) = known_from_the_ledger(session)
    assert (row.attempt_id, row.subject, row.answered) == (
        made.attempt_id,
        "renewal",
        False,
    )


def test_who_answered_a_forgotten_call_is_followed_up_by_hand(
    lead: Lead, ledger: Ledger
) -> None:
    made = forgotten_dial(lead, ledger)
    ledger.answered(made.attempt_id, t=made.t + 9)
    reconcile(ledger)
    after = now_in_rows(lead)
    assert (after.status, after.reason) == (LeadStatus.FAILED, FOLLOW_UP)


def test_an_answer_may_come_in_a_later_part_of_the_file(
    lead: Lead, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "BATCH", 1)
    made = forgotten_dial(lead, ledger)
    ledger.answered(made.attempt_id, t=made.t + 9)
    reconcile(ledger)
    assert now_in_rows(lead).status == LeadStatus.FAILED


@pytest.mark.parametrize("batch", [1, 1000])
def test_a_dial_that_was_withdrawn_is_no_dial(
    lead: Lead, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(reconciling, "BATCH", batch)
    made = forgotten_dial(lead, ledger)
    ledger.withdrawn(made.attempt_id, t=made.t + 1)
    reconcile(ledger)
    assert now_in_rows(lead).attempts == 0
    with transaction() as session:
        assert known_from_the_ledger(session) == []


def test_what_the_database_knows_is_left_alone(lead: Lead, ledger: Ledger) -> None:
    attempt_id = claimed(lead)
    assert isinstance(dial(attempt_id, ledger), Go)
    reconcile(ledger)
    attempt, after = rows_of(attempt_id)
    assert (attempt.state, after.status, after.attempts) == ("dialing", "calling", 1)
    with transaction() as session:
        assert known_from_the_ledger(session) == []


@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize("released", [False, True])
def test_a_reservation_that_was_dialed_after_the_backup_ends_as_unknown(
    lead: Lead, ledger: Ledger, *, answered: bool, released: bool
) -> None:
    """It was claimed when the backup was taken; a sweep may have let it go since."""
    attempt_id = claimed(lead)
    attempt, _ = rows_of(attempt_id)
    made = forgotten_dial(lead, ledger)
    ledger.record(replace(made, attempt_id=attempt_id))
    if answered:
        ledger.answered(attempt_id, t=made.t + 9)
    if released:
        with transaction() as session:
            release(session, attempt_id, reason="late", again_at=clock.now())
    reconcile(ledger)
    attempt, after = rows_of(attempt_id)
    assert (attempt.state, attempt.disposition) == ("ended", "unknown")
    assert attempt.charged
    assert after.attempts == 2
    assert after.status == (LeadStatus.FAILED if answered else LeadStatus.PENDING)
    if not answered:
        assert after.next_attempt_at > clock.now() + HOUR - timedelta(seconds=60)
    assert isinstance(dial(attempt_id, ledger), Stay)  # its message comes after all


@pytest.mark.parametrize("batch", [1, 1000])
@pytest.mark.parametrize("released", [False, True])
def test_a_reservation_whose_dial_was_withdrawn_after_the_backup_was_never_dialed(
    lead: Lead,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
    *,
    released: bool,
    batch: int,
) -> None:
    """Whether both lines are read in one part of the file or not."""
    monkeypatch.setattr(reconciling, "BATCH", batch)
    attempt_id = claimed(lead)
    made = forgotten_dial(lead, ledger, attempt_id=attempt_id)
    ledger.withdrawn(attempt_id, t=made.t + 1)
    if released:
        with transaction() as session:
            release(session, attempt_id, reason="late", again_at=clock.now())
    reconcile(ledger)
    attempt, after = rows_of(attempt_id)
    assert attempt.state == ("void" if released else "claimed")
    assert (attempt.charged, after.attempts) == (False, 0)


def test_a_withdrawal_that_the_ledger_does_not_know_yet_stands(
    lead: Lead, ledger: Ledger
) -> None:
    """Somebody reads between the commit and the line, or the line never comes."""
    attempt_id = claimed(lead)
    assert isinstance(dial(attempt_id, ledger), Go)
    with transaction() as session:
        assert withdraw(
            session, attempt_id, worker_id="w", reason="late", again_at=clock.now()
        )
        session.execute(sa.delete(LedgerMark))
    reconcile(ledger)
    attempt, after = rows_of(attempt_id)
    assert (attempt.state, attempt.charged, after.attempts) == ("void", False, 0)


def test_a_lead_whose_reservation_was_dialed_after_the_backup_is_one_that_was_rung(
    lead: Lead, ledger: Ledger
) -> None:
    """What nobody ever rang may be deleted, with its dials."""
    attempt_id = claimed(lead)
    forgotten_dial(lead, ledger, attempt_id=attempt_id)
    reconcile(ledger)
    with transaction() as session:
        campaign = session.get_one(Campaign, lead.campaign_id)
        editing.remove(session, campaign, lead.id)
    attempt, after = rows_of(attempt_id)
    assert attempt.disposition == Disposition.UNKNOWN
    assert (after.status, after.reason) == (LeadStatus.SKIPPED, "removed")


def test_a_reservation_that_is_being_given_up_at_that_moment_was_dialed_all_the_same(
    lead: Lead, ledger: Ledger
) -> None:
    attempt_id = claimed(lead)
    forgotten_dial(lead, ledger, attempt_id=attempt_id)
    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:  # the sweep's
            assert release(session, attempt_id, reason="too late", again_at=clock.now())
            reading = pool.submit(reconcile, ledger)
            time.sleep(0.3)
            assert not reading.done()
        reading.result()
    with transaction() as session:
        attempt = session.get_one(Attempt, attempt_id)
    assert (attempt.state, attempt.disposition) == ("ended", "unknown")
    assert now_in_rows(lead).attempts == 1


def test_an_answer_that_the_rows_missed_makes_a_lost_call_a_persons_business(
    lead: Lead, ledger: Ledger
) -> None:
    """The database was away when the callee picked up, then a sweep gave up the call."""
    attempt_id = claimed(lead)
    dial(attempt_id, ledger)
    end(attempt_id, Disposition.UNKNOWN)
    ledger.answered(attempt_id, t=clock.now().timestamp())
    reconcile(ledger)
    attempt, after = rows_of(attempt_id)
    assert attempt.answered_at is not None
    assert after.status == LeadStatus.FAILED


def test_dials_of_an_installation_that_this_is_not_are_passed_over(
    lead: Lead, ledger: Ledger
) -> None:
    lead.organization_id = uuid4()
    forgotten_dial(lead, ledger)
    reconcile(ledger)
    with transaction() as session:
        assert known_from_the_ledger(session) == []


def test_processes_that_start_together_charge_once(
    lead: Lead, ledger: Ledger, ledger_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "BATCH", 3)
    for _ in range(20):
        forgotten_dial(lead, ledger)
    books = [Ledger(ledger_path) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(reconcile, books))
    for book in books:
        book.close()
    assert now_in_rows(lead).attempts == 20


def test_nothing_is_dialed_before_the_ledger_was_read(
    lead: Lead, ledger: Ledger
) -> None:
    """Nobody called `reconcile`: the claim does, and then sees what it must not do."""
    forgotten_dial(lead, ledger)
    attempt_id = claimed(lead)
    assert isinstance(dial(attempt_id, ledger), Stay)
    attempt, after = rows_of(attempt_id)
    assert (attempt.state, after.status) == ("void", "pending")
    assert after.next_attempt_at > clock.now() + HOUR - timedelta(seconds=60)


def test_rows_put_back_under_a_running_process_are_noticed_by_the_next_claim(
    lead: Lead, ledger: Ledger
) -> None:
    reconcile(ledger)
    with transaction() as session:
        read = standing(session, ledger.ledger_id)
    assert ledger.agrees_with(read)
    forgotten_dial(lead, ledger)
    with transaction() as session:
        session.execute(sa.delete(LedgerMark))
    assert isinstance(dial(claimed(lead), ledger), Stay)
    assert now_in_rows(lead).attempts == 1


def test_without_a_ledger_nobody_is_dialed_and_nobody_is_lost(
    lead: Lead, ledger: Ledger, ledger_path: Path
) -> None:
    attempt_id = claimed(lead)
    reconcile(ledger)
    ledger_path.unlink()
    ledger_path.mkdir()  # cannot be opened for writing, not even by root
    decision = dial(attempt_id, ledger)
    assert isinstance(decision, Stay)
    assert "ledger" in decision.reason
    attempt, after = rows_of(attempt_id)
    assert (attempt.state, after.status, after.attempts) == ("void", "pending", 0)
    assert after.reason == decision.reason


def test_a_ledger_that_fails_after_the_commit_takes_the_dial_back(
    lead: Lead, ledger: Ledger, ledger_path: Path
) -> None:
    class Broken(Ledger):
        def record(self, dial: Dial) -> None:
            self.close()
            ledger_path.rename(ledger_path.with_suffix(".gone"))
            ledger_path.mkdir()
            super().record(dial)

    attempt_id = claimed(lead)
    broken = Broken(ledger_path)
    assert isinstance(dial(attempt_id, broken), Stay)
    attempt, after = rows_of(attempt_id)
    assert (attempt.state, attempt.dialed_at, after.attempts) == ("void", None, 0)
    assert after.status == LeadStatus.PENDING
    ledger_path.rmdir()
    ledger_path.with_suffix(".gone").rename(ledger_path)


def test_a_campaign_whose_attempts_were_deleted_still_counts_by_the_ledger(
    lead: Lead, ledger: Ledger
) -> None:
    attempt_id = claimed(lead)
    dial(attempt_id, ledger)
    end(attempt_id, Disposition.NO_ANSWER)
    with transaction() as session:
        session.execute(sa.delete(Campaign))
    reconcile(ledger)
    with transaction() as session:
        (row,) = session.exec(
            select(LedgerDial).where(col(LedgerDial.attempt_id) == attempt_id)
        ).all()
        assert session.get(Attempt, attempt_id) is None
    assert row.phone_number == lead.phone_number
