"""Everything one attempt is dialed and talked with, read once, as plain values."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session

from campanile.agents.config import AgentConfig
from campanile.agents.models import Agent
from campanile.agents.templating import render
from campanile.calls.models import Attempt
from campanile.calls.states import AttemptState
from campanile.campaigns.models import Campaign
from campanile.leads.models import Lead
from campanile.numbers.models import DialProfile
from campanile.trunks.models import Trunk


@dataclass(frozen=True, slots=True)
class Plan:
    attempt_id: UUID
    campaign_id: UUID
    trunk_id: UUID
    trunk_address: str
    trunk_username: str | None
    destination: str
    caller_id: str
    ring_timeout: float
    """seconds"""
    agent: AgentConfig
    system_prompt: str
    """rendered"""
    variables: dict[str, str]
    zones: tuple[str, ...]


def read_plan(session: Session, attempt_id: UUID) -> Plan | None:
    """The plan of an attempt that is still to be dialed; None for any other."""
    attempt = session.get(Attempt, attempt_id)
    if attempt is None or attempt.state != AttemptState.CLAIMED:
        return None
    campaign = session.get_one(Campaign, attempt.campaign_id)
    lead = session.get_one(Lead, attempt.lead_id)
    trunk = session.get_one(Trunk, attempt.trunk_id)
    agent = session.get_one(Agent, campaign.agent_id).configuration()
    profile = session.get_one(DialProfile, lead.profile_id)
    variables = {"phone_number": lead.phone_number, **lead.variables}
    return Plan(
        attempt_id=attempt.id,
        campaign_id=campaign.id,
        trunk_id=trunk.id,
        trunk_address=trunk.address,
        trunk_username=trunk.auth_username,
        destination=attempt.phone_number,
        caller_id=attempt.caller_id,
        ring_timeout=campaign.ring_timeout_seconds,
        agent=agent,
        system_prompt=render(system_template(campaign, agent), variables),
        variables=variables,
        zones=tuple(profile.zones),
    )


def system_template(campaign: Campaign, agent: AgentConfig) -> str:
    """The campaign's template replaces the agent's own prompt where there is one."""
    if campaign.system_message_template:
        return campaign.system_message_template
    return "\n\n".join(
        message.content
        for message in agent.llm_config.messages
        if message.role == "system"
    )
