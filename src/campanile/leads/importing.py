"""Bring a list of leads into a campaign: in batches, with a reason for every row refused.

A number stands in a campaign once: listed several times it is the first of its good
rows, and importing the same list again adds nothing. Who is marked as opted out in any
row is suppressed in the campaign: other rows, and leads from before, do not count.
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
from campanile.leads.consent import OptedOut
from campanile.leads.lists import Row
from campanile.leads.models import Lead
from campanile.leads.states import LeadStatus
from campanile.leads.suppression import Scope, skip_listed, suppress_many
from campanile.numbers.phones import Phone, parse
from campanile.numbers.profiles import profile_id
from campanile.organizations.models import Organization

BATCH = 1000


@dataclass(slots=True)
class ImportReport:
    """What became of a list's rows."""

    added: int = 0
    duplicates: int = 0
    rejected: list[tuple[int, str]] = field(default_factory=list)
    """(line, reason)"""
    opted_out: set[str] = field(default_factory=set)
    """E.164 of the rows that say so"""
    suppressed: int = 0
    """those of them that were not yet, in this campaign"""
    skipped: int = 0
    """leads that waited with their numbers, the list's own among them"""


def import_rows(
    session: Session,
    campaign: Campaign,
    rows: Iterable[Row],
    *,
    default_region: str | None = None,
    source: str = "a list of leads",
) -> ImportReport:
    """Add each row as a lead, or say why not. The caller's transaction holds it all, and
    has the dial ledger know who opted out (`do_not_call.write_down`)."""
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
    _suppress(session, own_scope(session, campaign), report, source)
    return report


def own_scope(session: Session, campaign: Campaign) -> Scope:
    """Where somebody who is marked as opted out in a list is not rung."""
    organization = session.get_one(Organization, campaign.organization_id)
    return Scope(organization.root_id, campaign.id)


def phone_of(row: Row, *, default_region: str | None = None) -> Phone:
    """The row's number; written without +, one of the row's country."""
    # With + it is read even where nobody knows that country: it may have opted out.
    if "country" in row.said and not row.phone.lstrip().startswith("+"):
        default_region = country_code(row.said["country"])
    return parse(row.phone, default_region=default_region)


def _read(
    batch: list[Row], report: ImportReport, default_region: str | None
) -> list[tuple[Row, Phone, Terms]]:
    good = []
    for row in batch:
        try:
            phone = phone_of(row, default_region=default_region)
            try:
                terms = terms_of(phone, row.said)
            except OptedOut:
                report.opted_out.add(phone.e164)
                raise
        except Invalid as error:
            report.rejected.append((row.line, error.message))
            continue
        good.append((row, phone, terms))
    return good


def _suppress(
    session: Session, scope: Scope, report: ImportReport, source: str
) -> None:
    """After the last row, since any may speak of an earlier one; no lead is dialed
    before the commit. In the order of the numbers, as whoever else adds many: none waits
    for the other crosswise."""
    numbers = iter(sorted(report.opted_out))
    while batch := list(islice(numbers, BATCH)):
        report.suppressed += suppress_many(
            session, batch, scope, reason="marked as opted out", source=source
        )
        report.skipped += skip_listed(session, batch)


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
