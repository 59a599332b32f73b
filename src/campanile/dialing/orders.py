"""What somebody has said about calls that are already under way: cancel, or hang up.

Once a second each worker process asks the rows about the attempts it holds; while it
holds none it asks nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from campanile.calls.models import Attempt
from campanile.calls.outcomes import EndReason
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import CampaignStatus
from campanile.db import in_short
from campanile.leads.models import Suppression
from campanile.organizations.stops import Stop, StopScope, lineage, stops_in_force
from campanile.trunks.models import Trunk

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Order:
    """To a call that rings: cancel. To a conversation: close it, if `hang_up`."""

    end_reason: EndReason
    hang_up: bool = False


def orders_for(session: Session, attempts: Sequence[UUID]) -> dict[UUID, Order]:
    """The orders for those of these attempts that must not go on as they are."""
    stops = stops_in_force(session)
    suppressed = sa.exists().where(
        col(Suppression.phone_number) == col(Attempt.phone_number),
        sa.or_(
            col(Suppression.root_id).is_(None),
            col(Suppression.root_id) == col(Attempt.root_id),
        ),
        sa.or_(
            col(Suppression.campaign_id).is_(None),
            col(Suppression.campaign_id) == col(Attempt.campaign_id),
        ),
    )
    rows = session.execute(
        select(Attempt, Campaign.status, Trunk.is_active, suppressed.label("listed"))
        .join(Campaign, col(Campaign.id) == col(Attempt.campaign_id))
        .join(Trunk, col(Trunk.id) == col(Attempt.trunk_id))
        .where(col(Attempt.id).in_(attempts))
    ).all()
    orders = {}
    for attempt, status, active, listed in rows:
        found = [stop for stop in stops if _concerns(session, stop, attempt)]
        if found:
            hang_up = any(stop.hang_up for stop in found)
            orders[attempt.id] = Order(EndReason.STOPPED, hang_up)
        elif listed:
            orders[attempt.id] = Order(EndReason.SUPPRESSED)
        elif status == CampaignStatus.CANCELLED:
            orders[attempt.id] = Order(EndReason.CAMPAIGN_CANCELLED)
        elif not active:
            orders[attempt.id] = Order(EndReason.TRUNK_DISABLED)
    return orders


def _concerns(session: Session, stop: Stop, attempt: Attempt) -> bool:
    match stop.scope:
        case StopScope.EVERYTHING:
            return True
        case StopScope.ORGANIZATION:
            return stop.target_id in lineage(session, attempt.organization_id)
        case StopScope.TRUNK:
            return stop.target_id == attempt.trunk_id
        case StopScope.CAMPAIGN:
            return stop.target_id == attempt.campaign_id


class Orders:
    """Passes orders on to the calls of one process. `look` may raise SQLAlchemyError:
    then calls go on, and the lease decides how long."""

    def __init__(
        self, look: Callable[[list[UUID]], Awaitable[dict[UUID, Order]]]
    ) -> None:
        self._look = look
        self._heard: dict[UUID, Callable[[Order], None]] = {}

    @contextmanager
    def heard(self, attempt_id: UUID, obey: Callable[[Order], None]) -> Iterator[None]:
        """Call `obey` with every order for this attempt, again each second, while the
        block lasts."""
        self._heard[attempt_id] = obey
        try:
            yield
        finally:
            del self._heard[attempt_id]

    async def run(self) -> None:
        """Look for ever; cancel to stop."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._heard:
                await self.look_once()

    async def look_once(self) -> None:
        try:
            orders = await self._look(list(self._heard))
        except SQLAlchemyError as error:
            log.warning("orders.not_seen", error=in_short(error))
            return
        for attempt_id, order in orders.items():
            if obey := self._heard.get(attempt_id):  # it may have ended meanwhile
                obey(order)
