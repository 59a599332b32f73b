"""Create, start, pause, resume, cancel and complete campaigns.

Every change of state is one guarded UPDATE: its WHERE names the legal source states, so
of two people who press start and cancel together exactly one wins and the other is told.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlmodel import Session, col, select, update

from campanile.agents.models import Agent
from campanile.campaigns.models import (
    Campaign,
    CampaignBase,
    CampaignCreate,
    CampaignUpdate,
)
from campanile.campaigns.states import TERMINAL, CampaignStatus, sources
from campanile.clock import now
from campanile.db import affected
from campanile.errors import Conflict, Invalid, NotFound
from campanile.numbers.models import PhoneNumber
from campanile.organizations.events import tell

log = structlog.get_logger(__name__)


class CampaignFrozen(Conflict):
    """A campaign that has ended can no longer be changed."""


class IllegalTransition(Conflict):
    """The campaign is not in a state that allows this."""


def create(session: Session, organization_id: UUID, wanted: CampaignCreate) -> Campaign:
    agent = session.get(Agent, wanted.agent_id)
    if agent is None or agent.organization_id != organization_id:
        raise NotFound(f"there is no agent {wanted.agent_id}")
    _refuse_impossible(wanted)
    _refuse_foreign_number(session, organization_id, wanted.number_id)
    campaign = Campaign(
        organization_id=organization_id, **wanted.model_dump(exclude_unset=True)
    )
    session.add(campaign)
    session.flush()
    return campaign


def _refuse_impossible(wanted: CampaignBase) -> None:
    if wanted.schedule_start_time == wanted.schedule_end_time:
        raise Invalid(
            "schedule_start_time and schedule_end_time are the same",
            hint="a window that ends before it starts runs past midnight",
        )
    first, last = wanted.start_date, wanted.end_date
    if first is not None and last is not None and last < first:
        raise Invalid(f"end_date {last} is before start_date {first}")


def _refuse_foreign_number(
    session: Session, organization_id: UUID, number_id: UUID | None
) -> None:
    if number_id is None:
        return
    number = session.get(PhoneNumber, number_id)
    if number is None or number.organization_id != organization_id:
        raise NotFound(f"there is no number {number_id} to call from")


def find(session: Session, organization_id: UUID, campaign_id: UUID) -> Campaign:
    campaign = session.get(Campaign, campaign_id)
    if campaign is None or campaign.organization_id != organization_id:
        raise NotFound(f"there is no campaign {campaign_id}")
    return campaign


def every(session: Session, organization_id: UUID) -> list[Campaign]:
    return list(
        session.exec(
            select(Campaign)
            .where(Campaign.organization_id == organization_id)
            .order_by(col(Campaign.created_at))
        ).all()
    )


def change(session: Session, campaign: Campaign, wanted: CampaignUpdate) -> Campaign:
    """Apply what `wanted` names; a status in it goes through `move`."""
    values: dict[str, Any] = wanted.model_dump(exclude_unset=True)
    status = values.pop("status", None)
    if values:
        _refuse_impossible(wanted.model_copy(update=_unchanged(campaign, values)))
        _refuse_foreign_number(
            session, campaign.organization_id, values.get("number_id")
        )
        changed = session.execute(
            update(Campaign)
            .where(
                col(Campaign.id) == campaign.id,
                col(Campaign.status).not_in(TERMINAL),
            )
            .values(**values, held_until=None, updated_at=now())
        )
        if not affected(changed):
            raise CampaignFrozen(f"campaign {campaign.name!r} has ended")
    if status is not None and status != campaign.status:
        move(session, campaign, status)
    session.refresh(campaign)
    return campaign


def _unchanged(campaign: Campaign, values: Mapping[str, Any]) -> dict[str, Any]:
    return campaign.model_dump(
        include=set(CampaignBase.model_fields), exclude=set(values)
    )


def move(session: Session, campaign: Campaign, target: CampaignStatus) -> None:
    """The one gate of campaign states. Raises IllegalTransition."""
    stamps: dict[str, Any] = {"updated_at": now(), "paused_reason": ""}
    if target is CampaignStatus.SCHEDULED:
        caller_id(session, campaign)
        stamps["started_at"] = sa.func.coalesce(Campaign.started_at, now())
        stamps |= {"resumed_at": now(), "held_until": None}
    if target in TERMINAL:
        stamps["completed_at"] = now()
    moved = session.execute(
        update(Campaign)
        .where(
            col(Campaign.id) == campaign.id,
            col(Campaign.status).in_(sources(target)),
        )
        .values(status=target, **stamps)
    )
    if not affected(moved):
        raise IllegalTransition(
            f"campaign {campaign.name!r} is {campaign.status.value} "
            f"and cannot become {target.value}"
        )
    session.refresh(campaign)


def pause_itself(session: Session, campaign_id: UUID, reason: str) -> bool:
    """Stop a running campaign of our own accord, and tell why: row, event and log.

    Answers whether this call paused it. Only a person lets it go on.
    """
    paused = session.execute(
        update(Campaign)
        .where(
            col(Campaign.id) == campaign_id,
            col(Campaign.status) == CampaignStatus.SCHEDULED,
        )
        .values(status=CampaignStatus.PAUSED, paused_reason=reason, updated_at=now())
        .returning(col(Campaign.organization_id))
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if paused is None:
        return False
    tell(
        session,
        "campaign.paused_itself",
        organization_id=paused,
        campaign_id=str(campaign_id),
        reason=reason,
    )
    log.warning("campaign.paused_itself", campaign=str(campaign_id), reason=reason)
    return True


def caller_id(session: Session, campaign: Campaign) -> PhoneNumber:
    """The number a campaign calls from. Raises Invalid when there is none."""
    numbers = session.exec(
        select(PhoneNumber).where(
            PhoneNumber.organization_id == campaign.organization_id,
            col(PhoneNumber.is_active),
        )
    ).all()
    wanted = (
        lambda n: n.id == campaign.number_id,
        lambda n: campaign.number_id is None and n.agent_id == campaign.agent_id,
        lambda n: campaign.number_id is None,
    )
    for fits in wanted:
        for number in numbers:
            if fits(number):
                return number
    raise Invalid(
        f"campaign {campaign.name!r} has no number to call from",
        hint="add one with `campanile number add +1…`",
    )
