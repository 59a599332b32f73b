"""Before a campaign starts: whom it would ring when, until when, saying what, and what
is in the way. Rings nobody, changes nothing."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select

from campanile.agents.models import Agent
from campanile.agents.templating import missing, render
from campanile.campaigns.lifecycle import caller_id
from campanile.campaigns.models import Campaign
from campanile.errors import Invalid
from campanile.leads.models import Lead
from campanile.leads.states import LeadStatus
from campanile.results.forecast import Forecast, forecast
from campanile.results.obstacles import obstacles
from campanile.results.plan import Plan, plan
from campanile.trunks.models import Trunk

STATEMENT_MS = 30_000
"""A million leads take a second or two; the usual time-out is for the claims."""
SAMPLES = 3


@dataclass(frozen=True, slots=True)
class Sample:
    """What the agent would be told, and say first, to one of the leads."""

    phone_number: str
    prompt: str
    first_message: str
    unresolved: list[str]
    """names in braces that the lead has nothing for"""


@dataclass(frozen=True, slots=True)
class Check:
    forecast: Forecast
    plan: Plan
    samples: list[Sample]
    obstacles: list[str]


def check(session: Session, campaign: Campaign) -> Check:
    session.execute(sa.text(f"SET LOCAL statement_timeout = {STATEMENT_MS}"))
    trunk = _trunk(session, campaign)
    found = forecast(session, campaign)
    return Check(
        forecast=found,
        plan=plan(session, campaign, trunk, found.callable),
        samples=samples(session, campaign),
        obstacles=obstacles(session, campaign),
    )


def _trunk(session: Session, campaign: Campaign) -> Trunk | None:
    try:
        return session.get(Trunk, caller_id(session, campaign).trunk_id)
    except Invalid:  # said among the obstacles
        return None


def samples(session: Session, campaign: Campaign) -> list[Sample]:
    """Of the first, the middle and the last lead that waits."""
    agent = session.get_one(Agent, campaign.agent_id).configuration()
    prompts = [m.content for m in agent.llm_config.messages if m.role == "system"]
    if campaign.system_message_template:
        prompts = [campaign.system_message_template]
    prompt, opening = "\n\n".join(prompts), agent.first_message or ""
    found = []
    for lead in _three(session, campaign):
        variables = {"phone_number": lead.phone_number, **lead.variables}
        texts = (prompt, opening)
        unresolved = [name for text in texts for name in missing(text, variables)]
        found.append(
            Sample(
                phone_number=lead.phone_number,
                prompt=render(prompt, variables),
                first_message=render(opening, variables),
                unresolved=list(dict.fromkeys(unresolved)),
            )
        )
    return found


def _three(session: Session, campaign: Campaign) -> list[Lead]:
    waiting = select(Lead).where(
        Lead.campaign_id == campaign.id, Lead.status == LeadStatus.PENDING
    )
    first = session.exec(waiting.order_by(col(Lead.position)).limit(1)).first()
    last = session.exec(waiting.order_by(col(Lead.position).desc()).limit(1)).first()
    if first is None or last is None:
        return []
    middle = session.exec(
        waiting.where(col(Lead.position) > (first.position + last.position) // 2)
        .order_by(col(Lead.position))
        .limit(1)
    ).first()
    found = {lead.id: lead for lead in (first, middle, last) if lead is not None}
    return list(found.values())[:SAMPLES]
