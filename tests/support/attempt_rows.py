"""Attempts as rows, without anybody dialing: for rules that read how attempts went."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session, select

from campanile.calls.lifecycle import Ending, finish
from campanile.calls.models import Attempt
from campanile.calls.outcomes import Disposition
from campanile.calls.states import AttemptState
from campanile.campaigns.models import Campaign
from campanile.clock import now
from campanile.leads.models import Lead
from campanile.leads.states import LeadStatus
from campanile.numbers.models import PhoneNumber
from support.factories import LEASE


def make_attempt(
    session: Session,
    campaign: Campaign,
    *,
    state: AttemptState = AttemptState.DIALING,
    rang: bool = False,
    answered: bool = False,
    trunk_id: UUID | None = None,
    **values: Any,
) -> Attempt:
    """A live attempt to the first lead that has none; dialed a moment ago, if at all."""
    lead = session.exec(
        select(Lead)
        .where(Lead.campaign_id == campaign.id, Lead.status == LeadStatus.PENDING)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    assert lead is not None, "the campaign needs more leads"
    lead.status = LeadStatus.CALLING
    moment = now()
    dialed = state != AttemptState.CLAIMED
    number = session.exec(select(PhoneNumber)).first()
    assert number is not None
    given: dict[str, Any] = {
        "dialed_at": moment if dialed else None,
        "ringing_at": moment if rang or answered else None,
        "answered_at": moment if answered else None,
        "charged": dialed,
        "worker_id": "w",
        "lease_until": moment + LEASE,
        **values,
    }
    lead.attempts += int(given["charged"])
    attempt = Attempt(
        organization_id=campaign.organization_id,
        root_id=campaign.organization_id,
        campaign_id=campaign.id,
        lead_id=lead.id,
        trunk_id=trunk_id or number.trunk_id,
        number=1,
        phone_number=lead.phone_number,
        caller_id=number.phone_number,
        state=state,
        **given,
    )
    session.add(attempt)
    session.flush()
    return attempt


def end_attempt(
    session: Session,
    attempt: Attempt,
    disposition: Disposition,
    end_reason: str = "",
    *,
    after: timedelta = timedelta(),
    **facts: Any,
) -> None:
    """End it `after` it was dialed, through the one gate."""
    ended_at: datetime | None = None
    if after and attempt.dialed_at is not None:
        ended_at = attempt.dialed_at + after
    ending = Ending(disposition, end_reason, ended_at=ended_at, **facts)
    assert finish(session, attempt.id, ending)
