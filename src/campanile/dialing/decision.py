"""The claim of a dial: the last look at the rules and the charge, in one transaction.

When this has committed an INVITE may be sent, once; nothing else may send one.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select, update

from campanile.calls.lifecycle import advance, release
from campanile.calls.models import Attempt
from campanile.calls.states import AttemptState
from campanile.campaigns.hours import campaign_hours
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import CampaignStatus
from campanile.capacity.send_times import reserve
from campanile.clock import clock_offset, legal_now, now, real_instant
from campanile.compliance.hours import Place
from campanile.compliance.may_dial import Facts, Refused, may_dial
from campanile.dialing.ledger import Ledger
from campanile.leads.models import Lead
from campanile.leads.suppression import suppression_of
from campanile.numbers.models import DialProfile


@dataclass(frozen=True, slots=True)
class Go:
    """Send the INVITE in `seconds` from now."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Stay:
    """Do not dial; the reservation is void already."""

    reason: str


def claim_dial(
    session: Session,
    attempt_id: UUID,
    *,
    worker_id: str,
    lease: timedelta,
    ledger: Ledger,
) -> Go | Stay:
    attempt = session.get(Attempt, attempt_id)
    if attempt is None or attempt.state != AttemptState.CLAIMED:
        return Stay("somebody else took it, or it ran out")
    _lock_number(session, attempt)
    decision = may_dial(_facts(session, attempt), legal_now())
    if isinstance(decision, Refused):
        again_at = None if decision.until is None else real_instant(decision.until)
        release(session, attempt_id, reason=decision.reason, again_at=again_at)
        return Stay(decision.reason)
    moment = now()
    if not advance(
        session,
        attempt_id,
        AttemptState.DIALING,
        worker_id=worker_id,
        charged=True,
        dialed_at=moment,
        renewed_at=moment,
        lease_until=moment + lease,
    ):
        return Stay("somebody else took it, or it ran out")
    session.execute(
        update(Lead)
        .where(col(Lead.id) == attempt.lead_id)
        .values(attempts=Lead.attempts + 1, last_attempt_at=moment)
    )
    ledger.record(
        t=moment.timestamp(),
        attempt=attempt_id,
        root=attempt.root_id,
        number=attempt.phone_number,
    )
    return Go(reserve(session, attempt.trunk_id))


def reserve_again(session: Session, trunk_id: UUID) -> Go:
    """The instant was missed; the trunk's rate is kept by taking another."""
    return Go(reserve(session, trunk_id))


def _lock_number(session: Session, attempt: Attempt) -> None:
    """Decisions about one number are made one after the other, whoever makes them."""
    session.execute(
        sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"),
        {"key": f"{attempt.root_id}{attempt.phone_number}"},
    )


def _facts(session: Session, attempt: Attempt) -> Facts:
    campaign = session.get_one(Campaign, attempt.campaign_id)
    lead = session.get_one(Lead, attempt.lead_id)
    profile = session.get_one(DialProfile, lead.profile_id)
    quarantined_until = session.execute(
        select(sa.func.max(Attempt.quarantine_until)).where(
            Attempt.root_id == attempt.root_id,
            Attempt.phone_number == attempt.phone_number,
        )
    ).scalar_one()
    listed = suppression_of(
        session,
        attempt.phone_number,
        root_id=attempt.root_id,
        campaign_id=attempt.campaign_id,
    )
    return Facts(
        phone_number=attempt.phone_number,
        kind="unknown",
        place=Place(tuple(profile.zones), (profile.jurisdiction,)),
        hours=campaign_hours(campaign),
        campaign_runs=campaign.status == CampaignStatus.SCHEDULED,
        suppressed=None if listed is None else listed.reason,
        attempts=lead.attempts,
        max_attempts=campaign.max_attempts,
        ring_timeout=timedelta(seconds=campaign.ring_timeout_seconds),
        quarantined_until=(
            None if quarantined_until is None else quarantined_until + clock_offset()
        ),
    )
