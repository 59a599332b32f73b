"""`/campaigns`, as the platform has it (platform-api.md 2.1, rows 39 to 43)."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlmodel import Session

from campanile.api.deps import CampaignDep, OrganizationDep, SessionDep
from campanile.calls import removal
from campanile.campaigns import lifecycle
from campanile.campaigns.models import (
    Campaign,
    CampaignBase,
    CampaignCreate,
    CampaignUpdate,
)
from campanile.campaigns.states import CampaignStatus
from campanile.leads import editing
from campanile.leads.editing import LeadCreate

router = APIRouter(prefix="/campaigns", tags=["campaigns"])


class CampaignIn(CampaignCreate):
    leads: list[LeadCreate] = Field(default_factory=list)


class CampaignRead(CampaignBase):
    id: UUID
    timezone: str
    """as it is kept, also where the time-zone data no longer knows it"""
    agent_id: UUID
    number_id: UUID | None
    status: CampaignStatus
    total_leads: int
    completed_leads: int
    failed_leads: int
    paused_reason: str
    held_until: datetime | None
    held_reason: str
    created_at: datetime
    updated_at: datetime


class One(BaseModel):
    campaign: CampaignRead


class Many(BaseModel):
    campaigns: list[CampaignRead]


class Done(BaseModel):
    success: bool = True


@router.get("")
def list_campaigns(session: SessionDep, organization: OrganizationDep) -> Many:
    rows = lifecycle.every(session, organization)
    return Many(campaigns=[_read(session, row) for row in rows])


@router.post("", status_code=201)
def create_campaign(
    wanted: CampaignIn, session: SessionDep, organization: OrganizationDep
) -> One:
    campaign = lifecycle.create(session, organization, wanted)
    for lead in wanted.leads:
        editing.add(session, campaign, lead)
    return One(campaign=_read(session, campaign))


@router.get("/{campaign_id}")
def get_campaign(campaign: CampaignDep, session: SessionDep) -> One:
    return One(campaign=_read(session, campaign))


@router.patch("/{campaign_id}")
def update_campaign(
    wanted: CampaignUpdate, campaign: CampaignDep, session: SessionDep
) -> One:
    return One(campaign=_read(session, lifecycle.change(session, campaign, wanted)))


@router.delete("/{campaign_id}")
def delete_campaign(campaign: CampaignDep, session: SessionDep) -> Done:
    removal.delete_campaign(session, campaign)
    return Done()


def _read(session: Session, campaign: Campaign) -> CampaignRead:
    counts = editing.count(session, campaign)
    return CampaignRead(
        **campaign.model_dump(),
        total_leads=counts.total,
        completed_leads=counts.completed,
        failed_leads=counts.failed,
    )
