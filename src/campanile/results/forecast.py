"""A dry run: who may be rung now, who later, who never and why. Rings nobody."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from campanile.campaigns.hours import campaign_hours
from campanile.campaigns.models import Campaign
from campanile.clock import legal_now, real_instant
from campanile.compliance.hours import Place
from campanile.compliance.may_dial import Allowed, Facts, may_dial
from campanile.leads.models import Lead, Suppression
from campanile.leads.states import LeadStatus
from campanile.numbers.models import DialProfile
from campanile.organizations.models import Organization


@dataclass(slots=True)
class Forecast:
    waiting: int = 0
    open_now: int = 0
    later: int = 0
    never: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    next_opening: datetime | None = None
    """the first instant at which somebody may be rung"""


def forecast(session: Session, campaign: Campaign) -> Forecast:
    """Asks `may_dial` once per kind of lead, not once per lead: lists may be long."""
    root_id = session.get_one(Organization, campaign.organization_id).root_id
    suppressed = sa.exists().where(
        col(Suppression.root_id) == root_id,
        col(Suppression.phone_number) == Lead.phone_number,
    )
    kinds = session.execute(
        select(col(DialProfile.zones), suppressed, col(Lead.attempts), sa.func.count())
        .join(DialProfile, col(DialProfile.id) == Lead.profile_id)
        .where(Lead.campaign_id == campaign.id, Lead.status == LeadStatus.PENDING)
        .group_by(col(DialProfile.zones), suppressed, col(Lead.attempts))
    ).all()
    outlook = Forecast()
    reasons: Counter[str] = Counter()
    for zones, is_suppressed, attempts, count in kinds:
        facts = Facts(
            phone_number="",
            kind="unknown",
            place=Place(tuple(zones)),
            hours=campaign_hours(campaign),
            campaign_runs=True,
            suppressed="listed" if is_suppressed else None,
            attempts=attempts,
            max_attempts=campaign.max_attempts,
            ring_timeout=timedelta(seconds=campaign.ring_timeout_seconds),
        )
        decision = may_dial(facts, legal_now())
        outlook.waiting += count
        if isinstance(decision, Allowed):
            outlook.open_now += count
            continue
        reasons[decision.reason] += count
        if decision.until is None:
            outlook.never += count
            continue
        outlook.later += count
        opening = real_instant(decision.until)
        if outlook.next_opening is None or opening < outlook.next_opening:
            outlook.next_opening = opening
    outlook.reasons = dict(reasons)
    return outlook
