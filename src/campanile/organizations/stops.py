"""Stops: who said that nobody may be rung, and for what (everything, an organisation's
tree, a trunk, a campaign). A stop is a row, so it outlives every process.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from campanile.db import created_column, state_column


class StopScope(StrEnum):
    EVERYTHING = "everything"
    ORGANIZATION = "organization"
    TRUNK = "trunk"
    CAMPAIGN = "campaign"


class Stop(SQLModel, table=True):
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    scope: StopScope = state_column(StopScope)
    target_id: UUID | None = None
    """the organisation's, trunk's or campaign's id; None for everything"""
    hang_up: bool = False
    """end the live conversations too"""
    reason: str = ""
    created_at: datetime = created_column()
    lifted_at: datetime | None = None

    __table_args__ = (
        sa.Index(
            "uq_stop_in_force",
            "scope",
            "target_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=sa.text("lifted_at IS NULL"),
        ),
    )
