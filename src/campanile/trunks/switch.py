"""Take a trunk out of service, and put it back; calls under way go on to their end."""

from uuid import UUID

import structlog
from sqlmodel import Session, col, update

from campanile.clock import now
from campanile.organizations.events import tell
from campanile.trunks.models import Trunk

log = structlog.get_logger(__name__)


def disable(session: Session, trunk_id: UUID) -> bool:
    """No new call leaves through it. Answers whether it was in service."""
    return _switch(session, trunk_id, active=False)


def enable(session: Session, trunk_id: UUID) -> bool:
    """Answers whether it was out of service."""
    return _switch(session, trunk_id, active=True)


def _switch(session: Session, trunk_id: UUID, *, active: bool) -> bool:
    organization_id = session.execute(
        update(Trunk)
        .where(col(Trunk.id) == trunk_id, col(Trunk.is_active) != active)
        .values(is_active=active, updated_at=now())
        .returning(col(Trunk.organization_id))
    ).scalar_one_or_none()
    if organization_id is None:
        return False
    kind = "trunk.enabled" if active else "trunk.disabled"
    tell(session, kind, organization_id=organization_id, trunk_id=str(trunk_id))
    log.info(kind, trunk=str(trunk_id))
    return True
