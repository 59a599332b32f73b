"""How much room there is: counted from leases, never kept in counters.

A worker's row says how many calls it can hold; an attempt in a live state is one call.
A claimed attempt already counts, so two ticks together cannot overfill anything.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from campanile.calls.states import LIVE, AttemptState
from campanile.capacity.models import WorkerLease
from campanile.clock import now


@dataclass(frozen=True, slots=True)
class Usage:
    """What is in use, by everything that limits it."""

    worker_slots: int
    """of all workers alive and accepting"""
    live: int = 0
    by_campaign: Counter[UUID] = field(default_factory=Counter)
    by_trunk: Counter[UUID] = field(default_factory=Counter)
    claimed_by_trunk: Counter[UUID] = field(default_factory=Counter)
    """no instant to send their INVITE at is reserved yet"""


def announce(
    session: Session,
    worker_id: str,
    *,
    slots: int,
    accepting: bool,
    lease: timedelta,
) -> None:
    """Say that this worker lives, and whether it takes new calls.

    By the database's clock: the worker's own may have been set.
    """
    until = sa.func.clock_timestamp() + lease
    values = {"slots": slots, "accepting": accepting, "lease_until": until}
    session.execute(
        insert(WorkerLease)
        .values(id=worker_id, started_at=now(), **values)
        .on_conflict_do_update(index_elements=["id"], set_=values)
    )


def withdraw(session: Session, worker_id: str) -> None:
    session.execute(sa.delete(WorkerLease).where(col(WorkerLease.id) == worker_id))


def usage(session: Session) -> Usage:
    slots = session.execute(_SLOTS, {"moment": now()}).scalar_one()
    campaigns: Counter[UUID] = Counter()
    trunks: Counter[UUID] = Counter()
    claimed: Counter[UUID] = Counter()
    for campaign_id, trunk_id, not_dialed, count in session.execute(_LIVE_CALLS):
        campaigns[campaign_id] += count
        trunks[trunk_id] += count
        if not_dialed:
            claimed[trunk_id] += count
    return Usage(int(slots), campaigns.total(), campaigns, trunks, claimed)


_SLOTS = sa.text(
    """
    SELECT COALESCE(sum(slots), 0) FROM worker_lease
     WHERE accepting AND lease_until > :moment
    """
)
_LIVE_CALLS = sa.text(
    f"""
    SELECT campaign_id, trunk_id, state = '{AttemptState.CLAIMED}', count(*)
      FROM attempt
     WHERE state IN ({", ".join(f"'{state}'" for state in sorted(LIVE))})
     GROUP BY 1, 2, 3
    """
)
