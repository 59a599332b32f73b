"""What would keep a campaign from ringing, besides its leads and their hours."""

from collections.abc import Iterator

from sqlmodel import Session, col, select

from campanile.agents.checks import check
from campanile.agents.models import Agent
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import TERMINAL
from campanile.capacity.models import WorkerLease
from campanile.clock import legal_now, now
from campanile.results.hindrances import hindrances


def obstacles(session: Session, campaign: Campaign) -> list[str]:
    """Sentences; none: nothing is in the way."""
    return [
        *_of_the_campaign(campaign),
        *hindrances(session, campaign),
        *_of_the_agent(session, campaign),
        *_of_the_workers(session),
    ]


def _of_the_campaign(campaign: Campaign) -> Iterator[str]:
    if campaign.status in TERMINAL:
        yield f"the campaign is {campaign.status}"
    if campaign.end_date is not None and campaign.end_date < legal_now().date():
        yield f"the campaign's last day was {campaign.end_date}"
    money = (campaign.max_spend, campaign.max_spend_per_day)
    if any(cap is not None for cap in money) and campaign.cost_per_minute is None:
        yield "a cap on money is set, but no cost per minute to count it by"


def _of_the_agent(session: Session, campaign: Campaign) -> Iterator[str]:
    agent = session.get_one(Agent, campaign.agent_id)
    for finding in check(agent.configuration()):
        if finding.level == "error":
            yield f"agent {agent.name}, {finding.where}: {finding.what}"


def _of_the_workers(session: Session) -> Iterator[str]:
    alive = session.exec(
        select(WorkerLease.id).where(
            col(WorkerLease.accepting), col(WorkerLease.lease_until) > now()
        )
    ).first()
    if alive is None:
        yield "no worker takes calls now; is `campanile up` running?"
