"""What an attempt's end does to its lead, in the transaction that ends it.

The lead's row is locked first. A lead that has been dialed again since (its first call
was given up as `unknown`, and its worker came back late) is its later attempt's to move;
the late account may only keep it from a third call.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from campanile.calls.models import Attempt
from campanile.calls.outcomes import Disposition
from campanile.calls.retries import DAY, REFUNDED, Next, after_attempt
from campanile.calls.states import AttemptState
from campanile.campaigns.models import Campaign
from campanile.clock import now
from campanile.leads.models import Lead
from campanile.leads.states import LeadStatus
from campanile.leads.suppression import suppress

WAITING = frozenset({LeadStatus.PENDING, LeadStatus.FAILED})
"""Where a lead stands whose attempt was closed as `unknown`. One that is skipped was
taken away by a person, one that is completed was reached."""


def move_on(
    session: Session, attempt: Attempt, *, callback_in: timedelta | None
) -> None:
    """The lead of an attempt that has just ended: called again, or not."""
    lead = session.get_one(Lead, attempt.lead_id, with_for_update=True)
    after = _settle(session, attempt, lead, callback_in)
    if lead.status == LeadStatus.CALLING:
        _apply(attempt, lead, after)


def correct(
    session: Session, attempt: Attempt, *, callback_in: timedelta | None
) -> None:
    """The same, for an outcome that replaces `unknown`."""
    lead = session.get_one(Lead, attempt.lead_id, with_for_update=True)
    disposition = attempt.disposition
    assert disposition is not None, "an ended attempt has one"
    if _dialed_again(session, attempt):
        take_off(session, attempt, disposition, spoken_to=_spoken_to(attempt))
        return
    after = _settle(session, attempt, lead, callback_in)
    if lead.status in WAITING:
        _apply(attempt, lead, after)


def take_off(
    session: Session, attempt: Attempt, disposition: Disposition, *, spoken_to: bool
) -> None:
    """What an account may still do when the lead has gone its way: keep it from being
    rung again. It never brings a call about, nor any nearer."""
    _suppress_if_asked(session, attempt, disposition)
    lead = session.get_one(Lead, attempt.lead_id, with_for_update=True)
    if lead.status not in WAITING:
        return
    after = _next(session, attempt, lead, disposition, spoken_to=spoken_to)
    if after.status is LeadStatus.PENDING:
        return
    if after.status is LeadStatus.COMPLETED or lead.status == LeadStatus.PENDING:
        lead.disposition = disposition
        lead.status, lead.reason = after.status, after.reason


def postpone(
    session: Session, attempt: Attempt, *, until: datetime, reason: str
) -> None:
    """Keep the lead of an ended attempt waiting at least until then."""
    session.execute(
        sa.update(Lead)
        .where(col(Lead.id) == attempt.lead_id, col(Lead.status) == LeadStatus.PENDING)
        .values(
            next_attempt_at=sa.func.greatest(col(Lead.next_attempt_at), until),
            reason=reason,
        )
    )


def _settle(
    session: Session, attempt: Attempt, lead: Lead, callback_in: timedelta | None
) -> Next:
    """Charge or refund, suppress who asked for it; answer where the lead goes."""
    disposition = attempt.disposition
    assert disposition is not None, "an ended attempt has one"
    _suppress_if_asked(session, attempt, disposition)
    after = _next(
        session,
        attempt,
        lead,
        disposition,
        spoken_to=_spoken_to(attempt),
        callback_in=callback_in,
    )
    if attempt.charged and not after.charged:
        attempt.charged = False
        lead.attempts = max(0, lead.attempts - 1)
        lead.refunds += 1
    lead.disposition = disposition
    return after


def _next(
    session: Session,
    attempt: Attempt,
    lead: Lead,
    disposition: Disposition,
    *,
    spoken_to: bool,
    callback_in: timedelta | None = None,
) -> Next:
    campaign = session.get_one(Campaign, attempt.campaign_id)
    ended_at = attempt.ended_at or now()
    rest = attempt.quarantine_until
    return after_attempt(
        disposition,
        spoken_to=spoken_to,
        attempts=lead.attempts,
        max_attempts=campaign.max_attempts,
        retry_delay=timedelta(seconds=campaign.retry_delay_seconds),
        refund_ages=(
            _refund_ages(session, attempt, ended_at) if disposition in REFUNDED else ()
        ),
        refunds=lead.refunds,
        callback_in=callback_in,
        callback_request=attempt.callback_request,
        quarantine=timedelta() if rest is None else max(timedelta(), rest - ended_at),
    )


def _refund_ages(
    session: Session, attempt: Attempt, ended_at: datetime
) -> Sequence[timedelta]:
    dialed = session.execute(
        select(Attempt.dialed_at).where(
            Attempt.lead_id == attempt.lead_id,
            col(Attempt.disposition).in_(REFUNDED),
            col(Attempt.dialed_at) > ended_at - DAY,
        )
    ).scalars()
    return [max(timedelta(), ended_at - at) for at in dialed if at is not None]


def _apply(attempt: Attempt, lead: Lead, after: Next) -> None:
    lead.status = after.status
    lead.reason = after.reason
    if after.after is not None:
        lead.next_attempt_at = (attempt.ended_at or now()) + after.after
    if attempt.disposition == Disposition.CALLBACK and after.after is not None:
        lead.callback_at = lead.next_attempt_at
    elif after.charged and attempt.disposition != Disposition.UNKNOWN:
        # A call that was given back, or may yet be, was not the one they asked for.
        lead.callback_at = None


def _dialed_again(session: Session, attempt: Attempt) -> bool:
    later = select(Attempt.id).where(
        Attempt.lead_id == attempt.lead_id,
        Attempt.id != attempt.id,
        Attempt.claimed_at > attempt.claimed_at,
        Attempt.state != AttemptState.VOID,
    )
    return session.exec(later.limit(1)).first() is not None


def _spoken_to(attempt: Attempt) -> bool:
    if attempt.disposition == Disposition.UNKNOWN:
        return attempt.answered_at is not None
    return any(message.get("role") == "user" for message in attempt.messages)


def _suppress_if_asked(
    session: Session, attempt: Attempt, disposition: Disposition | None
) -> None:
    if disposition == Disposition.OPTED_OUT:
        suppress(
            session,
            attempt.phone_number,
            root_id=attempt.root_id,
            reason="asked on a call",
            source=f"call {attempt.id}",
        )
