"""A campaign: which agent calls whom, when, how many at once and how often again."""

from datetime import datetime, time
from typing import Annotated
from uuid import UUID, uuid4
from zoneinfo import available_timezones

from pydantic import AfterValidator
from sqlmodel import Field, SQLModel

from campanile.campaigns.states import CampaignStatus
from campanile.db import created_column, state_column


def _known_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError(f"{value!r} is not an IANA time zone")
    return value


Zone = Annotated[str, AfterValidator(_known_zone)]


class CampaignBase(SQLModel):
    """What a person decides about a campaign."""

    name: str = Field(min_length=1, max_length=200)
    system_message_template: str | None = None
    schedule_start_time: time = time(9)
    """daily, in `timezone`"""
    schedule_end_time: time = time(17)
    timezone: Zone = "Europe/Amsterdam"
    max_concurrent: int = Field(default=10, ge=1)
    """calls at once"""
    max_attempts: int = Field(default=3, ge=1, le=20)
    """charged attempts per lead"""
    retry_delay_seconds: int = Field(default=3600, ge=1)
    ring_timeout_seconds: int = Field(default=30, ge=5, le=120)


class Campaign(CampaignBase, table=True):
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    organization_id: UUID = Field(foreign_key="organization.id", index=True)
    agent_id: UUID = Field(foreign_key="agent.id")
    number_id: UUID | None = Field(default=None, foreign_key="phone_number.id")
    """the caller ID; none: an active number of the agent, else of the organisation"""
    status: CampaignStatus = state_column(
        CampaignStatus, default=CampaignStatus.DRAFT, index=True
    )
    created_at: datetime = created_column()
    updated_at: datetime = created_column()
    started_at: datetime | None = None
    completed_at: datetime | None = None


class CampaignCreate(CampaignBase):
    agent_id: UUID
    number_id: UUID | None = None


class CampaignUpdate(SQLModel):
    """Only what is given changes; `status` starts, pauses or cancels."""

    name: str | None = Field(default=None, min_length=1, max_length=200)
    system_message_template: str | None = None
    schedule_start_time: time | None = None
    schedule_end_time: time | None = None
    timezone: Zone | None = None
    max_concurrent: int | None = Field(default=None, ge=1)
    max_attempts: int | None = Field(default=None, ge=1, le=20)
    retry_delay_seconds: int | None = Field(default=None, ge=1)
    ring_timeout_seconds: int | None = Field(default=None, ge=5, le=120)
    status: CampaignStatus | None = None
