"""What is learned of an attempt after its report went out as `unknown`.

The report stays as it was; the late account is kept beside it (DESIGN.md 4), because a
worker that was cut off may be the only one who heard "never call me again".
"""

from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from campanile.calls.aftermath import take_off
from campanile.calls.lifecycle import Ending, says_more
from campanile.calls.models import Attempt, Report
from campanile.calls.states import AttemptState
from campanile.clock import now

AMENDMENT = "amendment"
"""The kind of report; there is at most one of each kind per attempt."""


def amend(session: Session, attempt_id: UUID, ending: Ending) -> bool:
    """Keep a late account of an attempt reported as `unknown`; answer whether it is new.

    Its lead may have been put back to be rung again; what is learned now may keep it
    from that, and never brings a call about.
    """
    kept = session.execute(
        insert(Report)
        .from_select(
            ["id", "organization_id", "attempt_id", "kind", "payload", "created_at"],
            sa.select(
                sa.literal(uuid4()),
                col(Attempt.organization_id),
                col(Attempt.id),
                sa.literal(AMENDMENT),
                sa.literal(_payload(attempt_id, ending), sa.JSON()),
                sa.literal(now()),
            ).where(
                col(Attempt.id) == attempt_id,
                col(Attempt.state) == AttemptState.REPORTED,
                says_more(ending),
            ),
        )
        .on_conflict_do_nothing()
        .returning(col(Report.id))
    )
    if kept.first() is None:
        return False
    take_off(
        session,
        session.get_one(Attempt, attempt_id),
        ending.disposition,
        spoken_to=ending.answered_at is not None,
    )
    return True


def _payload(attempt_id: UUID, ending: Ending) -> dict[str, Any]:
    return {
        "type": AMENDMENT,
        "timestamp": now().isoformat(),
        "call": {"id": str(attempt_id)},
        "end_reason": ending.end_reason,
        "disposition": ending.disposition,
        "answered_by": ending.answered_by,
        "messages": [
            {"role": message["role"], "content": message["text"]}
            for message in ending.messages
        ],
        "recording": ending.recording,
    }
