"""`/campaigns/{id}/leads` (platform-api.md 2.1, rows 44 to 46)."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from campanile.api.deps import CampaignDep, SessionDep
from campanile.leads import editing
from campanile.leads.editing import LeadCreate
from campanile.leads.states import LeadStatus

router = APIRouter(prefix="/campaigns/{campaign_id}/leads", tags=["leads"])


class LeadRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    campaign_id: UUID
    phone_number: str
    variables: dict[str, str]
    status: LeadStatus
    disposition: str | None
    reason: str
    attempts: int
    next_attempt_at: datetime
    last_attempt_at: datetime | None
    not_before: datetime | None
    not_after: datetime | None
    callback_at: datetime | None
    consent_basis: str | None
    consent_text: str | None
    consent_source: str | None
    consent_at: datetime | None
    created_at: datetime


class One(BaseModel):
    lead: LeadRead


class Pagination(BaseModel):
    total: int
    limit: int
    offset: int


class Many(BaseModel):
    leads: list[LeadRead]
    pagination: Pagination


class Done(BaseModel):
    success: bool = True


@router.get("")
def list_leads(
    campaign: CampaignDep,
    session: SessionDep,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
) -> Many:
    rows = editing.page(session, campaign, limit=limit, offset=offset)
    total = editing.count(session, campaign).total
    return Many(
        leads=[LeadRead.model_validate(row) for row in rows],
        pagination=Pagination(total=total, limit=limit, offset=offset),
    )


@router.post("", status_code=201)
def add_lead(wanted: LeadCreate, campaign: CampaignDep, session: SessionDep) -> One:
    return One(lead=LeadRead.model_validate(editing.add(session, campaign, wanted)))


@router.get("/{lead_id}")
def get_lead(lead_id: UUID, campaign: CampaignDep, session: SessionDep) -> One:
    return One(lead=LeadRead.model_validate(editing.find(session, campaign, lead_id)))


@router.delete("/{lead_id}")
def remove_lead(lead_id: UUID, campaign: CampaignDep, session: SessionDep) -> Done:
    editing.remove(session, campaign, lead_id)
    return Done()
