"""The list of numbers not to ring, checked in the transaction that claims a dial."""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from campanile.leads.models import Suppression


def suppress(session: Session, root_id: UUID, phone_number: str, reason: str) -> None:
    """Never ring this number again, in any campaign of the organisation's tree."""
    session.execute(
        insert(Suppression)
        .values(root_id=root_id, phone_number=phone_number, reason=reason)
        .on_conflict_do_nothing()
    )


def is_suppressed(session: Session, root_id: UUID, phone_number: str) -> bool:
    return session.get(Suppression, (root_id, phone_number)) is not None
