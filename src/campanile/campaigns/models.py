"""A campaign: which agent calls whom, when, how many at once and how often again."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated
from uuid import UUID, uuid4

from phonenumbers import SUPPORTED_REGIONS
from pydantic import AfterValidator, field_validator
from sqlmodel import Field, SQLModel

from campanile.campaigns.states import CampaignStatus
from campanile.campaigns.weekly import checked_weekly
from campanile.compliance.zones import known_zones
from campanile.db import created_column, json_column, state_column


def _known_zone(value: str) -> str:
    if value not in known_zones():
        raise ValueError(f"{value!r} is not an IANA time zone")
    return value


def _known_regions(values: list[str] | None) -> list[str] | None:
    if values is None:
        return None
    regions = [value.strip().upper() for value in values]
    for region in regions:
        if region not in SUPPORTED_REGIONS:
            raise ValueError(f"{region!r} is no ISO 3166 region, as US or NL")
    if not regions:
        raise ValueError("no region is left to ring; null allows all")
    return sorted(set(regions))


MOST = 2**31 - 1
"""that an integer column holds"""

Zone = Annotated[str, AfterValidator(_known_zone)]
Regions = Annotated[list[str] | None, AfterValidator(_known_regions)]
WeeklyHours = Annotated[
    dict[str, list[str] | None] | None, AfterValidator(checked_weekly)
]


class CampaignBase(SQLModel):
    """What a person decides about a campaign."""

    name: str = Field(min_length=1, max_length=200)
    system_message_template: str | None = None
    schedule_start_time: time = time(9)
    """daily, in `timezone`; later than the end: the window runs past midnight"""
    schedule_end_time: time = time(17)
    timezone: Zone = "Europe/Amsterdam"
    weekly_hours: WeeklyHours = json_column(default=None)
    """{"monday": ["09:00", "17:00"], "sunday": null}; a day left out keeps the daily
    window"""
    start_date: date | None = None
    """first day of calling, in `timezone`"""
    end_date: date | None = None
    """last day of calling, included"""
    max_concurrent: int = Field(default=10, ge=1, le=MOST)
    """calls at once"""
    max_attempts: int = Field(default=3, ge=1, le=20)
    """charged attempts per lead"""
    retry_delay_seconds: int = Field(default=3600, ge=1, le=MOST)
    ring_timeout_seconds: int = Field(default=30, ge=5, le=120)
    subject: str | None = Field(default=None, max_length=200)
    """What the calls are about: caps "on the same subject" count those that share it.
    None counts every call to the number."""
    regions: Regions = json_column(default=None)
    """ISO 3166 regions that may be rung; None: all"""
    consent_required: bool = False
    max_calls_per_24h: int | None = Field(default=None, ge=0, le=MOST)
    """to one number, over all campaigns of the organisation's tree; so the next three"""
    max_calls_per_day: int | None = Field(default=None, ge=0, le=MOST)
    max_calls_per_week: int | None = Field(default=None, ge=0, le=MOST)
    max_calls_lifetime: int | None = Field(default=None, ge=0, le=MOST)
    max_minutes: int | None = Field(default=None, ge=0, le=MOST)
    """of conversation, whole campaign"""
    max_minutes_per_day: int | None = Field(default=None, ge=0, le=MOST)
    max_spend: Decimal | None = Field(
        default=None, ge=0, max_digits=12, decimal_places=4
    )
    """in the currency of `cost_per_minute`"""
    max_spend_per_day: Decimal | None = Field(
        default=None, ge=0, max_digits=12, decimal_places=4
    )
    cost_per_minute: Decimal | None = Field(
        default=None, ge=0, max_digits=12, decimal_places=4
    )


class Campaign(CampaignBase, table=True):
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    organization_id: UUID = Field(foreign_key="organization.id", index=True)
    agent_id: UUID = Field(foreign_key="agent.id")
    number_id: UUID | None = Field(default=None, foreign_key="phone_number.id")
    """the caller ID; none: an active number of the agent, else of the organisation"""
    status: CampaignStatus = state_column(
        CampaignStatus, default=CampaignStatus.DRAFT, index=True
    )
    paused_reason: str = ""
    """why it paused itself; empty when a person paused it"""
    created_at: datetime = created_column()
    updated_at: datetime = created_column()
    started_at: datetime | None = None
    resumed_at: datetime | None = None
    """when it last began to ring; what failed before is not held against it"""
    held_until: datetime | None = None
    """nobody is claimed before: the minutes or the money of the day are used"""
    held_reason: str = ""
    completed_at: datetime | None = None


class _Wanted(CampaignBase):
    """What is asked of what a person gives, and not of the rows that there are."""

    @field_validator("start_date", "end_date")
    @classmethod
    def _within_centuries(cls, day: date | None) -> date | None:
        """As a list's dates: no hours can be found at the ends of Python's calendar."""
        if day is not None and not 1900 <= day.year <= 2999:
            raise ValueError(f"{day} is in no year from 1900 to 2999")
        return day


class CampaignCreate(_Wanted):
    agent_id: UUID
    number_id: UUID | None = None


class CampaignUpdate(_Wanted):
    """Only what is given changes (`exclude_unset`), so the defaults mean nothing here;
    `status` starts, pauses or cancels."""

    name: str = Field(default="", min_length=1, max_length=200)
    number_id: UUID | None = None
    status: CampaignStatus | None = None
