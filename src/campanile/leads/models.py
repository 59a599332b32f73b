"""Leads, and the numbers that must never be rung."""

from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from campanile.db import created_column, json_column, state_column
from campanile.leads.states import LeadStatus


class Lead(SQLModel, table=True):
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    organization_id: UUID = Field(foreign_key="organization.id")
    campaign_id: UUID = Field(foreign_key="campaign.id", ondelete="CASCADE")
    profile_id: int = Field(foreign_key="dial_profile.id")
    position: int = 0
    """the row of the list it came from, from 1"""
    phone_number: str
    """E.164"""
    number_kind: str = "unknown"
    """libphonenumber's type when it was imported, for counting; a dial looks itself"""
    variables: dict[str, str] = json_column(default_factory=dict)
    status: LeadStatus = state_column(LeadStatus, default=LeadStatus.PENDING)
    reason: str = ""
    """why it was not dialed, or not again; empty while there is nothing to explain"""
    attempts: int = 0
    """charged attempts"""
    refunds: int = 0
    """tries that were not its fault (congestion, trunk), given back"""
    disposition: str | None = None
    """of the last attempt"""
    next_attempt_at: datetime = created_column()
    """pure back-off, never clipped to calling hours (DESIGN D5)"""
    last_attempt_at: datetime | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None
    callback_at: datetime | None = None
    """the instant the callee asked to be called at"""
    place_source: str = "number"
    """what decided zones and jurisdictions: number, zone, state or postcode"""
    consent_basis: str | None = None
    """e.g. written, verbal, contract; None: no consent is on record"""
    consent_text: str | None = None
    """the request as it was shown or read"""
    consent_source: str | None = None
    """where it was given: a form's address, a call, a file"""
    consent_at: datetime | None = None
    created_at: datetime = created_column()

    __table_args__ = (
        sa.UniqueConstraint("campaign_id", "phone_number"),
        # The one index that claims go through: a bucket is (campaign, profile).
        sa.Index(
            "ix_lead_bucket",
            "campaign_id",
            "profile_id",
            "next_attempt_at",
            postgresql_where=sa.text("status = 'pending'"),
        ),
        sa.Index(
            "ix_lead_calling",
            "campaign_id",
            postgresql_where=sa.text("status = 'calling'"),
        ),
        sa.Index("ix_lead_campaign_position", "campaign_id", "position"),
    )


class Suppression(SQLModel, table=True):
    """A number that must not be rung: by anybody (no root, no campaign), by an
    organisation's whole tree (its root), or by one campaign."""

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    root_id: UUID | None = Field(default=None, foreign_key="organization.id")
    campaign_id: UUID | None = Field(
        default=None, foreign_key="campaign.id", ondelete="CASCADE"
    )
    phone_number: str
    """E.164"""
    reason: str = ""
    source: str = ""
    """where the entry came from: a call, a file, a person"""
    created_at: datetime = created_column()
    ledger_id: str | None = None
    """the dial ledger that has it; None, or another one than is used: to be written"""

    __table_args__ = (
        sa.Index(
            "uq_suppression_number",
            "phone_number",
            "root_id",
            "campaign_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )
