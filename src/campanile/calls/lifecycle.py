"""The one gate of attempt states: guarded UPDATEs and what must change with them.

Each function answers whether *this* caller made the change; nobody needs to look first,
and whoever comes second, or twice, changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, update

from campanile.calls.aftermath import correct, move_on
from campanile.calls.models import Attempt, Report
from campanile.calls.outcomes import AnsweredBy, Disposition, EndReason
from campanile.calls.states import LIVE, ON_THE_WIRE, AttemptState, sources
from campanile.clock import now
from campanile.db import affected
from campanile.leads.models import Lead
from campanile.leads.states import LeadStatus


@dataclass(frozen=True, slots=True)
class Ending:
    """Everything known about an attempt when its leg is over."""

    disposition: Disposition
    end_reason: str
    answered_by: AnsweredBy | None = None
    sip_code: int | None = None
    error: str | None = None
    callback_request: str | None = None
    callback_in: timedelta | None = None
    """from the end of the call"""
    recording: str | None = None
    messages: list[dict[str, Any]] = field(default_factory=list)
    timings: dict[str, Any] = field(default_factory=dict)
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    """both for when the row could not be told at that moment"""
    ended_at: datetime | None = None
    """None: now. An outcome that waited for the database names its own."""


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
    session: Session,
    attempt_id: UUID,
    *,
    reason: str,
    again_at: datetime | None,
    rule: str = "",
    given_up: LeadStatus = LeadStatus.SKIPPED,
) -> bool:
    """Void a reservation that never dialed, and put its lead back; without `again_at`
    aside for ever, as `given_up`.

    Nothing is charged and no report is written: nobody's phone rang. The lead is told
    in words; the attempt keeps the rule that said no as well.
    """
    error = f"{rule} — {reason}" if rule else reason
    lead_id = _void(session, attempt_id, AttemptState.CLAIMED, error)
    if lead_id is None:
        return False
    _put_back(session, lead_id, reason, again_at, given_up)
    return True


def withdraw(
    session: Session,
    attempt_id: UUID,
    *,
    worker_id: str,
    reason: str,
    again_at: datetime | None,
) -> bool:
    """Take back a claimed dial whose INVITE certainly never left.

    Only the worker that claimed it can know: another one, which a doubled message
    reached, would void a call that is up. A sweep that comes first has ended the attempt
    as `unknown`, and so it stays. The charge is given back; the dial counts for no cap.
    """
    mine = col(Attempt.worker_id) == worker_id
    lead_id = _void(session, attempt_id, AttemptState.DIALING, reason, mine)
    if lead_id is None:
        return False
    session.execute(
        update(Lead)
        .where(col(Lead.id) == lead_id)
        .values(attempts=sa.func.greatest(col(Lead.attempts) - 1, 0))
    )
    _put_back(session, lead_id, reason, again_at, LeadStatus.SKIPPED)
    return True


def _void(
    session: Session,
    attempt_id: UUID,
    source: AttemptState,
    error: str,
    *conditions: sa.ColumnElement[bool],
) -> UUID | None:
    """The lead of the attempt, when this caller made it void."""
    return session.execute(
        update(Attempt)
        .where(col(Attempt.id) == attempt_id, col(Attempt.state) == source, *conditions)
        .values(
            state=AttemptState.VOID,
            ended_at=now(),
            error=error,
            charged=False,
            dialed_at=None,
            reserved_seconds=None,
        )
        .returning(col(Attempt.lead_id))
    ).scalar_one_or_none()


def _put_back(
    session: Session,
    lead_id: UUID,
    reason: str,
    again_at: datetime | None,
    given_up: LeadStatus,
) -> None:
    status = given_up if again_at is None else LeadStatus.PENDING
    due = col(Lead.next_attempt_at)
    # What it has to wait for otherwise is not shortened.
    moment = due if again_at is None else sa.func.greatest(due, again_at)
    session.execute(
        update(Lead)
        .where(col(Lead.id) == lead_id, col(Lead.status) == LeadStatus.CALLING)
        .values(status=status, reason=reason, next_attempt_at=moment)
    )


def finish(
    session: Session,
    attempt_id: UUID,
    ending: Ending,
    *,
    quarantine_until: datetime | None = None,
    lost: bool = False,
) -> bool:
    """Set the terminal facts once, and move the lead on in the same transaction.

    `lost`: nobody can say what became of its leg. If the row does not know of an answer
    either, it is taken to have cost all that it held.

    A sweep may have closed a frozen worker's attempt as `unknown`; until that is
    reported, the worker's own late account replaces it, afterwards it is an amendment
    (amendments.py, DESIGN.md 4).
    """
    wire = col(Attempt.state).in_(ON_THE_WIRE)
    ended = _close(session, attempt_id, ending, quarantine_until, wire, lost=lost)
    if ended is not None:
        move_on(session, ended, callback_in=ending.callback_in)
        return True
    unknown = says_more(ending) & (col(Attempt.state) == AttemptState.ENDED)
    ended = _close(session, attempt_id, ending, quarantine_until, unknown)
    if ended is not None:
        correct(session, ended, callback_in=ending.callback_in)
        return True
    return False


def says_more(ending: Ending) -> sa.ColumnElement[bool]:
    """Whether an attempt is `unknown` that this account knows better.

    A second `unknown` does when it alone knows that the callee had answered.
    """
    unknown = col(Attempt.disposition) == Disposition.UNKNOWN
    if ending.disposition is not Disposition.UNKNOWN:
        return unknown
    if ending.answered_at is None:
        return sa.false()
    return unknown & col(Attempt.answered_at).is_(None)


def _close(
    session: Session,
    attempt_id: UUID,
    ending: Ending,
    quarantine_until: datetime | None,
    guard: sa.ColumnElement[bool],
    *,
    lost: bool = False,
) -> Attempt | None:
    ended_at = ending.ended_at or now()
    ringing_at = sa.func.coalesce(col(Attempt.ringing_at), ending.ringing_at)
    answered_at = sa.func.coalesce(col(Attempt.answered_at), ending.answered_at)
    talked = sa.func.ceil(sa.func.extract("epoch", ended_at - answered_at))
    at_most = col(Attempt.reserved_seconds)
    untold = sa.func.coalesce(at_most, 0) if lost else 0
    billed = sa.func.greatest(0, sa.func.coalesce(talked, untold))
    if ending.disposition is Disposition.UNKNOWN:
        # Its leg was over long before a sweep noticed: it used what it held, at most.
        billed = sa.func.least(billed, at_most)
    return session.execute(
        update(Attempt)
        .where(col(Attempt.id) == attempt_id, guard)
        .values(
            state=AttemptState.ENDED,
            ringing_at=ringing_at,
            answered_at=answered_at,
            ended_at=ended_at,
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
            reserved_seconds=None,
            billed_seconds=billed,
        )
        .returning(Attempt)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()


def renew(
    session: Session, worker_id: str, attempts: Sequence[UUID], *, lease: timedelta
) -> set[UUID]:
    """Renew the leases of one process in one statement; answer those still ours.

    By the database's clock: the process's own may have been set since it claimed them.
    """
    if not attempts:
        return set()
    moment = sa.func.clock_timestamp()
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
        lost=True,
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
