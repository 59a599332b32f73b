"""Campaigns that are over: everybody was rung, the last day has passed, or somebody
cancelled them.

With a thousand campaigns and millions of leads each question must be a look into an
index: a subquery with a LIMIT stays one, where EXISTS became a join over all leads.
"""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from campanile.campaigns.hours import campaign_hours
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import TERMINAL, CampaignStatus
from campanile.clock import legal_now, now
from campanile.compliance.hours import campaign_spans
from campanile.compliance.zones import known_zones
from campanile.pacing.sweeps import skip_waiting


def complete_drained(session: Session) -> int:
    """Complete running campaigns in which nobody is left to ring and all is reported.

    An import under way holds its campaign's row, as does whoever adds a lead; such a
    campaign is passed over. Once the row is ours nobody can add one, so the second look
    is the last word.
    """
    found = session.execute(
        sa.text(f"SELECT c.id FROM campaign c WHERE {_DRAINED} FOR UPDATE SKIP LOCKED")
    )
    candidates = list(found.scalars())
    if not candidates:
        return 0
    drained = session.execute(
        sa.text(
            f"""
            UPDATE campaign c
               SET status = 'completed', completed_at = :moment, updated_at = :moment
             WHERE c.id = ANY (:candidates) AND {_DRAINED}
            RETURNING c.id
            """
        ),
        {"candidates": candidates, "moment": now()},
    )
    return len(drained.scalars().all())


_DRAINED = """
      c.status = 'scheduled'
  AND (SELECT 1 FROM lead WHERE campaign_id = c.id AND status = 'pending'
        ORDER BY profile_id, next_attempt_at LIMIT 1) IS NULL
  AND (SELECT 1 FROM lead WHERE campaign_id = c.id AND status = 'calling' LIMIT 1)
      IS NULL
  AND (SELECT 1 FROM lead WHERE campaign_id = c.id ORDER BY position LIMIT 1)
      IS NOT NULL
  AND (SELECT 1 FROM attempt WHERE campaign_id = c.id
          AND state IN ('claimed', 'dialing', 'ringing', 'answered', 'ended') LIMIT 1)
      IS NULL
"""


def skip_ended(session: Session) -> int:
    """Leads of a campaign that has ended will never be rung: say so, to a batch."""
    return sum(
        skip_waiting(
            session, _with_status(session, status), f"the campaign was {status}"
        )
        for status in sorted(TERMINAL)
    )


def skip_overdue(session: Session) -> int:
    """The same where a running campaign's last window has closed."""
    return skip_waiting(session, _overdue(session), "the campaign's last day is over")


def _with_status(session: Session, status: CampaignStatus) -> Sequence[UUID]:
    return session.exec(select(Campaign.id).where(Campaign.status == status)).all()


def _overdue(session: Session) -> list[UUID]:
    at = legal_now()
    near = session.exec(
        select(Campaign).where(
            Campaign.status == CampaignStatus.SCHEDULED,
            col(Campaign.end_date) <= at.date(),
        )
    ).all()
    # On its last day itself, and in a night that began on it, there is a span to come.
    return [
        campaign.id
        for campaign in near
        if campaign.timezone in known_zones()  # else nobody knows; `status` says it
        and all(
            end <= at for _, end in campaign_spans(campaign_hours(campaign), at.date())
        )
    ]
