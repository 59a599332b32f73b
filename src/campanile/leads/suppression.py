"""The numbers not to ring, checked in the transaction that claims a dial."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from campanile.clock import now
from campanile.leads.models import Suppression


def suppress(
    session: Session,
    phone_number: str,
    *,
    root_id: UUID | None,
    campaign_id: UUID | None = None,
    reason: str = "",
    source: str = "",
) -> bool:
    """Never ring this number again: in one campaign, in an organisation's whole tree
    (its root), or, without either, at all. Answers whether it is new."""
    added = session.execute(
        insert(Suppression)
        .values(
            id=sa.func.gen_random_uuid(),
            phone_number=phone_number,
            root_id=root_id,
            campaign_id=campaign_id,
            reason=reason,
            source=source,
            created_at=now(),
        )
        .on_conflict_do_nothing()
        .returning(col(Suppression.id))
    )
    return added.first() is not None


def suppression_of(
    session: Session, phone_number: str, *, root_id: UUID, campaign_id: UUID
) -> Suppression | None:
    """Why this number may not be rung in this campaign; None when it may."""
    return session.exec(
        select(Suppression)
        .where(
            Suppression.phone_number == phone_number,
            sa.or_(
                col(Suppression.root_id).is_(None), col(Suppression.root_id) == root_id
            ),
            sa.or_(
                col(Suppression.campaign_id).is_(None),
                col(Suppression.campaign_id) == campaign_id,
            ),
        )
        .limit(1)
    ).first()
