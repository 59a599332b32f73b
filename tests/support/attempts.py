"""Attempts for tests, made without the tick: a claimed one, and one taken to its end."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, select

from campanile import clock
from campanile.calls.lifecycle import Ending, finish
from campanile.calls.models import Attempt
from campanile.calls.outcomes import Disposition
from campanile.capacity.send_times import ANY_TIME
from campanile.config import settings
from campanile.db import transaction
from campanile.dialing.decision import Go, Stay, claim_dial
from campanile.dialing.ledger import Ledger
from campanile.leads.models import Lead
from campanile.leads.states import LeadStatus
from campanile.numbers.models import PhoneNumber
from campanile.organizations.models import Organization
from support.factories import LEASE


def claim_lead(session: Session, lead: Lead, **values: Any) -> UUID:
    """A `claimed` attempt for this lead, as the tick would insert it."""
    lead = session.get_one(Lead, lead.id)
    root_id = session.get_one(Organization, lead.organization_id).root_id
    caller = session.exec(select(PhoneNumber)).first()
    assert caller is not None
    moment = clock.now()
    wanted: dict[str, Any] = {
        "number": 1,
        "claimed_at": moment,
        "renewed_at": moment,
        "lease_until": moment + LEASE,
        **values,
    }
    attempt = Attempt(
        organization_id=lead.organization_id,
        root_id=root_id,
        campaign_id=lead.campaign_id,
        lead_id=lead.id,
        trunk_id=caller.trunk_id,
        phone_number=lead.phone_number,
        caller_id=caller.phone_number,
        **wanted,
    )
    lead.status = LeadStatus.CALLING
    session.add(attempt)
    session.flush()
    return attempt.id


def dial(
    attempt_id: UUID, ledger: Ledger, worker: str = "w", *, within: float = ANY_TIME
) -> Go | Stay:
    return claim_dial(
        attempt_id, worker_id=worker, lease=LEASE, ledger=ledger, within=within
    )


def rows_of(attempt_id: UUID) -> tuple[Attempt, Lead]:
    with transaction() as session:
        attempt = session.get_one(Attempt, attempt_id)
        return attempt, session.get_one(Lead, attempt.lead_id)


def end(attempt_id: UUID, disposition: Disposition, **facts: Any) -> bool:
    """As the worker that held the call reports it; answers whether it was recorded."""
    with transaction() as session:
        return finish(session, attempt_id, Ending(disposition, "test", **facts))


def shift_legal_clock(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setenv("CAMPANILE_CLOCK_OFFSET", str(seconds))
    settings.cache_clear()


def noon_in_new_york() -> float:
    """The legal clock's offset, in seconds, at which it is noon there now."""
    moment = clock.now()
    noon = moment.replace(hour=17, minute=0, second=0, microsecond=0)
    return (noon - moment) / timedelta(seconds=1)
