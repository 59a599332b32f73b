"""What a worker knows of an attempt before it dials."""

from uuid import uuid4

from campanile.agents.config import AgentConfig
from campanile.dialing.plan import Plan

PLAN = Plan(
    attempt_id=uuid4(),
    root_id=uuid4(),
    campaign_id=uuid4(),
    trunk_id=uuid4(),
    trunk_address="sip.invalid",
    trunk_username=None,
    destination="+12125550101",
    caller_id="+12125550100",
    ring_timeout=30.0,
    agent=AgentConfig(name="Ada", first_message="Hello."),
    variables={},
    zones=("America/New_York",),
)
