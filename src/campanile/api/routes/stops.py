"""`/stops`: the brake, ours alone; the platform has nothing like it."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel
from sqlmodel import Session

from campanile.api.deps import OrganizationDep, SessionDep
from campanile.campaigns.models import Campaign
from campanile.errors import Invalid, NotFound
from campanile.organizations import stops
from campanile.organizations.stops import Stop, StopScope
from campanile.trunks.models import Trunk

router = APIRouter(prefix="/stops", tags=["stops"])


class StopIn(BaseModel):
    scope: StopScope
    target_id: UUID | None = None
    """a trunk's or campaign's; an organisation is the caller's own"""
    hang_up: bool = False
    reason: str = ""


class StopRead(StopIn):
    id: UUID
    created_at: datetime


class One(BaseModel):
    stop: StopRead


class Many(BaseModel):
    stops: list[StopRead]


class Lifted(BaseModel):
    success: bool = True


@router.get("")
def list_stops(session: SessionDep) -> Many:
    found = stops.stops_in_force(session)
    return Many(stops=[_read(stop) for stop in found])


@router.post("", status_code=201)
def make_stop(
    wanted: StopIn, session: SessionDep, organization: OrganizationDep
) -> One:
    """In force for new calls when this answers; ringing ones end within seconds."""
    target = _target(session, wanted, organization)
    made = stops.stop(
        session, wanted.scope, target, hang_up=wanted.hang_up, reason=wanted.reason
    )
    return One(stop=_read(made))


@router.delete("/{stop_id}")
def lift_stop(stop_id: UUID, session: SessionDep) -> Lifted:
    found = session.get(Stop, stop_id)
    if found is None or not stops.lift(session, found.scope, found.target_id):
        raise NotFound(f"there is no stop {stop_id} in force")
    return Lifted()


def _target(session: Session, wanted: StopIn, organization: UUID) -> UUID | None:
    target: Trunk | Campaign | None
    one_of_many = wanted.scope in (StopScope.TRUNK, StopScope.CAMPAIGN)
    if one_of_many == (wanted.target_id is None):
        raise Invalid(
            f"a stop of {wanted.scope.value} needs "
            + ("a target_id" if one_of_many else "no target_id")
        )
    match wanted.scope:
        case StopScope.TRUNK:
            target = session.get(Trunk, wanted.target_id)
        case StopScope.CAMPAIGN:
            target = session.get(Campaign, wanted.target_id)
        case StopScope.ORGANIZATION:
            return organization
        case StopScope.EVERYTHING:
            return None
    if target is None or target.organization_id != organization:
        raise NotFound(f"there is no {wanted.scope.value} {wanted.target_id}")
    return target.id


def _read(stop: Stop) -> StopRead:
    return StopRead.model_validate(stop, from_attributes=True)
