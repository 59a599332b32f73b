"""Everything one attempt is dialed and talked with, read once, as plain values."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session

from campanile.agents.config import AgentConfig, Message
from campanile.agents.models import Agent
from campanile.calls.models import Attempt
from campanile.calls.states import AttemptState
from campanile.campaigns.models import Campaign
from campanile.leads.models import Lead
from campanile.numbers.models import DialProfile
from campanile.trunks.models import Trunk


@dataclass(frozen=True, slots=True)
class Plan:
    attempt_id: UUID
    root_id: UUID
    campaign_id: UUID
    trunk_id: UUID
    trunk_address: str
    trunk_username: str | None
    destination: str
    caller_id: str
    ring_timeout: float
    """seconds"""
    agent: AgentConfig
    """with the campaign's prompt in place of its own, where there is one"""
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
    return Plan(
        attempt_id=attempt.id,
        root_id=attempt.root_id,
        campaign_id=campaign.id,
        trunk_id=trunk.id,
        trunk_address=trunk.address,
        trunk_username=trunk.auth_username,
        destination=attempt.phone_number,
        caller_id=attempt.caller_id,
        ring_timeout=campaign.ring_timeout_seconds,
        agent=_with_prompt(agent, campaign.system_message_template),
        variables={"phone_number": lead.phone_number, **lead.variables},
        zones=tuple(profile.zones),
    )


def _with_prompt(agent: AgentConfig, template: str | None) -> AgentConfig:
    if not template:
        return agent
    llm = agent.llm_config
    others = [message for message in llm.messages if message.role != "system"]
    messages = [Message(role="system", content=template), *others]
    return agent.model_copy(
        update={"llm_config": llm.model_copy(update={"messages": messages})}
    )
