"""Everything known of one number: what was done with it, by what right, and what may be
done with it now. For whoever has to answer a complaint."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from campanile.calls.dial_facts import facts_of
from campanile.calls.models import Attempt, LedgerDial
from campanile.calls.outcomes import Disposition
from campanile.campaigns.caps import caps_of
from campanile.campaigns.lifecycle import caller_id
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import TERMINAL, CampaignStatus
from campanile.clock import clock_offset, legal_now, now, real_instant
from campanile.compliance.hours import Place
from campanile.compliance.may_dial import Allowed, Dial, Facts, Refused, may_dial
from campanile.config import settings
from campanile.errors import Invalid
from campanile.leads import suppression
from campanile.leads.models import Lead
from campanile.leads.states import OPEN, LeadStatus
from campanile.numbers.models import DialProfile
from campanile.numbers.phones import kind_of, parse
from campanile.numbers.places import place_of
from campanile.numbers.profiles import place_of_profile
from campanile.organizations.models import Organization
from campanile.organizations.stops import lineage, stop_for
from campanile.results.forecast import WAITS

CLOCKLESS = "campaign.zone"
"""of `may_dial`: the campaign's hours cannot be read; a person has to set them"""


@dataclass(frozen=True, slots=True)
class Dialed:
    """An attempt in any campaign; one without `dialed_at` never left."""

    at: datetime
    """dialed, else reserved"""
    dialed_at: datetime | None
    campaign: str
    state: str
    disposition: str | None
    answered_by: str | None
    charged: bool
    sip_code: int | None
    why_not: str | None
    """why it was not dialed, or what went wrong"""
    decision: dict[str, Any] | None
    """why it was lawful (`may_dial.Allowed.evidence`), as stored then"""
    attempt_id: str


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A dial without its attempt: the campaign was deleted, or the database restored from
    before it."""

    dialed_at: datetime
    campaign_id: str
    answered: bool


@dataclass(frozen=True, slots=True)
class Listed:
    scope: str
    campaign: str | None
    reason: str
    source: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Consent:
    basis: str
    text: str | None
    source: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """The number as a lead of one campaign, and what may be done with it now."""

    campaign: str
    campaign_status: str
    lead_status: str
    reason: str
    attempts: int
    zones: list[str]
    jurisdictions: list[str]
    place_source: str
    """what decided them: number, zone, state or postcode"""
    consent: Consent | None
    not_before: datetime | None
    not_after: datetime | None
    callback_at: datetime | None
    may_dial: bool
    held: str
    """why nobody rings it until somebody or something lets go, nobody knows when: a
    stop, a campaign that does not run, a call under way; empty: nothing"""
    rule: str
    """what forbids it whatever holds it; empty: nothing"""
    words: str
    until: datetime | None
    """real time, from which on nothing forbids it any more"""
    for_good: bool
    """as things stand, it is never rung"""


@dataclass(frozen=True, slots=True)
class Account:
    phone_number: str
    kind: str
    zones: list[str]
    """by the number alone"""
    jurisdictions: list[str]
    attempts: list[Dialed]
    ledger_dials: list[Forgotten]
    suppressions: list[Listed]
    opt_outs: list[Dialed]
    leads: list[Standing]


def account(session: Session, root_id: Any, phone_number: str) -> Account:
    """Over the whole organisation's tree. Raises Invalid for what is no number."""
    phone = parse(phone_number)
    place, _ = place_of(phone)
    names = _campaigns(session, root_id)
    attempts = _attempts(session, root_id, phone.e164)
    forgotten = _forgotten(session, root_id, phone.e164)
    told = [_dialed(attempt, names) for attempt in attempts]
    opted = {a.id for a in attempts if a.disposition == Disposition.OPTED_OUT}
    return Account(
        phone_number=phone.e164,
        kind=phone.kind,
        zones=list(place.zones),
        jurisdictions=list(place.jurisdictions),
        attempts=told,
        ledger_dials=[
            Forgotten(dial.dialed_at, str(dial.campaign_id), dial.answered)
            for dial in forgotten
        ],
        suppressions=[
            Listed(
                suppression.scope_of(entry).words,
                names[entry.campaign_id].name if entry.campaign_id in names else None,
                entry.reason,
                entry.source,
                entry.created_at,
            )
            for entry in suppression.entries(session, root_id, phone_number=phone.e164)
        ],
        opt_outs=[
            one for one, row in zip(told, attempts, strict=True) if row.id in opted
        ],
        leads=[
            _standing(
                session, lead, place_of_profile(profile), campaign, attempts, forgotten
            )
            for lead, profile, campaign in _leads(session, root_id, phone.e164)
        ],
    )


