"""What the legal decision about one attempt is made from, read from its rows.

Few statements, because all of them stand in the transaction that claims the dial: the
rows around the attempt, the earlier dials of its number, suppression, stops.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from campanile.agents.models import Agent
from campanile.calls.models import Attempt, LedgerDial
from campanile.campaigns.hours import campaign_hours
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import CampaignStatus
from campanile.clock import clock_offset
from campanile.compliance.may_dial import Caps, Dial, Facts
from campanile.config import settings
from campanile.dialing.gaps import EarlierDial, Rest, rest_of
from campanile.leads.models import Lead
from campanile.leads.suppression import suppression_of
from campanile.numbers.models import DialProfile
from campanile.numbers.phones import kind_of
from campanile.numbers.profiles import place_of_profile
from campanile.organizations.models import Organization
from campanile.organizations.stops import Stop, lineage, stop_for
from campanile.trunks.models import Trunk


@dataclass(frozen=True, slots=True)
class Situation:
    """One attempt and everything that is decided about it."""

    attempt: Attempt
    campaign: Campaign
    lead: Lead
    agent: Agent
    trunk: Trunk
    facts: Facts
    rest: Rest | None
    """the lead's own retry gap, by real time"""
    databases_clock: datetime


def read_situation(session: Session, attempt: Attempt) -> Situation:
    """Fresh rows; the caller holds the lock on the number."""
    own, root = aliased(Organization), aliased(Organization)
    campaign, lead, profile, agent, trunk, organization, tree, moment = session.execute(
        sa.select(
            Campaign,
            Lead,
            DialProfile,
            Agent,
            Trunk,
            own,
            root,
            sa.func.clock_timestamp(),
        ).where(
            col(Attempt.id) == attempt.id,
            col(Campaign.id) == col(Attempt.campaign_id),
            col(Lead.id) == col(Attempt.lead_id),
            col(DialProfile.id) == col(Lead.profile_id),
            col(Agent.id) == col(Campaign.agent_id),
            col(Trunk.id) == col(Attempt.trunk_id),
            col(own.id) == col(Attempt.organization_id),
            col(root.id) == col(Attempt.root_id),
        )
    ).one()
    dials = _earlier_dials(session, attempt)
    listed = suppression_of(
        session,
        attempt.phone_number,
        root_id=attempt.root_id,
        campaign_id=attempt.campaign_id,
    )
    retry_delay = timedelta(seconds=campaign.retry_delay_seconds)
    facts = Facts(
        phone_number=attempt.phone_number,
        kind=kind_of(attempt.phone_number),
        place=place_of_profile(profile),
        hours=campaign_hours(campaign),
        campaign_runs=campaign.status == CampaignStatus.SCHEDULED,
        # Of an attempt that is being dialed the charge is already in its lead.
        attempts=lead.attempts - attempt.charged,
        max_attempts=campaign.max_attempts,
        ring_timeout=timedelta(seconds=campaign.ring_timeout_seconds),
        subject=campaign.subject,
        regions=None if campaign.regions is None else tuple(campaign.regions),
        stopped=_stopped(session, attempt, trunk),
        suppressed=None if listed is None else listed.reason,
        consent_required=campaign.consent_required,
        consented=lead.consent_basis is not None,
        not_before=lead.not_before,
        not_after=lead.not_after,
        dials=tuple(Dial(dial.at + clock_offset(), dial.subject) for dial in dials),
        caps=_caps(tree, organization, campaign),
        quarantined_until=_quarantined_until(dials),
    )
    rest = rest_of(
        dials,
        retry_delay=retry_delay,
        quarantine=timedelta(seconds=settings().quarantine_seconds),
        callback_at=lead.callback_at,
    )
    return Situation(attempt, campaign, lead, agent, trunk, facts, rest, moment)


def stop_on(session: Session, attempt: Attempt) -> Stop | None:
    """What stops the calls of an attempt's campaign, trunk or organisation."""
    if attempt.organization_id == attempt.root_id:
        organizations = [attempt.root_id]
    else:
        organizations = lineage(session, attempt.organization_id)
    return stop_for(
        session,
        organization_ids=organizations,
        campaign_id=attempt.campaign_id,
        trunk_id=attempt.trunk_id,
    )


def words(stop: Stop) -> str:
    scope = "everything" if stop.target_id is None else f"this {stop.scope}"
    return f"{scope} is stopped" + (f": {stop.reason}" if stop.reason else "")


def _stopped(session: Session, attempt: Attempt, trunk: Trunk) -> str | None:
    if not trunk.is_active:
        return "the trunk is switched off"
    stop = stop_on(session, attempt)
    return None if stop is None else words(stop)


def _earlier_dials(session: Session, attempt: Attempt) -> list[EarlierDial]:
    """Every INVITE to the number by anybody of the organisation's tree."""
    rest = timedelta(seconds=settings().quarantine_seconds)
    dialed = sa.select(
        col(Attempt.dialed_at),
        col(Attempt.subject),
        col(Attempt.quarantine_until),
        (col(Attempt.lead_id) == attempt.lead_id),
        col(Attempt.answered_at).is_not(None),
        col(Attempt.disposition),
        col(Attempt.ended_at),
        sa.false(),
    ).where(
        col(Attempt.root_id) == attempt.root_id,
        col(Attempt.phone_number) == attempt.phone_number,
        col(Attempt.id) != attempt.id,
        col(Attempt.dialed_at).is_not(None),
    )
    forgotten = sa.select(
        col(LedgerDial.dialed_at),
        col(LedgerDial.subject),
        col(LedgerDial.dialed_at) + rest,
        (col(LedgerDial.lead_id) == attempt.lead_id),
        col(LedgerDial.answered),
        sa.null(),
        sa.null(),
        sa.true(),
    ).where(
        col(LedgerDial.root_id) == attempt.root_id,
        col(LedgerDial.phone_number) == attempt.phone_number,
        col(LedgerDial.attempt_id) != attempt.id,
    )
    rows = session.execute(sa.union_all(dialed, forgotten)).all()
    return [EarlierDial(*row) for row in rows]


def _quarantined_until(dials: list[EarlierDial]) -> datetime | None:
    until = [d.quarantined_until for d in dials if d.quarantined_until is not None]
    return max(until) + clock_offset() if until else None


def _caps(*sources: Organization | Campaign) -> tuple[Caps, ...]:
    """All count the dials of the whole tree, so a child's can only be stricter."""
    found: dict[tuple[Any, ...], Caps] = {}
    for source in sources:
        limits = (
            source.max_calls_per_24h,
            source.max_calls_per_day,
            source.max_calls_per_week,
            source.max_calls_lifetime,
        )
        if any(limit is not None for limit in limits):
            found[limits] = Caps(*limits)
    return tuple(found.values())
