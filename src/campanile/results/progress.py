"""Where a campaign stands: what `campaign status` and the live table show."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from campanile.calls.models import Attempt
from campanile.calls.states import AttemptState
from campanile.campaigns.models import Campaign
from campanile.clock import now
from campanile.leads.models import Lead
from campanile.leads.states import OPEN, LeadStatus
from campanile.results.hindrances import hindrances


@dataclass(frozen=True, slots=True)
class Progress:
    name: str
    status: str
    leads: int
    waiting: int
    """pending, a retry to come included"""
    dialing: int
    """claimed or INVITE sent, not yet ringing"""
    ringing: int
    talking: int
    done: int
    attempts: int
    """that were dialed"""
    answered: int
    dispositions: dict[str, int]
    started_at: datetime | None
    calls_per_second: float
    """INVITEs over the last ten seconds"""
    seconds_left: float | None
    """at the pace so far; None until something ended"""
    hindrances: list[str]
    """what keeps it from ringing, besides hours: sentences"""

    @property
    def answer_rate(self) -> float:
        return self.answered / self.attempts if self.attempts else 0.0


def progress(session: Session, campaign: Campaign) -> Progress:
    """Counted from the rows at this moment."""
    leads: Counter[LeadStatus] = Counter(
        dict(
            session.execute(
                select(col(Lead.status), sa.func.count())
                .where(Lead.campaign_id == campaign.id)
                .group_by(col(Lead.status))
            ).all()
        )
    )
    states: Counter[AttemptState] = Counter(
        dict(
            session.execute(
                select(col(Attempt.state), sa.func.count())
                .where(Attempt.campaign_id == campaign.id)
                .group_by(col(Attempt.state))
            ).all()
        )
    )
    dialed, answered, recent = session.execute(
        select(
            sa.func.count(col(Attempt.dialed_at)),
            sa.func.count(col(Attempt.answered_at)),
            sa.func.count(col(Attempt.dialed_at)).filter(
                col(Attempt.dialed_at) > now() - timedelta(seconds=10)
            ),
        ).where(Attempt.campaign_id == campaign.id)
    ).one()
    done = sum(count for status, count in leads.items() if status not in OPEN)
    return Progress(
        name=campaign.name,
        status=campaign.status,
        leads=leads.total(),
        waiting=leads[LeadStatus.PENDING],
        dialing=states[AttemptState.CLAIMED] + states[AttemptState.DIALING],
        ringing=states[AttemptState.RINGING],
        talking=states[AttemptState.ANSWERED],
        done=done,
        attempts=dialed,
        answered=answered,
        dispositions=_dispositions(session, campaign.id),
        started_at=campaign.started_at,
        calls_per_second=recent / 10,
        seconds_left=_seconds_left(campaign, done, leads.total()),
        hindrances=hindrances(session, campaign),
    )


def _dispositions(session: Session, campaign_id: UUID) -> dict[str, int]:
    rows = session.execute(
        select(col(Attempt.disposition), sa.func.count())
        .where(
            Attempt.campaign_id == campaign_id, col(Attempt.disposition).is_not(None)
        )
        .group_by(col(Attempt.disposition))
        .order_by(sa.func.count().desc())
    ).all()
    return {str(disposition): count for disposition, count in rows}


def _seconds_left(campaign: Campaign, done: int, total: int) -> float | None:
    if not done or campaign.started_at is None:
        return None
    elapsed = (now() - campaign.started_at).total_seconds()
    return elapsed / done * (total - done)
