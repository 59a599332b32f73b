"""Rows for tests: sensible defaults, and what a test cares about as arguments."""

from datetime import time, timedelta
from typing import Any

from sqlmodel import Session, select

from campanile.agents.config import AgentConfig
from campanile.agents.models import Agent
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import CampaignStatus
from campanile.capacity.slots import announce
from campanile.leads.editing import page
from campanile.leads.importing import import_rows
from campanile.leads.lists import Row
from campanile.leads.models import Lead
from campanile.numbers.models import PhoneNumber
from campanile.organizations.models import default_organization
from campanile.trunks.models import Trunk

LEASE = timedelta(seconds=30)


def make_trunk(session: Session, **values: Any) -> Trunk:
    organization = default_organization(session)
    wanted = {"name": "t", "address": "sip.invalid", "calls_per_second": 50.0, **values}
    trunk = Trunk(organization_id=organization.id, **wanted)
    session.add(trunk)
    session.flush()
    return trunk


def make_campaign(
    session: Session, *, agent: dict[str, Any] | None = None, **values: Any
) -> Campaign:
    """A running campaign with an agent, a trunk and a number to call from."""
    organization = default_organization(session)
    config = AgentConfig.model_validate({"name": "Ada", **(agent or {})})
    row = Agent(
        organization_id=organization.id,
        name="Ada",
        config=config.model_dump(mode="json", by_alias=True),
    )
    session.add(row)
    session.flush()
    trunk = values.pop("trunk", None)
    if not session.exec(select(PhoneNumber)).first():
        session.add(
            PhoneNumber(
                organization_id=organization.id,
                phone_number="+12125550100",
                agent_id=row.id,
                trunk_id=(trunk or make_trunk(session)).id,
            )
        )
    wanted = {
        "name": "reminders",
        "schedule_start_time": time(0),
        "schedule_end_time": time(23, 59, 59),
        "timezone": "America/New_York",
        "max_concurrent": 50,
        "status": CampaignStatus.SCHEDULED,
        **values,
    }
    campaign = Campaign(organization_id=organization.id, agent_id=row.id, **wanted)
    session.add(campaign)
    session.flush()
    return campaign


def make_leads(session: Session, campaign: Campaign, count: int) -> list[Lead]:
    """`count` leads with numbers +1 212 555 0101 and on."""
    rows = [
        Row(n, f"+1212555{100 + n:04}", {"name": f"L{n}"}) for n in range(1, count + 1)
    ]
    report = import_rows(session, campaign, rows)
    assert report.added == count, report
    return leads_of(session, campaign)


def leads_of(session: Session, campaign: Campaign) -> list[Lead]:
    return page(session, campaign, limit=1000, offset=0)


def make_worker(session: Session, *, slots: int = 50) -> None:
    announce(session, "worker-1", slots=slots, accepting=True, lease=LEASE)