def _campaigns(session: Session, root_id: Any) -> dict[Any, Campaign]:
    tree = select(Organization.id).where(Organization.root_id == root_id)
    rows = session.exec(select(Campaign).where(col(Campaign.organization_id).in_(tree)))
    return {row.id: row for row in rows}


def _attempts(session: Session, root_id: Any, number: str) -> list[Attempt]:
    rows = session.exec(
        select(Attempt)
        .where(Attempt.root_id == root_id, Attempt.phone_number == number)
        .order_by(sa.func.coalesce(Attempt.dialed_at, Attempt.claimed_at))
    )
    return list(rows)


def _forgotten(session: Session, root_id: Any, number: str) -> list[LedgerDial]:
    rows = session.exec(
        select(LedgerDial)
        .where(LedgerDial.root_id == root_id, LedgerDial.phone_number == number)
        .order_by(col(LedgerDial.dialed_at))
    )
    return list(rows)


def _leads(
    session: Session, root_id: Any, number: str
) -> Sequence[tuple[Lead, DialProfile, Campaign]]:
    rows = session.execute(
        sa.select(Lead, DialProfile, Campaign)
        .join(Campaign, col(Campaign.id) == col(Lead.campaign_id))
        .join(Organization, col(Organization.id) == col(Campaign.organization_id))
        .join(DialProfile, col(DialProfile.id) == col(Lead.profile_id))
        .where(col(Organization.root_id) == root_id, col(Lead.phone_number) == number)
        .order_by(col(Campaign.created_at))
    ).all()
    return [(lead, profile, campaign) for lead, profile, campaign in rows]


def _dialed(attempt: Attempt, names: dict[Any, Campaign]) -> Dialed:
    return Dialed(
        at=attempt.dialed_at or attempt.claimed_at,
        dialed_at=attempt.dialed_at,
        campaign=names[attempt.campaign_id].name,
        state=attempt.state,
        disposition=attempt.disposition,
        answered_by=attempt.answered_by,
        charged=attempt.charged,
        sip_code=attempt.sip_code,
        why_not=attempt.error,
        decision=attempt.decision,
        attempt_id=str(attempt.id),
    )


def _standing(
    session: Session,
    lead: Lead,
    place: Place,
    campaign: Campaign,
    attempts: Sequence[Attempt],
    forgotten: Sequence[LedgerDial],
) -> Standing:
    refused = _refused(session, lead, place, campaign, attempts, forgotten)
    held = _held(session, lead, campaign)
    if (over := _over(lead, campaign)) is not None and (
        refused is None or refused.until is not None or refused.setting
    ):
        refused = over
    if refused is not None and refused.rule == CLOCKLESS:
        held = " and ".join(filter(None, [held, refused.reason]))
        refused = None
    consent = None
    if lead.consent_basis is not None:
        consent = Consent(
            lead.consent_basis, lead.consent_text, lead.consent_source, lead.consent_at
        )
    return Standing(
        campaign=campaign.name,
        campaign_status=campaign.status,
        lead_status=lead.status,
        reason=lead.reason,
        attempts=lead.attempts,
        zones=list(place.zones),
        jurisdictions=list(place.jurisdictions),
        place_source=lead.place_source,
        consent=consent,
        not_before=lead.not_before,
        not_after=lead.not_after,
        callback_at=lead.callback_at,
        may_dial=refused is None and not held,
        held=held,
        rule="" if refused is None else refused.rule,
        words="nothing forbids it" if refused is None else refused.reason,
        until=None if refused is None else refused.until,
        for_good=refused is not None and refused.until is None,
    )


