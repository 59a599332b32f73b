"""`/suppressions`: the numbers that must not be rung (an extension of the platform).

An organisation's tree, or one campaign; what binds everybody is the operator's to say.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, BackgroundTasks, Query
from pydantic import BaseModel, Field
from sqlmodel import Session

from campanile.api.deps import OrganizationDep, SessionDep
from campanile.campaigns import lifecycle
from campanile.dialing import do_not_call
from campanile.errors import NotFound
from campanile.leads import suppression
from campanile.leads.listed_numbers import e164, region_code
from campanile.leads.models import Suppression
from campanile.organizations.models import Organization

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/suppressions", tags=["suppressions"])


class SuppressionCreate(BaseModel):
    phone_number: str
    region: str | None = None
    """ISO 3166, of a number that is written without +"""
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
    warning: str | None = None
    """it is in force, but something about it needs a person"""


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
    offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
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
    region = None if wanted.region is None else region_code(wanted.region)
    phone_number = e164(wanted.phone_number, region)
    suppression.suppress(
        session,
        phone_number,
        root_id=root_id,
        campaign_id=wanted.campaign_id,
        reason=wanted.reason,
        source="API",
    )
    scope = suppression.Scope(root_id, wanted.campaign_id)
    warning = do_not_call.write_down(session, [phone_number], scope)
    row = suppression.entry_of(session, phone_number, scope)
    assert row is not None
    if warning:
        log.warning("suppression.not_in_ledger", suppression=str(row.id), why=warning)
    return One(suppression=_read(row), warning=warning or None)


@router.delete("/{suppression_id}")
def remove_suppression(
    suppression_id: UUID,
    session: SessionDep,
    organization: OrganizationDep,
    afterwards: BackgroundTasks,
) -> Done:
    row = _find(session, organization, suppression_id)
    suppression.unsuppress(session, row.phone_number, suppression.scope_of(row))
    # After the answer, hence after the commit; if that fails, never.
    afterwards.add_task(_write_lift, row.id)
    return Done()


def _write_lift(suppression_id: UUID) -> None:
    warning = do_not_call.write_lift(suppression_id)
    if warning:
        log.warning(
            "suppression.lift_not_in_ledger",
            suppression=str(suppression_id),
            why=warning,
        )


def _find(session: Session, organization: UUID, suppression_id: UUID) -> Suppression:
    root_id = session.get_one(Organization, organization).root_id
    row = session.get(Suppression, suppression_id)
    if row is None or row.root_id != root_id:
        raise NotFound(f"there is no suppression {suppression_id}")
    return row


def _read(row: Suppression) -> SuppressionRead:
    return SuppressionRead(
        **row.model_dump(exclude={"root_id", "ledger_id"}),
        scope=suppression.scope_of(row).words,
    )
