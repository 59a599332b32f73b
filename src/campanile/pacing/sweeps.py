"""What the scheduler repairs: expired leases, unsent reports, lost messages and leads.

Every sweep is a function of the rows alone and may run twice at once. Each takes a batch
that fits one short transaction; the caller repeats it while it finds something.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select, update

from campanile.calls.lifecycle import abandon, release
from campanile.calls.models import Attempt
from campanile.calls.outcomes import Disposition
from campanile.calls.states import LIVE, AttemptState
from campanile.capacity.anomalies import watch
from campanile.clock import now
from campanile.config import settings
from campanile.leads.models import Lead
from campanile.leads.states import LeadStatus

ANALYSIS_LEASE = timedelta(seconds=45)
"""A report whose message was lost is asked for again after this."""
REPORTS = 200
EXPIRED = 50
"""Closing one takes some ten statements."""
SKIPPED = 2000
REMINDERS = (3.0, 9.0, 18.0)
"""Seconds after which the message of an attempt that nobody took is sent again."""


def close_expired(
    session: Session, *, before: datetime | None = None
) -> tuple[int, int]:
    """Void reservations that expired before then (now), close such calls as `unknown`;
    answer how many."""
    quarantine = timedelta(seconds=settings().quarantine_seconds)
    expired = session.exec(
        select(Attempt)
        .where(
            col(Attempt.state).in_(LIVE), col(Attempt.lease_until) < (before or now())
        )
        .order_by(col(Attempt.lease_until))
        .limit(EXPIRED)
        .with_for_update(skip_locked=True)
    ).all()
    voided = closed = 0
    lost: dict[UUID, UUID] = {}
    for attempt in expired:
        if attempt.state == AttemptState.CLAIMED:
            voided += release(
                session, attempt.id, reason="no worker took it in time", again_at=now()
            )
        elif abandon(session, attempt, quarantine=quarantine):
            closed += 1
            lost[attempt.campaign_id] = attempt.id
    for attempt_id in lost.values():
        watch(session, attempt_id)
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
        .limit(REPORTS)
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


def not_taken(session: Session, *, every: float) -> list[UUID]:
    """Claimed attempts whose message may be lost, asked for each `every` seconds.

    Nothing is kept: an attempt is named in the turn in which it reaches one of the ages.
    """
    moment = now()
    ages = [(seconds, seconds + every) for seconds in REMINDERS]
    waiting = session.exec(
        select(Attempt.id).where(
            Attempt.state == AttemptState.CLAIMED,
            col(Attempt.lease_until) > moment,
            sa.or_(
                *(
                    sa.and_(
                        col(Attempt.claimed_at) <= moment - timedelta(seconds=since),
                        col(Attempt.claimed_at) > moment - timedelta(seconds=until),
                    )
                    for since, until in ages
                )
            ),
        )
    )
    return list(waiting)


def skip_waiting(session: Session, campaigns: Sequence[UUID], reason: str) -> int:
    """Nobody who still waits in these campaigns will be rung: say so."""
    if not campaigns:
        return 0
    skipped = session.execute(
        sa.text(
            """
            UPDATE lead SET status = :skipped, reason = :reason
             WHERE status = 'pending' AND id = ANY (ARRAY(
               SELECT waiting.id
                 FROM unnest(CAST(:campaigns AS uuid[])) AS c(id)
                CROSS JOIN LATERAL (
                      SELECT id FROM lead
                       WHERE campaign_id = c.id AND status = 'pending'
                       ORDER BY profile_id, next_attempt_at
                       LIMIT :most FOR UPDATE SKIP LOCKED) waiting
                LIMIT :most))
            RETURNING id
            """
        ),
        {
            "campaigns": list(campaigns),
            "skipped": LeadStatus.SKIPPED.value,
            "reason": reason,
            "most": SKIPPED,
        },
    )
    return len(skipped.scalars().all())


def return_lost(session: Session, *, before: datetime) -> list[UUID]:
    """Leads that are `calling` although no attempt of theirs lives, since before then.

    It must not happen; where it does nobody would ever be rung again, nor the campaign
    end. They go on as after an attempt of unknown outcome: a person follows up where
    the callee had answered, the others wait for the campaign's retry delay.
    """
    lost = session.execute(_LOST, {"before": before}).all()
    for lead_id, answered, retry_delay in lost:
        again_at = now() + timedelta(seconds=retry_delay)
        session.execute(
            update(Lead)
            .where(col(Lead.id) == lead_id, col(Lead.status) == LeadStatus.CALLING)
            .values(
                status=LeadStatus.FAILED if answered else LeadStatus.PENDING,
                next_attempt_at=again_at,
                reason="its call was lost: follow up by hand" if answered else "",
            )
        )
    return [lead_id for lead_id, _, _ in lost]


_LOST = sa.text(
    """
    SELECT l.id, COALESCE(last.answered_at IS NOT NULL, false), c.retry_delay_seconds
      FROM lead l
      JOIN campaign c ON c.id = l.campaign_id
      LEFT JOIN LATERAL (
           SELECT answered_at, state, COALESCE(ended_at, claimed_at) AS moved_at
             FROM attempt WHERE lead_id = l.id
            ORDER BY claimed_at DESC LIMIT 1) last ON true
     WHERE l.status = 'calling'
       AND COALESCE(last.state IN ('ended', 'reported', 'void')
                    AND last.moved_at < :before, true)
     LIMIT 200
       FOR UPDATE OF l SKIP LOCKED
    """
)
