"""Who can hold calls right now, and what is too sick to be called with."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import Field, SQLModel

from campanile.db import created_column, state_column


class WorkerLease(SQLModel, table=True):
    __tablename__ = "worker_lease"

    id: str = Field(primary_key=True)
    """host:pid:random"""
    slots: int
    accepting: bool = True
    """false while the worker drains or its loop lags"""
    lease_until: datetime
    started_at: datetime = created_column()


class BreakerKind(StrEnum):
    TRUNK = "trunk"
    PROVIDER = "provider"
    AGENT = "agent"


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    """one probe is on its way; while none is, one may be dialed"""


class Breaker(SQLModel, table=True):
    """The health of one trunk, provider or agent; no row means healthy."""

    kind: BreakerKind = state_column(BreakerKind, primary_key=True)
    key: str = Field(primary_key=True)
    """the id of a trunk or agent, the name of a provider"""
    state: BreakerState = state_column(BreakerState, default=BreakerState.CLOSED)
    failures: int = 0
    """in a row"""
    failed_at: datetime | None = None
    """the last of them"""
    openings: int = 0
    """in a row, for the growing wait"""
    retry_at: datetime | None = None
    """when a probe may be tried"""
    probe_attempt_id: UUID | None = None
    reason: str = ""
    changed_at: datetime | None = None
    """when the state last changed"""
