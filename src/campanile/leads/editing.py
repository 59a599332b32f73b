"""Leads one at a time: add, look at, remove."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select, update

from campanile.campaigns.models import Campaign
from campanile.db import affected
from campanile.errors import Conflict, Invalid, NotFound
from campanile.leads.columns import HEADINGS, said_by
from campanile.leads.consent import OptedOut
from campanile.leads.importing import import_rows, phone_of
from campanile.leads.lists import Row
from campanile.leads.models import Lead
from campanile.leads.states import LeadStatus


class DuplicateLead(Conflict):
    """A number stands in a campaign once."""


class LeadBusy(Conflict):
    """A lead that is being called cannot be removed; its call ends first."""


class LeadCreate(SQLModel):
    """A lead as the platform has it, and what a list's reserved columns say besides."""

    phone_number: str
    variables: dict[str, str] = Field(default_factory=dict)
    timezone: str | None = None
    state: str | None = None
    postcode: str | None = None
    country: str | None = None
    not_before: str | None = None
    """ISO 8601, as in a list (`columns`); so `not_after` and `consent_at`"""
    not_after: str | None = None
    consent_basis: str | None = None
    consent_text: str | None = None
    consent_source: str | None = None
    consent_at: str | None = None

    def row(self) -> Row:
        fields = self.model_dump(include=set(HEADINGS), exclude_none=True)
        return Row(1, self.phone_number, self.variables, said_by(fields))


@dataclass(frozen=True, slots=True)
class LeadCounts:
    total: int
    completed: int
    failed: int


def add(session: Session, campaign: Campaign, wanted: LeadCreate) -> Lead:
    """Raises Invalid, DuplicateLead, CampaignFrozen; OptedOut, after which the number
    is suppressed in the campaign if the transaction goes on."""
    row = wanted.row()
    phone = phone_of(row)
    report = import_rows(session, campaign, [row], source="API")
    if report.opted_out:
        raise OptedOut(report.rejected[0][1])
    if report.rejected:
        raise Invalid(report.rejected[0][1])
    if not report.added:
        raise DuplicateLead("the number is in this campaign already")
    return session.exec(
        select(Lead).where(
            Lead.campaign_id == campaign.id, Lead.phone_number == phone.e164
        )
    ).one()


def find(session: Session, campaign: Campaign, lead_id: UUID) -> Lead:
    lead = session.get(Lead, lead_id)
    if lead is None or lead.campaign_id != campaign.id:
        raise NotFound(f"there is no lead {lead_id} in this campaign")
    return lead


def page(
    session: Session, campaign: Campaign, *, limit: int, offset: int
) -> list[Lead]:
    return list(
        session.exec(
            select(Lead)
            .where(Lead.campaign_id == campaign.id)
            .order_by(col(Lead.position), col(Lead.id))
            .limit(limit)
            .offset(offset)
        ).all()
    )


def remove(session: Session, campaign: Campaign, lead_id: UUID) -> None:
    """A lead never called is deleted; one with attempts is kept, and skipped."""
    lead = find(session, campaign, lead_id)
    if lead.last_attempt_at is None:
        gone = session.execute(
            sa.delete(Lead).where(
                col(Lead.id) == lead_id, col(Lead.status) != LeadStatus.CALLING
            )
        )
    else:
        gone = session.execute(
            update(Lead)
            .where(col(Lead.id) == lead_id, col(Lead.status) != LeadStatus.CALLING)
            .values(status=LeadStatus.SKIPPED, reason="removed")
        )
    if not affected(gone):
        raise LeadBusy("the lead is being called", hint="try again after the call")


def count(session: Session, campaign: Campaign) -> LeadCounts:
    rows = session.execute(
        select(col(Lead.status), sa.func.count())
        .where(Lead.campaign_id == campaign.id)
        .group_by(col(Lead.status))
    ).all()
    by_status: dict[LeadStatus, int] = dict(rows)
    return LeadCounts(
        total=sum(by_status.values()),
        completed=by_status.get(LeadStatus.COMPLETED, 0),
        failed=by_status.get(LeadStatus.FAILED, 0),
    )
