"""What the legal decision about one attempt is made from, read from its rows.

Few statements, because all of them stand in the transaction that claims the dial: the
rows around the attempt, the earlier dials of its number, suppression, stops.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from campanile.agents.models import Agent
from campanile.calls.dial_facts import facts_of
from campanile.calls.models import Attempt
from campanile.calls.outcomes import Disposition
from campanile.campaigns.caps import caps_of
from campanile.campaigns.models import Campaign
from campanile.clock import clock_offset
from campanile.compliance.may_dial import DECISION_AGE, Dial, Facts
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


# Built once: to build them anew took more processor time than to run them.
_OWN, _ROOT = aliased(Organization), aliased(Organization)
_AROUND = sa.select(
    Campaign, Lead, DialProfile, Agent, Trunk, _OWN, _ROOT, sa.func.clock_timestamp()
).where(
    col(Attempt.id) == sa.bindparam("attempt"),
    col(Campaign.id) == col(Attempt.campaign_id),
    col(Lead.id) == col(Attempt.lead_id),
    col(DialProfile.id) == col(Lead.profile_id),
    col(Agent.id) == col(Campaign.agent_id),
    col(Trunk.id) == col(Attempt.trunk_id),
    col(_OWN.id) == col(Attempt.organization_id),
    col(_ROOT.id) == col(Attempt.root_id),
)
_EARLIER = sa.text(
    """
    SELECT dialed_at, subject, quarantine_until, lead_id = :lead AS same_lead,
           answered_at IS NOT NULL AS answered, disposition, ended_at,
           false AS from_ledger
      FROM attempt
     WHERE root_id = :root AND phone_number = :number AND id <> :attempt
       AND dialed_at IS NOT NULL
     UNION ALL
    SELECT dialed_at, subject, dialed_at + :rest, lead_id = :lead, answered, NULL, NULL,
           true
      FROM ledger_dial
     WHERE root_id = :root AND phone_number = :number AND attempt_id <> :attempt
    """
)


def read_situation(session: Session, attempt: Attempt) -> Situation:
    """Fresh rows; the caller holds the lock on the number."""
    campaign, lead, profile, agent, trunk, organization, tree, moment = session.execute(
        _AROUND, {"attempt": attempt.id}
    ).one()
    dials = _earlier_dials(session, attempt)
    listed = suppression_of(
        session,
        attempt.phone_number,
        root_id=attempt.root_id,
        campaign_id=attempt.campaign_id,
    )
    facts = facts_of(
        lead,
        campaign,
        place=place_of_profile(profile),
        kind=kind_of(attempt.phone_number),
        caps=caps_of(tree, organization, campaign),
        # A rolling day is counted from the INVITE, not from its decision.
        dials=[
            Dial(dial.at + DECISION_AGE + clock_offset(), dial.subject)
            for dial in dials
        ],
        suppressed=None if listed is None else listed.reason,
        stopped=_stopped(session, attempt, trunk),
        quarantined_until=_quarantined_until(dials),
    )
    if attempt.charged:  # being dialed: the lead's count includes this one
        facts = replace(facts, attempts=lead.attempts - 1)
    rest = rest_of(
        dials,
        retry_delay=timedelta(seconds=campaign.retry_delay_seconds),
        quarantine=timedelta(seconds=settings().quarantine_seconds),
        callback_at=lead.callback_at,
    )
    return Situation(attempt, campaign, lead, agent, trunk, facts, rest, moment)


def _stopped(session: Session, attempt: Attempt, trunk: Trunk) -> str | None:
    if not trunk.is_active:
        return "the trunk is switched off"
    if attempt.organization_id == attempt.root_id:
        organizations = [attempt.root_id]
    else:
        organizations = lineage(session, attempt.organization_id)
    stop = stop_for(
        session,
        organization_ids=organizations,
        campaign_id=attempt.campaign_id,
        trunk_id=attempt.trunk_id,
    )
    return None if stop is None else _words(stop)


def _words(stop: Stop) -> str:
    scope = "everything" if stop.target_id is None else f"this {stop.scope}"
    return f"{scope} is stopped" + (f": {stop.reason}" if stop.reason else "")


def _earlier_dials(session: Session, attempt: Attempt) -> list[EarlierDial]:
    """Every INVITE to the number by anybody of the organisation's tree."""
    rows = session.execute(
        _EARLIER,
        {
            "attempt": attempt.id,
            "lead": attempt.lead_id,
            "root": attempt.root_id,
            "number": attempt.phone_number,
            "rest": timedelta(seconds=settings().quarantine_seconds),
        },
    )
    return [
        EarlierDial(
            at=row.dialed_at,
            subject=row.subject,
            quarantined_until=row.quarantine_until,
            same_lead=row.same_lead,
            answered=row.answered,
            disposition=row.disposition and Disposition(row.disposition),
            ended_at=row.ended_at,
            from_ledger=row.from_ledger,
        )
        for row in rows
    ]


def _quarantined_until(dials: list[EarlierDial]) -> datetime | None:
    until = [d.quarantined_until for d in dials if d.quarantined_until is not None]
    return max(until) + clock_offset() if until else None
