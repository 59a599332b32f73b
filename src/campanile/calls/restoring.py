"""Dials that the database has forgotten, put back into its rows (DESIGN D17).

Bulk statements: a backup may be a million calls old. Each may be repeated: what has been
put back is found and left alone.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, update

from campanile.calls.aftermath import correct, move_on
from campanile.calls.models import Attempt
from campanile.calls.outcomes import Disposition, EndReason
from campanile.calls.states import AttemptState
from campanile.clock import now
from campanile.leads.models import Lead

FOLLOW_UP = "answered in a call the database no longer knows: follow up by hand"


@dataclass(frozen=True, slots=True)
class ForgottenDial:
    """A dial of which the rows know nothing, or no more than its reservation."""

    attempt_id: UUID
    lead_id: UUID
    dialed_at: datetime
    state: AttemptState | None
    """of the attempt; None: there is none"""


# The ledger's lines are JSON, and stay it: to take a million apart costs a minute.
_GIVEN = """
    json_to_recordset(CAST(:dials AS json)) AS given(
      t float8, attempt uuid, root uuid, campaign uuid, lead uuid, subject text,
      number text)
"""
# A void attempt that has a worker was claimed by it and withdrawn: the rows know of the
# dial that its INVITE never left, before the ledger does. The others are held: a sweep
# that gives them up at this moment would otherwise leave them in neither state.
_FORGOTTEN = sa.text(
    f"""
    WITH held AS MATERIALIZED (
      SELECT id, state FROM attempt
       WHERE id = ANY(ARRAY(SELECT attempt FROM {_GIVEN}))
         AND (state = 'claimed' OR state = 'void' AND worker_id IS NULL)
       ORDER BY id FOR UPDATE)
    SELECT given.attempt, given.lead, to_timestamp(given.t), held.state
      FROM {_GIVEN}
      LEFT JOIN held ON held.id = given.attempt
     WHERE (held.id IS NOT NULL
            OR NOT EXISTS (SELECT 1 FROM attempt WHERE id = given.attempt))
       AND EXISTS (SELECT 1 FROM organization WHERE id = given.root)
    """
)
_ADD = sa.text(
    f"""
    WITH fresh AS (
      INSERT INTO ledger_dial (attempt_id, root_id, campaign_id, lead_id, phone_number,
                               subject, dialed_at, answered, created_at)
      SELECT attempt, root, campaign, lead, number, subject, to_timestamp(t), false,
             now()
        FROM {_GIVEN}
       WHERE attempt = ANY(:attempts)
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
)


def put_back(
    session: Session, dials: Sequence[Mapping[str, Any]], *, rest: timedelta
) -> int:
    """Let the rows know these dials, lines of the ledger; answer how many they did not.

    The lead is charged and waits out its retry delay, and at least `rest`, from the
    dial. Dials of an organisation that this database never had are another's.
    """
    if not dials:
        return 0
    given = json.dumps(dials)
    forgotten = [
        ForgottenDial(*row) for row in session.execute(_FORGOTTEN, {"dials": given})
    ]
    unknown = [dial.attempt_id for dial in forgotten if dial.state is None]
    added = 0
    if unknown:
        values = {"dials": given, "attempts": unknown, "rest": rest}
        added = session.execute(_ADD, values).scalar_one()
    return added + sum(
        _close_as_unknown(session, dial, rest)
        for dial in forgotten
        if dial.state is not None
    )


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


def _close_as_unknown(session: Session, dial: ForgottenDial, rest: timedelta) -> bool:
    """The rows were put back to before the dial: its outcome is nobody's to know.

    False where a line of the file came twice."""
    closed = session.execute(
        update(Attempt)
        .where(col(Attempt.id) == dial.attempt_id, col(Attempt.state) == dial.state)
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
        .values(
            attempts=Lead.attempts + 1,
            last_attempt_at=sa.func.greatest(Lead.last_attempt_at, dial.dialed_at),
        )
    )
    # A reservation that had been given up is no longer what its lead is busy with.
    settle = move_on if dial.state == AttemptState.CLAIMED else correct
    settle(session, closed, callback_in=None)
    return True
