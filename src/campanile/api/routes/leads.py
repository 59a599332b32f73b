"""`/campaigns/{id}/leads` (platform-api.md 2.1, rows 44 to 46)."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from campanile.api.deps import CampaignDep, SessionDep
from campanile.api.problems import problem
from campanile.dialing import do_not_call
from campanile.leads import editing
from campanile.leads.consent import OptedOut
from campanile.leads.editing import LeadCreate
from campanile.leads.importing import own_scope, phone_of
from campanile.leads.states import LeadStatus

log = structlog.get_logger(__name__)

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


@router.post("", status_code=201, response_model=One)
def add_lead(
    wanted: LeadCreate, campaign: CampaignDep, session: SessionDep
) -> One | JSONResponse:
    """Who is marked as opted out is no lead, but suppressed in this campaign."""
    try:
        lead = editing.add(session, campaign, wanted)
    except OptedOut as no:  # answered, not raised: the transaction goes on
        number = phone_of(wanted.row()).e164
        told = [f"{number} is suppressed in this campaign"]
        scope = own_scope(session, campaign)
        if warning := do_not_call.write_down(session, [number], scope):
            log.warning("suppression.not_in_ledger", why=warning)
            told.append(warning)
        return problem(no.status, no.message, told)
    return One(lead=LeadRead.model_validate(lead))


@router.get("/{lead_id}")
def get_lead(lead_id: UUID, campaign: CampaignDep, session: SessionDep) -> One:
    return One(lead=LeadRead.model_validate(editing.find(session, campaign, lead_id)))


@router.delete("/{lead_id}")
def remove_lead(lead_id: UUID, campaign: CampaignDep, session: SessionDep) -> Done:
    editing.remove(session, campaign, lead_id)
    return Done()
