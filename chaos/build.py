"""The world of one round, written into the product's tables through the product."""

from datetime import time
from uuid import UUID

from sqlmodel import Session

from campanile.agents.config import AgentConfig
from campanile.agents.models import Agent
from campanile.campaigns import lifecycle
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import CampaignStatus
from campanile.leads.columns import said_by
from campanile.leads.importing import import_rows
from campanile.leads.lists import Row
from campanile.leads.suppression import suppress
from campanile.numbers.models import PhoneNumber
from campanile.organizations.models import Organization
from campanile.trunks.models import Trunk
from chaos.world import World

AGENT = AgentConfig(
    name="Chaos",
    first_message="Hello, this is a call about your house.",
    max_duration_seconds=60,
)


def build(session: Session, world: World) -> None:
    """All rows of the world; every campaign is scheduled when this commits."""
    for organization in world["organizations"]:
        session.add(_organization(organization))
        session.flush()
    for trunk in world["trunks"]:
        session.add(_trunk(trunk))
    session.flush()
    for campaign in world["campaigns"]:
        _campaign(session, campaign)
    for entry in world["suppressed"]:
        suppress(
            session,
            entry["number"],
            root_id=_id(entry["root"]),
            campaign_id=_id(entry["campaign"]),
            reason="was there before",
            source="chaos",
        )
    leads: dict[str, list[World]] = {c["id"]: [] for c in world["campaigns"]}
    for lead in world["leads"]:
        leads[lead["campaign"]].append(lead)
    for campaign_id, listed in leads.items():
        campaign = session.get_one(Campaign, UUID(campaign_id))
        _import(session, campaign, listed)
        lifecycle.move(session, campaign, CampaignStatus.SCHEDULED)


def _organization(organization: World) -> Organization:
    caps = {f"max_calls_{name}": most for name, most in organization["caps"].items()}
    return Organization(
        id=UUID(organization["id"]),
        name=organization["id"][:8],
        parent_id=_id(organization["parent"]),
        root_id=UUID(organization["root"]),
        **caps,
    )


def _trunk(trunk: World) -> Trunk:
    return Trunk(
        id=UUID(trunk["id"]),
        organization_id=UUID(trunk["organization"]),
        name=trunk["id"][:8],
        address="rehearsal.invalid",
        channels=trunk["channels"],
        calls_per_second=trunk["cps"],
    )


def _campaign(session: Session, campaign: World) -> None:
    organization_id = UUID(campaign["organization"])
    agent = Agent(
        organization_id=organization_id,
        name=AGENT.name,
        config=AGENT.model_dump(mode="json", by_alias=True),
    )
    session.add(agent)
    session.flush()
    number = PhoneNumber(
        organization_id=organization_id,
        phone_number=campaign["caller_id"],
        agent_id=agent.id,
        trunk_id=UUID(campaign["trunk"]),
    )
    session.add(number)
    session.flush()
    caps = {f"max_calls_{name}": most for name, most in campaign["caps"].items()}
    session.add(
        Campaign(
            id=UUID(campaign["id"]),
            organization_id=organization_id,
            agent_id=agent.id,
            number_id=number.id,
            name=campaign["id"][:8],
            timezone=campaign["timezone"],
            schedule_start_time=time.fromisoformat(campaign["start"]),
            schedule_end_time=time.fromisoformat(campaign["end"]),
            ring_timeout_seconds=campaign["ring_timeout"],
            retry_delay_seconds=campaign["retry_delay"],
            max_attempts=campaign["max_attempts"],
            max_concurrent=campaign["max_concurrent"],
            subject=campaign["subject"],
            consent_required=campaign["consent_required"],
            regions=campaign["regions"],
            max_minutes=campaign["max_minutes"],
            **caps,
        )
    )
    session.flush()


def _import(session: Session, campaign: Campaign, leads: list[World]) -> None:
    rows = [
        Row(line=line, phone=lead["number"], variables={}, said=said_by(_columns(lead)))
        for line, lead in enumerate(leads, start=2)
    ]
    report = import_rows(session, campaign, rows)
    if report.added != len(leads):
        raise SystemExit(f"Leads were refused: {report.rejected[:5]}")


def _columns(lead: World) -> dict[str, str]:
    columns: dict[str, str] = {}
    if lead["zone_told"]:
        columns["timezone"] = lead["zones"][0]
    if lead["state_told"]:
        columns["state"] = lead["jurisdictions"][0].removeprefix("US-")
    if lead["consent"]:
        columns["consent_basis"] = "written"
    return columns | {
        name: lead[name] for name in ("not_before", "not_after") if name in lead
    }


def _id(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)
