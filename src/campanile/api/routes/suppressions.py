"""`/suppressions`: the numbers that must not be rung (an extension of the platform).

An organisation's tree, or one campaign; what binds everybody is the operator's to say.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlmodel import Session

from campanile.api.deps import OrganizationDep, SessionDep
from campanile.campaigns import lifecycle
from campanile.errors import NotFound
from campanile.leads import suppression
from campanile.leads.listed_numbers import e164
from campanile.leads.models import Suppression
from campanile.organizations.models import Organization

router = APIRouter(prefix="/suppressions", tags=["suppressions"])


class SuppressionCreate(BaseModel):
    phone_number: str
    campaign_id: UUID | None = None
    """None: in every campaign of the organisation's tree"""
    reason: str = Field(default="", max_length=500)


class SuppressionRead(BaseModel):
    id: UUID
    phone_number: str
    scope: str
    campaign_id: UUID | None
    reason: str
    source: str
    created_at: datetime


class One(BaseModel):
    suppression: SuppressionRead


class Pagination(BaseModel):
    total: int
    limit: int
    offset: int


class Many(BaseModel):
    suppressions: list[SuppressionRead]
    pagination: Pagination


class Done(BaseModel):
    success: bool = True


@router.get("")
def list_suppressions(
    session: SessionDep,
    organization: OrganizationDep,
    phone_number: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Many:
    root_id = session.get_one(Organization, organization).root_id
    wanted = None if phone_number is None else e164(phone_number)
    rows = suppression.entries(
        session, root_id, phone_number=wanted, limit=limit, offset=offset
    )
    total = suppression.count_entries(session, root_id, phone_number=wanted)
    return Many(
        suppressions=[_read(row) for row in rows],
        pagination=Pagination(total=total, limit=limit, offset=offset),
    )


@router.post("", status_code=201)
def add_suppression(
    wanted: SuppressionCreate, session: SessionDep, organization: OrganizationDep
) -> One:
    """Adding a number again changes nothing and answers the entry that was there."""
    if wanted.campaign_id is not None:
        lifecycle.find(session, organization, wanted.campaign_id)
    root_id = session.get_one(Organization, organization).root_id
    phone_number = e164(wanted.phone_number)
    suppression.suppress(
        session,
        phone_number,
        root_id=root_id,
        campaign_id=wanted.campaign_id,
        reason=wanted.reason,
        source="API",
    )
    row = suppression.entry_of(
        session, phone_number, suppression.Scope(root_id, wanted.campaign_id)
    )
    assert row is not None
    return One(suppression=_read(row))


@router.delete("/{suppression_id}")
def remove_suppression(
    suppression_id: UUID, session: SessionDep, organization: OrganizationDep
) -> Done:
    row = _find(session, organization, suppression_id)
    suppression.unsuppress(session, row.phone_number, suppression.scope_of(row))
    return Done()


def _find(session: Session, organization: UUID, suppression_id: UUID) -> Suppression:
    root_id = session.get_one(Organization, organization).root_id
    row = session.get(Suppression, suppression_id)
    if row is None or row.root_id != root_id:
        raise NotFound(f"there is no suppression {suppression_id}")
    return row


def _read(row: Suppression) -> SuppressionRead:
    return SuppressionRead(
        **row.model_dump(exclude={"root_id"}), scope=suppression.scope_of(row).words
    )
