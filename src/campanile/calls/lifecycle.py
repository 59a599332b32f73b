"""The one gate of attempt states: guarded UPDATEs and what must change with them.

Each function answers whether *this* caller made the change; nobody needs to look first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select, update

from campanile.calls.models import Attempt, Report
from campanile.calls.outcomes import AnsweredBy, Disposition, EndReason
from campanile.calls.retries import Next, after_attempt
from campanile.calls.states import LIVE, ON_THE_WIRE, AttemptState, sources
from campanile.campaigns.models import Campaign
from campanile.clock import now
from campanile.db import affected
from campanile.leads.models import Lead
from campanile.leads.states import LeadStatus
from campanile.leads.suppression import suppress


@dataclass(frozen=True, slots=True)
class Ending:
    """Everything known about an attempt when its leg is over."""

    disposition: Disposition
    end_reason: str
    answered_by: AnsweredBy | None = None
    sip_code: int | None = None
    answered_at: datetime | None = None
    """where the row may not know it: it could not be written when it happened"""
    ended_at: datetime | None = None
    """None: now"""
    error: str | None = None
    callback_request: str | None = None
    callback_in: timedelta | None = None
    recording: str | None = None
    messages: list[dict[str, Any]] = field(default_factory=list)
    timings: dict[str, Any] = field(default_factory=dict)


def advance(
    session: Session, attempt_id: UUID, target: AttemptState, **values: Any
) -> bool:
    """Move to `target` from one of its legal source states."""
    moved = session.execute(
        update(Attempt)
        .where(col(Attempt.id) == attempt_id, col(Attempt.state).in_(sources(target)))
        .values(state=target, **values)
    )
    return affected(moved) == 1


def release(
    session: Session, attempt_id: UUID, *, reason: str, again_at: datetime | None
) -> bool:
    """Void a reservation that never dialed, and put its lead back (or aside for ever).

    Nothing is charged and no report is written: nobody's phone rang.
    """
    if not advance(
        session, attempt_id, AttemptState.VOID, ended_at=now(), error=reason
    ):
        return False
    status = LeadStatus.SKIPPED if again_at is None else LeadStatus.PENDING
    moment = {} if again_at is None else {"next_attempt_at": again_at}
    session.execute(
        update(Lead)
        .where(
            col(Lead.id)
            == select(Attempt.lead_id)
            .where(Attempt.id == attempt_id)
            .scalar_subquery(),
            col(Lead.status) == LeadStatus.CALLING,
        )
        .values(status=status, reason=reason, **moment)
    )
    return True


def finish(
    session: Session,
    attempt_id: UUID,
    ending: Ending,
    *,
    quarantine_until: datetime | None = None,
) -> bool:
    """Set the terminal facts once, and move the lead on in the same transaction.

    A sweep may have closed a frozen worker's attempt as `unknown`; until that is
    reported, the worker's own late account replaces it (DESIGN.md 4).
    """
    ended = session.execute(
        update(Attempt)
        .where(
            col(Attempt.id) == attempt_id,
            col(Attempt.state).in_(ON_THE_WIRE) | _closed_as_unknown(ending),
        )
        .values(
            state=AttemptState.ENDED,
            answered_at=sa.func.coalesce(Attempt.answered_at, ending.answered_at),
            ended_at=ending.ended_at or now(),
            disposition=ending.disposition,
            end_reason=ending.end_reason,
            answered_by=ending.answered_by,
            sip_code=ending.sip_code,
            error=ending.error,
            callback_request=ending.callback_request,
            recording=ending.recording,
            messages=ending.messages,
            timings=ending.timings,
            quarantine_until=quarantine_until,
        )
        .returning(Attempt)
    ).scalar_one_or_none()
    if ended is None:
        return False
    _move_lead_on(session, ended, ending, quarantine_until)
    return True


def _closed_as_unknown(ending: Ending) -> sa.ColumnElement[bool]:
    if ending.disposition is Disposition.UNKNOWN:
        return sa.false()
    return sa.and_(
        col(Attempt.state) == AttemptState.ENDED,
        col(Attempt.disposition) == Disposition.UNKNOWN,
    )


def _move_lead_on(
    session: Session,
    attempt: Attempt,
    ending: Ending,
    quarantine_until: datetime | None,
) -> None:
    lead = session.get_one(Lead, attempt.lead_id, with_for_update=True)
    campaign = session.get_one(Campaign, attempt.campaign_id)
    if ending.disposition is Disposition.OPTED_OUT:
        suppress(
            session,
            attempt.phone_number,
            root_id=attempt.root_id,
            reason="asked on a call",
            source=f"call {attempt.id}",
        )
    after = after_attempt(
        ending.disposition,
        spoken_to=_spoken_to(attempt, ending),
        attempts=lead.attempts,
        max_attempts=campaign.max_attempts,
        refunds=lead.refunds,
        retry_delay=timedelta(seconds=campaign.retry_delay_seconds),
        callback_in=ending.callback_in,
        quarantine=max(timedelta(), (quarantine_until or now()) - now()),
    )
    lead.disposition = ending.disposition
    lead.reason = after.reason
    if attempt.charged and not after.charged:
        attempt.charged = False
        lead.attempts -= 1
        lead.refunds += 1
    _apply(lead, after)


def _spoken_to(attempt: Attempt, ending: Ending) -> bool:
    if ending.disposition is Disposition.UNKNOWN:
        return attempt.answered_at is not None
    return any(message.get("role") == "user" for message in ending.messages)


def _apply(lead: Lead, after: Next) -> None:
    """The lead's row is locked, and only its own attempt's end may move it."""
    lead.status = after.status
    if after.after is not None:
        lead.next_attempt_at = now() + after.after


def suppress_callee(session: Session, attempt_id: UUID, *, reason: str) -> None:
    """The callee of an attempt is never to be rung again, by anybody of the tree."""
    attempt = session.get_one(Attempt, attempt_id)
    suppress(
        session,
        attempt.phone_number,
        root_id=attempt.root_id,
        reason=reason,
        source=f"call {attempt.id}",
    )


def renew(
    session: Session, worker_id: str, attempts: Sequence[UUID], *, lease: timedelta
) -> set[UUID]:
    """Renew the leases of one process in one statement; answer those still ours."""
    if not attempts:
        return set()
    moment = now()
    kept = session.execute(
        update(Attempt)
        .where(
            col(Attempt.id).in_(attempts),
            col(Attempt.worker_id) == worker_id,
            col(Attempt.state).in_(LIVE),
        )
        .values(renewed_at=moment, lease_until=moment + lease)
        .returning(col(Attempt.id))
    )
    return set(kept.scalars())


def abandon(session: Session, attempt: Attempt, *, quarantine: timedelta) -> bool:
    """Close an attempt whose worker or gateway was lost: `unknown`, never a blind retry.

    The number rests until no left-over leg can be up, counted from the last renewal.
    """
    return finish(
        session,
        attempt.id,
        Ending(Disposition.UNKNOWN, EndReason.INFRASTRUCTURE),
        quarantine_until=attempt.renewed_at + quarantine,
    )


def report(session: Session, attempt: Attempt, payload: dict[str, Any]) -> bool:
    """Write the one report of an attempt, together with its last change of state."""
    if not advance(session, attempt.id, AttemptState.REPORTED, reported_at=now()):
        return False
    session.add(
        Report(
            organization_id=attempt.organization_id,
            attempt_id=attempt.id,
            payload=payload,
        )
    )
    return True
