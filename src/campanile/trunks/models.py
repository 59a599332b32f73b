"""SIP trunks: where calls leave, how many at once and how many per second."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import Field, SQLModel

from campanile.db import created_column


class TrunkLimits(SQLModel):
    """What the carrier allows."""

    channels: int = Field(default=30, ge=1, le=100_000)
    """calls at once"""
    calls_per_second: float = Field(default=5.0, ge=0.001, le=10_000)


class Trunk(TrunkLimits, table=True):
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    organization_id: UUID = Field(foreign_key="organization.id", index=True)
    name: str
    provider: str = "sip"
    address: str
    """host or host:port of the carrier's SIP server"""
    auth_username: str | None = None
    transport: str = "udp"
    next_send_at: datetime = created_column()
    """the earliest instant at which another INVITE may leave (capacity/send_times.py)"""
    is_active: bool = True
    created_at: datetime = created_column()
    updated_at: datetime = created_column()