def _refused(
    session: Session,
    lead: Lead,
    place: Place,
    campaign: Campaign,
    attempts: Sequence[Attempt],
    forgotten: Sequence[LedgerDial],
) -> Refused | None:
    """What forbids ringing it, were the campaign running and nobody had said stop; its
    instant in real time, and after the lead's rest."""
    own = session.get_one(Organization, campaign.organization_id)
    root = session.get_one(Organization, own.root_id)
    listed = suppression.suppression_of(
        session, lead.phone_number, root_id=root.id, campaign_id=campaign.id
    )
    rung = [
        *((a.dialed_at, a.subject) for a in attempts if a.dialed_at is not None),
        *((dial.dialed_at, dial.subject) for dial in forgotten),
    ]
    rest = timedelta(seconds=settings().quarantine_seconds)
    quarantines = [
        a.quarantine_until for a in attempts if a.quarantine_until is not None
    ]
    quarantines += [dial.dialed_at + rest for dial in forgotten]
    facts = facts_of(
        lead,
        campaign,
        place=place,
        kind=kind_of(lead.phone_number),
        caps=caps_of(root, own, campaign),
        dials=[Dial(at + clock_offset(), subject) for at, subject in rung],
        suppressed=None if listed is None else listed.reason,
        quarantined_until=max(quarantines) + clock_offset() if quarantines else None,
    )
    running = replace(facts, campaign_runs=True)
    found = _decided(running, legal_now())
    if lead.next_attempt_at <= now() or (found is not None and found.until is None):
        return found
    rested = _decided(running, lead.next_attempt_at + clock_offset())
    until = lead.next_attempt_at if rested is None else rested.until
    if until is None:
        return rested
    rule, words = ("lead.gap", WAITS) if found is None else (found.rule, found.reason)
    return Refused(rule, words, until)


def _decided(facts: Facts, legal: datetime) -> Refused | None:
    decision = may_dial(facts, legal)
    if isinstance(decision, Allowed):
        return None
    until = None if decision.until is None else real_instant(decision.until)
    return replace(decision, until=until)


def _over(lead: Lead, campaign: Campaign) -> Refused | None:
    """Nothing comes after these states."""
    if lead.status not in OPEN:
        why = f": {lead.reason}" if lead.reason else ""
        return Refused("lead.status", f"the lead is {lead.status}{why}", None)
    if campaign.status in TERMINAL:
        return Refused("campaign.over", f"the campaign is {campaign.status}", None)
    return None


def _held(session: Session, lead: Lead, campaign: Campaign) -> str:
    """`may_dial` names the next minute for these, because nobody knows when they end."""
    found = []
    if lead.status == LeadStatus.CALLING:
        found.append("a call to it is under way")
    if campaign.status not in (CampaignStatus.SCHEDULED, *TERMINAL):
        why = f": {campaign.paused_reason}" if campaign.paused_reason else ""
        found.append(f"the campaign is {campaign.status}{why}")
    if (stop := _stopped(session, campaign)) is not None:
        found.append(stop)
    return " and ".join(found)


def _stopped(session: Session, campaign: Campaign) -> str | None:
    try:
        trunk_id = caller_id(session, campaign).trunk_id
    except Invalid:
        trunk_id = None
    stop = stop_for(
        session,
        organization_ids=lineage(session, campaign.organization_id),
        campaign_id=campaign.id,
        trunk_id=trunk_id,
    )
    return None if stop is None else f"a stop is in force: {stop.reason}"
