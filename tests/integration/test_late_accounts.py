"""A worker has something to tell of a call that the rows have forgotten meanwhile: they
were put back to before the dial, or its campaign was deleted. A wish is kept all the same.
"""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, NoResultFound
from sqlmodel import select

from campanile import clock
from campanile.calls.lifecycle import Ending
from campanile.calls.models import Attempt
from campanile.calls.outcomes import Disposition, EndReason
from campanile.campaigns.models import Campaign
from campanile.db import transaction
from campanile.dialing.accounts import Account, CameTo, OptOut, record
from campanile.dialing.decision import Go
from campanile.dialing.ledger import Ledger
from campanile.dialing.reconcile import reconcile
from campanile.leads.models import Lead, Suppression
from campanile.leads.states import LeadStatus
from support.attempts import (
    claim_lead,
    dial,
    noon_in_new_york,
    rows_of,
    shift_legal_clock,
)
from support.backups import Backup
from support.factories import make_campaign, make_leads

pytestmark = pytest.mark.usefixtures("database")

NEVER_AGAIN = Ending(Disposition.OPTED_OUT, EndReason.OPT_OUT)
NO = Ending(Disposition.REJECTED, "trunk_603", sip_code=603)


@pytest.fixture
def lead(monkeypatch: pytest.MonkeyPatch) -> Lead:
    """One who may be rung: it is noon in New York."""
    shift_legal_clock(monkeypatch, noon_in_new_york())
    with transaction() as session:
        return make_leads(session, make_campaign(session, retry_delay_seconds=60), 1)[0]


@pytest.fixture
def forgotten(lead: Lead, ledger: Ledger, put_back: Backup) -> Attempt:
    """A call that is up while its database comes back as it was before the dial."""
    put_back.take()
    attempt = dialed(lead, ledger)
    ledger.answered(attempt.id, t=clock.now().timestamp())
    put_back.restore()
    return attempt


def dialed(lead: Lead, ledger: Ledger, attempt_id: UUID | None = None) -> Attempt:
    with transaction() as session:
        attempt_id = attempt_id or claim_lead(session, lead)
    assert isinstance(dial(attempt_id, ledger), Go)
    return rows_of(attempt_id)[0]


def wish(attempt: Attempt) -> OptOut:
    return OptOut(
        attempt_id=attempt.id,
        phone_number=attempt.phone_number,
        root_id=attempt.root_id,
    )


def wish_of_an_older_version(attempt: Attempt) -> OptOut:
    return OptOut(attempt_id=attempt.id)


def outcome(attempt: Attempt) -> CameTo:
    return CameTo(attempt_id=attempt.id, ending=NEVER_AGAIN)


def in_rows() -> list[Suppression]:
    with transaction() as session:
        return list(session.exec(select(Suppression)).all())


def in_ledger(ledger: Ledger) -> list[str]:
    return [
        line["entry"] for _, line in ledger.read(0, 100) if line and "entry" in line
    ]


def assert_never_rung_again(lead: Lead, ledger: Ledger) -> None:
    """By nobody of the tree, now and after the next restore."""
    (row,) = in_rows()
    assert (row.phone_number, row.root_id) == (lead.phone_number, lead.organization_id)
    assert row.reason == "asked on a call"
    assert in_ledger(ledger) == [str(row.id)]
    with transaction() as session:
        assert session.get_one(Lead, lead.id).status != LeadStatus.PENDING
        other = make_leads(session, make_campaign(session, name="other"), 1)[0]
        assert other.phone_number == lead.phone_number
        attempt_id = claim_lead(session, other)
    decision = dial(attempt_id, ledger)
    assert not isinstance(decision, Go)
    assert "suppression" in decision.reason


@pytest.mark.parametrize("account", [wish, wish_of_an_older_version, outcome])
def test_who_asked_is_never_rung_again_though_the_rows_never_knew_the_call(
    lead: Lead,
    ledger: Ledger,
    forgotten: Attempt,
    account: Callable[[Attempt], Account],
) -> None:
    with transaction() as session:
        assert session.get(Attempt, forgotten.id) is None
    record(account(forgotten), ledger=ledger)
    record(account(forgotten), ledger=ledger)
    assert_never_rung_again(lead, ledger)


@pytest.mark.parametrize("account", [wish, outcome])
def test_a_wish_that_reached_the_rows_before_they_were_put_back_comes_back_once(
    lead: Lead, ledger: Ledger, put_back: Backup, account: Callable[[Attempt], Account]
) -> None:
    put_back.take()
    attempt = dialed(lead, ledger)
    record(account(attempt), ledger=ledger)
    put_back.restore()
    record(account(attempt), ledger=ledger)
    reconcile(ledger)
    (row,) = in_rows()
    assert row.phone_number == lead.phone_number
    assert str(row.id) in in_ledger(ledger)


def test_a_wish_outlives_the_campaign_that_was_deleted_in_mid_call(
    lead: Lead, ledger: Ledger
) -> None:
    attempt = dialed(lead, ledger)
    with transaction() as session:
        session.execute(sa.delete(Campaign))
    record(wish(attempt), ledger=ledger)
    (row,) = in_rows()
    assert row.phone_number == lead.phone_number
    assert in_ledger(ledger) == [str(row.id)]


def test_a_wish_of_an_organisation_that_is_not_there_is_refused_aloud(
    lead: Lead, ledger: Ledger
) -> None:
    """And so set aside: rows that are put back later may know whom it binds."""
    stranger = OptOut(
        attempt_id=uuid4(), phone_number=lead.phone_number, root_id=uuid4()
    )
    with pytest.raises(IntegrityError):
        record(stranger, ledger=ledger)
    with pytest.raises(NoResultFound):
        record(OptOut(attempt_id=uuid4()), ledger=ledger)
    with pytest.raises(NoResultFound):
        record(CameTo(attempt_id=uuid4(), ending=NEVER_AGAIN), ledger=ledger)


def test_an_outcome_whose_rows_were_put_back_to_before_the_dial_counts(
    lead: Lead, ledger: Ledger, put_back: Backup
) -> None:
    """They have the reservation only. Whoever said no must not become `unknown`, and be
    rung a second time."""
    with transaction() as session:
        attempt_id = claim_lead(session, lead)
    put_back.take()
    dialed(lead, ledger, attempt_id)
    put_back.restore()
    assert record(CameTo(attempt_id=attempt_id, ending=NO), ledger=ledger)
    reconcile(ledger)
    attempt, now = rows_of(attempt_id)
    assert (attempt.disposition, attempt.charged) == (Disposition.REJECTED, True)
    assert now.status == LeadStatus.FAILED


def test_another_outcome_of_a_call_that_nobody_knows_is_nobodys(
    ledger: Ledger, forgotten: Attempt
) -> None:
    assert not record(CameTo(attempt_id=forgotten.id, ending=NO), ledger=ledger)
    assert in_rows() == []
