"""Claim leads from open buckets and reserve an attempt for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, update

from campanile.calls.models import Attempt
from campanile.campaigns.models import Campaign
from campanile.clock import now
from campanile.leads.models import Lead
from campanile.leads.states import LeadStatus
from campanile.numbers.models import PhoneNumber
from campanile.organizations.models import Organization

BUSY_NUMBER_GAP = timedelta(seconds=30)
"""Another campaign is ringing the same number: look again after this."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What one campaign may claim in this tick."""

    campaign: Campaign
    caller: PhoneNumber
    profiles: Sequence[int]
    count: int


def claim(session: Session, wanted: Claim, *, lease: timedelta) -> list[UUID]:
    """Take up to `count` due leads and answer the ids of their new attempts.

    SKIP LOCKED: a second scheduler takes other leads. The unique index on live numbers
    refuses a number that another campaign is ringing; such a lead steps back.
    """
    leads = _lock_due(session, wanted)
    if not leads:
        return []
    root_id = session.get_one(Organization, wanted.campaign.organization_id).root_id
    moment = now()
    rows = [
        {
            "id": uuid4(),
            "organization_id": wanted.campaign.organization_id,
            "root_id": root_id,
            "campaign_id": wanted.campaign.id,
            "lead_id": lead_id,
            "trunk_id": wanted.caller.trunk_id,
            "number": tries + 1,
            "phone_number": phone_number,
            "caller_id": wanted.caller.phone_number,
            "state": "claimed",
            "claimed_at": moment,
            "renewed_at": moment,
            "lease_until": moment + lease,
        }
        for lead_id, phone_number, tries in leads
    ]
    made = session.execute(
        insert(Attempt)
        .values([{**_DEFAULTS, **row} for row in rows])
        .on_conflict_do_nothing()
        .returning(col(Attempt.id), col(Attempt.lead_id))
    ).all()
    claimed = {lead_id for _, lead_id in made}
    _set(session, claimed, status=LeadStatus.CALLING, reason="", last_attempt_at=moment)
    held_back = {lead_id for lead_id, _, _ in leads} - claimed
    _set(
        session,
        held_back,
        next_attempt_at=moment + BUSY_NUMBER_GAP,
        reason="the number is being rung by another campaign",
    )
    return [attempt_id for attempt_id, _ in made]


_DEFAULTS = {
    "charged": False,
    "messages": [],
    "timings": {},
    "analysis_tries": 0,
}


def _lock_due(session: Session, wanted: Claim) -> list[tuple[UUID, str, int]]:
    """(lead, number, attempts so far), oldest first over all open buckets."""
    rows = session.execute(
        sa.text(
            """
            WITH due AS (
              SELECT l.id, l.phone_number
                FROM unnest(CAST(:profiles AS int[])) AS p(id)
               CROSS JOIN LATERAL (
                     SELECT id, phone_number, next_attempt_at FROM lead
                      WHERE campaign_id = :campaign AND profile_id = p.id
                        AND status = 'pending' AND next_attempt_at <= now()
                      ORDER BY next_attempt_at
                      LIMIT :count FOR UPDATE SKIP LOCKED) l
               ORDER BY l.next_attempt_at
               LIMIT :count)
            SELECT due.id, due.phone_number,
                   (SELECT count(*) FROM attempt a WHERE a.lead_id = due.id)
              FROM due
            """
        ),
        {
            "profiles": list(wanted.profiles),
            "campaign": wanted.campaign.id,
            "count": wanted.count,
        },
    )
    return [(lead, number, int(tries)) for lead, number, tries in rows]


def _set(session: Session, leads: set[UUID], **values: object) -> None:
    if leads:
        session.execute(
            update(Lead)
            .where(col(Lead.id).in_(leads), col(Lead.status) == LeadStatus.PENDING)
            .values(**values)
        )
