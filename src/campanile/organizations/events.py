"""What campanile did of its own accord, for people to read: append-only rows."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel

from campanile.db import created_column, json_column


class Event(SQLModel, table=True):
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    organization_id: UUID | None = Field(default=None, foreign_key="organization.id")
    """None: it concerns all of them"""
    kind: str
    """`campaign.paused_itself`, `breaker.opened`, …"""
    facts: dict[str, Any] = json_column(default_factory=dict)
    created_at: datetime = created_column()

    __table_args__ = (sa.Index("ix_event_created_at", "created_at"),)


def tell(
    session: Session, kind: str, *, organization_id: UUID | None = None, **facts: Any
) -> None:
    """Record what happened, in the caller's transaction. `facts` must be JSON."""
    session.add(Event(kind=kind, organization_id=organization_id, facts=facts))
