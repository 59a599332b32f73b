"""Bring a list of leads into a campaign: in batches, with a reason for every row refused.

A number stands in a campaign once: listed several times it is the first of its good
rows, and importing the same list again adds nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from uuid import uuid4

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, func, select

from campanile.campaigns.lifecycle import CampaignFrozen
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import TERMINAL
from campanile.clock import now
from campanile.compliance.hours import Place
from campanile.errors import Invalid
from campanile.leads.columns import Terms, country_code, terms_of
from campanile.leads.lists import Row
from campanile.leads.models import Lead
from campanile.leads.states import LeadStatus
from campanile.numbers.phones import Phone, parse
from campanile.numbers.profiles import profile_id

BATCH = 1000


@dataclass(slots=True)
class ImportReport:
    """What became of a list's rows."""

    added: int = 0
    duplicates: int = 0
    rejected: list[tuple[int, str]] = field(default_factory=list)
    """(line, reason)"""


def import_rows(
    session: Session,
    campaign: Campaign,
    rows: Iterable[Row],
    *,
    default_region: str | None = None,
) -> ImportReport:
    """Add each row as a lead, or say why not. The caller's transaction holds it all."""
    # Until the end of the transaction nobody may think that all its leads were rung.
    status = session.exec(
        select(Campaign.status)
        .where(Campaign.id == campaign.id)
        .with_for_update(read=True, key_share=True)
    ).one()
    if status in TERMINAL:
        raise CampaignFrozen(f"campaign {campaign.name!r} has ended")
    report = ImportReport()
    profiles: dict[Place, int] = {}
    position = session.exec(
        select(func.coalesce(func.max(Lead.position), 0)).where(
            Lead.campaign_id == campaign.id
        )
    ).one()
    iterator = iter(rows)
    while batch := list(islice(iterator, BATCH)):
        values = []
        for row, phone, terms in _read(batch, report, default_region):
            position += 1
            values.append(
                {
                    "id": uuid4(),
                    "organization_id": campaign.organization_id,
                    "campaign_id": campaign.id,
                    "profile_id": profile_id(session, terms.place, profiles),
                    "position": position,
                    "phone_number": phone.e164,
                    "number_kind": phone.kind,
                    "variables": row.variables,
                    **_kept(terms),
                    **_fresh(),
                }
            )
        if values:
            added = session.execute(
                insert(Lead)
                .on_conflict_do_nothing(index_elements=["campaign_id", "phone_number"])
                .returning(col(Lead.id)),
                values,
            )
            count = len(added.all())
            report.added += count
            report.duplicates += len(values) - count
    return report


def phone_of(row: Row, *, default_region: str | None = None) -> Phone:
    """The row's number; written without +, one of the row's country."""
    if "country" in row.said:
        default_region = country_code(row.said["country"])
    return parse(row.phone, default_region=default_region)


def _read(
    batch: list[Row], report: ImportReport, default_region: str | None
) -> list[tuple[Row, Phone, Terms]]:
    good = []
    for row in batch:
        try:
            phone = phone_of(row, default_region=default_region)
            terms = terms_of(phone, row.said)
        except Invalid as error:
            report.rejected.append((row.line, error.message))
            continue
        good.append((row, phone, terms))
    return good


def _kept(terms: Terms) -> dict[str, object]:
    return {
        "place_source": terms.place_source,
        "not_before": terms.not_before,
        "not_after": terms.not_after,
        "consent_basis": terms.consent_basis,
        "consent_text": terms.consent_text,
        "consent_source": terms.consent_source,
        "consent_at": terms.consent_at,
    }


def _fresh() -> dict[str, object]:
    moment = now()
    return {
        "status": LeadStatus.PENDING,
        "reason": "",
        "attempts": 0,
        "refunds": 0,
        "next_attempt_at": moment,
        "created_at": moment,
    }
