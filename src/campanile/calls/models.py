"""Attempts (one try to reach a lead; the API's `call`) and their reports."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from campanile.calls.outcomes import AnsweredBy, Disposition
from campanile.calls.states import LIVE, AttemptState
from campanile.db import created_column, json_column, state_column

_LIVE = sa.text(
    "state IN ({})".format(", ".join(f"'{state}'" for state in sorted(LIVE)))
)

USED = sa.text("(billed_seconds > 0 OR reserved_seconds IS NOT NULL)")
"""Attempts that count against a campaign's minutes and money; literally as in their
index, so that a prepared statement finds it."""


class Attempt(SQLModel, table=True):
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    organization_id: UUID = Field(foreign_key="organization.id")
    root_id: UUID = Field(foreign_key="organization.id")
    campaign_id: UUID = Field(foreign_key="campaign.id", ondelete="CASCADE", index=True)
    lead_id: UUID = Field(foreign_key="lead.id", ondelete="CASCADE", index=True)
    trunk_id: UUID = Field(foreign_key="trunk.id")
    number: int
    """1 for the first try to reach the lead; void reservations count too"""
    phone_number: str
    caller_id: str
    state: AttemptState = state_column(AttemptState, default=AttemptState.CLAIMED)
    charged: bool = False

    worker_id: str | None = None
    renewed_at: datetime = created_column()
    lease_until: datetime
    quarantine_until: datetime | None = None
    """no new attempt to this number before, because a leg may be left over"""

    claimed_at: datetime = created_column()
    dialed_at: datetime | None = None
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    reported_at: datetime | None = None

    disposition: Disposition | None = state_column(Disposition, default=None)
    answered_by: AnsweredBy | None = state_column(AnsweredBy, default=None)
    end_reason: str | None = None
    sip_code: int | None = None
    error: str | None = None
    callback_request: str | None = None
    recording: str | None = None
    """file name in the recordings folder"""
    messages: list[dict[str, Any]] = json_column(default_factory=list)
    """[{role, text, at, interrupted}], `at` in seconds since answer"""
    timings: dict[str, Any] = json_column(default_factory=dict)

    subject: str | None = None
    """the campaign's when it was dialed"""
    decision: dict[str, Any] | None = json_column(default=None)
    """why it was lawful: rule-data version, zones, jurisdictions, local times"""
    reserved_seconds: int | None = None
    """of the campaign's minutes and money, while the call may still use them"""
    billed_seconds: int | None = None
    """what it used"""

    analysis_until: datetime | None = None
    """lease of the job that is writing the report"""
    analysis_tries: int = 0
    summary: str | None = None
    structured: dict[str, Any] | None = json_column(default=None)
    analysis_error: str | None = None

    __table_args__ = (
        # Never two legs at once to one number within an organisation's tree.
        sa.Index(
            "uq_attempt_live_number",
            "root_id",
            "phone_number",
            unique=True,
            postgresql_where=_LIVE,
        ),
        sa.Index("ix_attempt_live", "lease_until", postgresql_where=_LIVE),
        sa.Index(
            "ix_attempt_ended", "ended_at", postgresql_where=sa.text("state = 'ended'")
        ),
        sa.Index("ix_attempt_phone_number", "root_id", "phone_number"),
        sa.Index("ix_attempt_campaign_dialed", "campaign_id", "dialed_at"),
        sa.Index(
            "ix_attempt_used",
            "campaign_id",
            "dialed_at",
            postgresql_include=["billed_seconds", "reserved_seconds"],
            postgresql_where=USED,
        ),
    )


class LedgerDial(SQLModel, table=True):
    """A dial without its attempt: only the ledger knows it, because the database was
    restored from before it, or its campaign was deleted.

    Counts like an attempt for caps and gaps (DESIGN D17).
    """

    __tablename__ = "ledger_dial"

    attempt_id: UUID = Field(primary_key=True)
    root_id: UUID
    phone_number: str
    campaign_id: UUID
    lead_id: UUID
    subject: str | None = None
    dialed_at: datetime
    answered: bool = False
    created_at: datetime = created_column()

    __table_args__ = (
        sa.Index("ix_ledger_dial_phone_number", "root_id", "phone_number"),
    )


class LedgerMark(SQLModel, table=True):
    """How far the ledger of this id had been reconciled with this database."""

    __tablename__ = "ledger_mark"

    ledger_id: str = Field(primary_key=True)
    """written into the file's first line"""
    position: int = Field(sa_type=sa.BigInteger)
    """bytes"""
    updated_at: datetime = created_column()


class Report(SQLModel, table=True):
    """What went out about an attempt; one of each kind."""

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    organization_id: UUID = Field(foreign_key="organization.id")
    attempt_id: UUID = Field(foreign_key="attempt.id", ondelete="CASCADE")
    kind: str = "end-of-call-report"
    payload: dict[str, Any] = json_column()
    created_at: datetime = created_column()

    __table_args__ = (sa.UniqueConstraint("attempt_id", "kind"),)
