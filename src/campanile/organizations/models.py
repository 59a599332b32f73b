"""Organisations: every tenant row carries one, and the root of its tree (DESIGN D3)."""

from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, select

from campanile.db import created_column


class Organization(SQLModel, table=True):
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    name: str
    parent_id: UUID | None = Field(default=None, foreign_key="organization.id")
    root_id: UUID = Field(index=True)
    max_calls_per_24h: int | None = Field(default=None, ge=0)
    """to one number, over all campaigns; the root's count for its whole tree"""
    max_calls_per_day: int | None = Field(default=None, ge=0)
    max_calls_per_week: int | None = Field(default=None, ge=0)
    max_calls_lifetime: int | None = Field(default=None, ge=0)
    created_at: datetime = created_column()


def default_organization(session: Session) -> Organization:
    """The first organisation, made when there is none.

    The advisory lock keeps two processes that start together from making two.
    """
    session.execute(sa.text("SELECT pg_advisory_xact_lock(7366001)"))
    found = session.exec(select(Organization).order_by(Organization.created_at)).first()  # type: ignore[arg-type]
    if found is None:
        identity = uuid4()
        found = Organization(id=identity, name="default", root_id=identity)
        session.add(found)
        session.flush()
    return found
