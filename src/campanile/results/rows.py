"""What came of a campaign, as rows: one per lead, one per attempt.

A lead's row shows its last attempt that reached the wire; columns of the structured
analysis stand under their own names, in the order of the agent's schema.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from campanile.agents.models import Agent
from campanile.calls.models import Attempt
from campanile.calls.states import AttemptState
from campanile.campaigns.models import Campaign
from campanile.leads.models import Lead

BATCH = 1000
ResultRow = dict[str, Any]


def analysis_fields(session: Session, campaign: Campaign) -> list[str]:
    """The properties of the agent's schema: one column each."""
    plan = session.get_one(Agent, campaign.agent_id).configuration().analysis_plan
    if plan is None or not plan.structured_data_plan.enabled:
        return []
    return list(plan.structured_data_plan.schema_.get("properties", {}))


def lead_columns(session: Session, campaign: Campaign) -> list[str]:
    """The lead's own columns of the list, in the order in which they first appear."""
    names: dict[str, None] = {}
    for lead in session.exec(
        select(Lead)
        .where(Lead.campaign_id == campaign.id)
        .order_by(col(Lead.position))
        .limit(100)
    ):
        names |= dict.fromkeys(lead.variables)
    return list(names)


def lead_rows(
    session: Session, campaign: Campaign, fields: Sequence[str], columns: Sequence[str]
) -> Iterator[ResultRow]:
    """In the order of the list."""
    last_position = 0
    while True:
        leads = session.exec(
            select(Lead)
            .where(Lead.campaign_id == campaign.id, Lead.position > last_position)
            .order_by(col(Lead.position))
            .limit(BATCH)
        ).all()
        if not leads:
            return
        last_position = leads[-1].position
        attempts = _last_attempts(session, [lead.id for lead in leads])
        for lead in leads:
            yield _lead_row(lead, attempts.get(lead.id), fields, columns)


def _last_attempts(session: Session, leads: list[UUID]) -> dict[UUID, Attempt]:
    rows = session.exec(
        select(Attempt)
        .where(col(Attempt.lead_id).in_(leads), col(Attempt.state) != AttemptState.VOID)
        .order_by(col(Attempt.number))
    ).all()
    return {attempt.lead_id: attempt for attempt in rows}


def _lead_row(
    lead: Lead, attempt: Attempt | None, fields: Sequence[str], columns: Sequence[str]
) -> ResultRow:
    row: ResultRow = {"phone_number": lead.phone_number}
    row |= {name: lead.variables.get(name, "") for name in columns}
    row |= {
        "status": lead.status.value,
        "disposition": lead.disposition or "",
        "attempts": lead.attempts,
        "answered_by": attempt.answered_by.value
        if attempt and attempt.answered_by
        else "",
        "duration_seconds": duration(attempt) if attempt else None,
        "end_reason": (attempt.end_reason or "") if attempt else "",
        "reason": lead.reason,
    }
    structured = (attempt.structured or {}) if attempt else {}
    row |= {name: structured.get(name) for name in fields}
    row["summary"] = (attempt.summary or "") if attempt else ""
    row["recording"] = (attempt.recording or "") if attempt else ""
    return row


def attempt_rows(session: Session, campaign: Campaign) -> Iterator[ResultRow]:
    """Every attempt that reached the wire, in the order of dialing."""
    pairs = session.exec(
        select(Attempt, Lead)
        .join(Lead, col(Lead.id) == Attempt.lead_id)
        .where(Attempt.campaign_id == campaign.id, col(Attempt.dialed_at).is_not(None))
        .order_by(col(Attempt.dialed_at))
        .execution_options(yield_per=BATCH)
    )
    for attempt, lead in pairs:
        yield {
            "attempt_id": str(attempt.id),
            "phone_number": attempt.phone_number,
            "lead_row": lead.position,
            "number": attempt.number,
            "state": attempt.state.value,
            "disposition": attempt.disposition.value if attempt.disposition else "",
            "answered_by": attempt.answered_by.value if attempt.answered_by else "",
            "end_reason": attempt.end_reason or "",
            "sip_code": attempt.sip_code,
            "dialed_at": attempt.dialed_at,
            "answered_at": attempt.answered_at,
            "ended_at": attempt.ended_at,
            "duration_seconds": duration(attempt),
            "error": attempt.error or attempt.analysis_error or "",
            "recording": attempt.recording or "",
        }


def duration(attempt: Attempt) -> float | None:
    """Seconds from answer to end; None for what was not answered."""
    if attempt.answered_at is None or attempt.ended_at is None:
        return None
    return round((attempt.ended_at - attempt.answered_at).total_seconds(), 1)
