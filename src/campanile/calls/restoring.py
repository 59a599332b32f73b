"""Dials that the database has forgotten, put back into its rows (DESIGN D17).

Bulk statements: a backup may be a million calls old. Each may be repeated: what has been
put back is found and left alone.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select, update

from campanile.calls.aftermath import correct, move_on
from campanile.calls.models import Attempt
from campanile.calls.outcomes import Disposition, EndReason
from campanile.calls.states import AttemptState
from campanile.clock import now
from campanile.leads.models import Lead

UNDIALED = frozenset({AttemptState.CLAIMED, AttemptState.VOID})
FOLLOW_UP = "answered in a call the database no longer knows: follow up by hand"


@dataclass(frozen=True, slots=True)
class ForgottenDial:
    """One line of the ledger."""

    attempt_id: UUID
    root_id: UUID
    campaign_id: UUID
    lead_id: UUID
    phone_number: str
    subject: str | None
    dialed_at: datetime


def put_back(
    session: Session, dials: Sequence[ForgottenDial], *, rest: timedelta
) -> int:
    """Let the rows know these dials; answer how many they did not.

    The lead is charged and waits out its retry delay, and at least `rest`, from the
    dial. Dials of an organisation that this database never had are another's.
    """
    if not dials:
        return 0
    known = dict(
        session.execute(
            select(col(Attempt.id), col(Attempt.state)).where(
                col(Attempt.id).in_([dial.attempt_id for dial in dials])
            )
        ).all()
    )
    revived = sum(
        _close_as_unknown(session, dial, state, rest)
        for dial in dials
        if (state := known.get(dial.attempt_id)) in UNDIALED
    )
    new = [dial for dial in dials if dial.attempt_id not in known]
    return revived + _add(session, new, rest)


def take_back(session: Session, attempts: Collection[UUID]) -> None:
    """Their INVITE never left after all."""
    if attempts:
        session.execute(
            sa.text(
                """
                WITH gone AS (
                  DELETE FROM ledger_dial WHERE attempt_id = ANY(:attempts)
                  RETURNING lead_id)
                UPDATE lead SET attempts = GREATEST(attempts - n, 0)
                  FROM (SELECT lead_id, count(*) AS n FROM gone GROUP BY 1) per
                 WHERE lead.id = per.lead_id
                """
            ),
            {"attempts": list(attempts)},
        )


def note_answers(session: Session, answered: Mapping[UUID, datetime]) -> None:
    """Somebody picked up. Where the outcome is lost, nobody calls again by itself."""
    if not answered:
        return
    given = {"attempts": list(answered), "moments": list(answered.values())}
    reached = session.execute(
        sa.text(
            """
            UPDATE ledger_dial SET answered = true
             WHERE attempt_id = ANY(:attempts) AND NOT answered
         RETURNING lead_id
            """
        ),
        given,
    )
    leads = set(reached.scalars())
    lost = session.execute(
        sa.text(
            """
            UPDATE attempt SET answered_at = given.moment
              FROM unnest(CAST(:attempts AS uuid[]),
                          CAST(:moments AS timestamptz[])) AS given(id, moment)
             WHERE attempt.id = given.id AND answered_at IS NULL
               AND dialed_at IS NOT NULL
         RETURNING lead_id, disposition
            """
        ),
        given,
    )
    leads |= {lead for lead, ended_as in lost if ended_as == Disposition.UNKNOWN}
    if leads:
        session.execute(
            update(Lead)
            .where(col(Lead.id).in_(leads), col(Lead.status) == "pending")
            .values(status="failed", reason=FOLLOW_UP)
        )


def _close_as_unknown(
    session: Session, dial: ForgottenDial, state: AttemptState, rest: timedelta
) -> bool:
    """The rows were put back to before the dial: its outcome is nobody's to know."""
    closed = session.execute(
        update(Attempt)
        .where(col(Attempt.id) == dial.attempt_id, col(Attempt.state) == state)
        .values(
            state=AttemptState.ENDED,
            charged=True,
            dialed_at=dial.dialed_at,
            renewed_at=dial.dialed_at,
            ended_at=now(),
            disposition=Disposition.UNKNOWN,
            end_reason=EndReason.INFRASTRUCTURE,
            error="the database was put back to before this dial",
            quarantine_until=dial.dialed_at + rest,
            reserved_seconds=None,
            billed_seconds=0,
        )
        .returning(Attempt)
    ).scalar_one_or_none()
    if closed is None:
        return False
    session.execute(
        update(Lead)
        .where(col(Lead.id) == dial.lead_id)
        .values(attempts=Lead.attempts + 1)
    )
    # A reservation that had been given up is no longer what its lead is busy with.
    settle = move_on if state is AttemptState.CLAIMED else correct
    settle(session, closed, callback_in=None)
    return True


def _add(session: Session, dials: Sequence[ForgottenDial], rest: timedelta) -> int:
    if not dials:
        return 0
    columns: dict[str, list[Any]] = {
        "attempts": [dial.attempt_id for dial in dials],
        "roots": [dial.root_id for dial in dials],
        "campaigns": [dial.campaign_id for dial in dials],
        "leads": [dial.lead_id for dial in dials],
        "numbers": [dial.phone_number for dial in dials],
        "subjects": [dial.subject for dial in dials],
        "moments": [dial.dialed_at for dial in dials],
    }
    added = session.execute(
        sa.text(
            """
            WITH fresh AS (
              INSERT INTO ledger_dial (attempt_id, root_id, campaign_id, lead_id,
                                       phone_number, subject, dialed_at, answered,
                                       created_at)
              SELECT given.*, false, now()
                FROM unnest(CAST(:attempts AS uuid[]), CAST(:roots AS uuid[]),
                            CAST(:campaigns AS uuid[]), CAST(:leads AS uuid[]),
                            CAST(:numbers AS text[]), CAST(:subjects AS text[]),
                            CAST(:moments AS timestamptz[]))
                  AS given(attempt_id, root_id, campaign_id, lead_id, phone_number,
                           subject, dialed_at)
               WHERE EXISTS (SELECT 1 FROM organization o WHERE o.id = given.root_id)
              ON CONFLICT DO NOTHING
              RETURNING lead_id, dialed_at),
            per AS (
              SELECT lead_id, count(*) AS dials, max(dialed_at) AS newest
                FROM fresh GROUP BY lead_id),
            charged AS (
              UPDATE lead
                 SET attempts = lead.attempts + per.dials,
                     last_attempt_at = GREATEST(lead.last_attempt_at, per.newest),
                     next_attempt_at = GREATEST(
                       lead.next_attempt_at,
                       per.newest + GREATEST(
                         make_interval(secs => campaign.retry_delay_seconds), :rest))
                FROM per, campaign
               WHERE lead.id = per.lead_id AND campaign.id = lead.campaign_id)
            SELECT count(*) FROM fresh
            """
        ),
        {**columns, "rest": rest},
    )
    return int(added.scalar_one())
