"""Who can hold calls right now: one row per worker process, alive while renewed."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from campanile.db import created_column


class WorkerLease(SQLModel, table=True):
    __tablename__ = "worker_lease"

    id: str = Field(primary_key=True)
    """host:pid:random"""
    slots: int
    accepting: bool = True
    """false while the worker drains or its loop lags"""
    lease_until: datetime
    started_at: datetime = created_column()
