"""Our own caller IDs, and the dial profiles that leads wait in."""

from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from campanile.db import created_column


class PhoneNumber(SQLModel, table=True):
    __tablename__ = "phone_number"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    organization_id: UUID = Field(foreign_key="organization.id", index=True)
    phone_number: str
    agent_id: UUID | None = Field(default=None, foreign_key="agent.id")
    trunk_id: UUID = Field(foreign_key="trunk.id")
    is_active: bool = True
    created_at: datetime = created_column()
    updated_at: datetime = created_column()

    __table_args__ = (sa.UniqueConstraint("organization_id", "phone_number"),)


class DialProfile(SQLModel, table=True):
    """Every zone a number may be in, and whose law applies: the bucket a lead waits in."""

    __tablename__ = "dial_profile"

    id: int | None = Field(default=None, primary_key=True)
    zones: list[str] = Field(sa_type=ARRAY(sa.Text))
    """sorted IANA names; empty means that no zone is known, and nothing is dialed"""
    jurisdiction: str
    """ISO 3166 region, or `ZZ` when unknown"""

    __table_args__ = (sa.UniqueConstraint("zones", "jurisdiction"),)
