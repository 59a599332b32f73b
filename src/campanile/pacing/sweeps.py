"""What the scheduler repairs: expired leases, unsent reports, drained campaigns.

Every sweep is a function of the rows alone and may run twice at once.
"""

from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select, update

from campanile.calls.lifecycle import abandon, release
from campanile.calls.models import Attempt
from campanile.calls.outcomes import Disposition
from campanile.calls.states import LIVE, AttemptState
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import CampaignStatus, sources
from campanile.capacity.anomalies import watch
from campanile.clock import now
from campanile.config import settings
from campanile.leads.models import Lead
from campanile.leads.states import OPEN, LeadStatus

ANALYSIS_LEASE = timedelta(seconds=60)
BATCH = 200


def close_expired(session: Session) -> tuple[int, int]:
    """Void expired reservations, close expired calls as `unknown`; answer how many."""
    quarantine = timedelta(seconds=settings().quarantine_seconds)
    expired = session.exec(
        select(Attempt)
        .where(col(Attempt.state).in_(LIVE), Attempt.lease_until < now())
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    voided = closed = 0
    for attempt in expired:
        if attempt.state == AttemptState.CLAIMED:
            voided += release(
                session, attempt.id, reason="no worker took it in time", again_at=now()
            )
        else:
            closed += abandon(session, attempt, quarantine=quarantine)
            watch(session, attempt.id)
    return voided, closed


def due_reports(session: Session) -> list[UUID]:
    """Lease the ended attempts whose report is to be written; answer their ids.

    An orphan's report waits, because its worker may still come back with the outcome.
    """
    moment = now()
    patience = moment - timedelta(seconds=settings().orphan_report_seconds)
    due = (
        select(Attempt.id)
        .where(
            Attempt.state == AttemptState.ENDED,
            sa.func.coalesce(Attempt.analysis_until, moment) <= moment,
            sa.or_(
                col(Attempt.disposition) != Disposition.UNKNOWN,
                col(Attempt.renewed_at) <= patience,
            ),
        )
        .order_by(col(Attempt.ended_at))
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    leased = session.execute(
        update(Attempt)
        .where(col(Attempt.id).in_(due))
        .values(
            analysis_until=moment + ANALYSIS_LEASE,
            analysis_tries=Attempt.analysis_tries + 1,
        )
        .returning(col(Attempt.id))
        .execution_options(synchronize_session=False)
    )
    return list(leased.scalars())


def complete_drained(session: Session) -> int:
    """Complete running campaigns in which nobody is left to ring and all is reported."""
    drained = session.execute(
        update(Campaign)
        .where(
            col(Campaign.status).in_(sources(CampaignStatus.COMPLETED)),
            sa.exists().where(col(Lead.campaign_id) == Campaign.id),
            ~sa.exists().where(
                col(Lead.campaign_id) == Campaign.id, col(Lead.status).in_(OPEN)
            ),
            ~sa.exists().where(
                col(Attempt.campaign_id) == Campaign.id,
                col(Attempt.state).in_([*LIVE, AttemptState.ENDED]),
            ),
        )
        .values(status=CampaignStatus.COMPLETED, completed_at=now(), updated_at=now())
        .returning(col(Campaign.id))
        .execution_options(synchronize_session=False)
    )
    return len(drained.scalars().all())


def skip_cancelled(session: Session) -> int:
    """Leads of a cancelled campaign will never be rung: say so."""
    skipped = session.execute(
        update(Lead)
        .where(
            col(Lead.status) == LeadStatus.PENDING,
            col(Lead.campaign_id).in_(
                select(Campaign.id).where(Campaign.status == CampaignStatus.CANCELLED)
            ),
        )
        .values(status=LeadStatus.SKIPPED, reason="the campaign was cancelled")
        .returning(col(Lead.id))
        .execution_options(synchronize_session=False)
    )
    return len(skipped.scalars().all())
