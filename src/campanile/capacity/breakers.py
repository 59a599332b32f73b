"""What is too sick to be called with: rows that every process shares (DESIGN D12).

A sick trunk, provider or agent stops *new* calls that need it, never a call under way
nor anybody else's. `blocked` tells the tick what to leave out, `admit` is the last word
inside the claim of a dial; capacity/learning.py feeds the rows.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select, update

from campanile.agents.models import Agent
from campanile.calls.models import Attempt
from campanile.calls.states import LIVE, AttemptState
from campanile.campaigns.models import Campaign
from campanile.capacity.breaker_rows import is_, note_success, sick
from campanile.capacity.models import Breaker, BreakerKind, BreakerState
from campanile.clock import clock_offset, now
from campanile.compliance.may_dial import Refused
from campanile.db import affected

PROBE_GAP = timedelta(seconds=15)
"""Who finds a probe on its way looks again after this."""
TALKED_FOR = timedelta(seconds=20)
"""A probe that still talks after this has shown that its agent and providers work: one
that stalls has ended the call by then (reliability.md 1.6: within 10 s)."""


def admit(
    session: Session,
    *,
    trunk_id: UUID,
    agent_id: UUID,
    providers: Sequence[str],
    attempt_id: UUID,
    now: datetime,
) -> Refused | None:
    """The refusal, if something that the call needs is sick; None lets it be dialed.

    Of what may be tried again the attempt becomes the probe, in this transaction; until
    its end nobody else does. Should the claim fail after all, the void attempt is no
    probe any more. `now` is real time.
    """
    needed = [(BreakerKind.PROVIDER, name) for name in providers]
    needed += [(BreakerKind.AGENT, str(agent_id)), (BreakerKind.TRUNK, str(trunk_id))]
    for row in sick(session, needed):
        if not _becomes_probe(session, row, attempt_id, now):
            again_at = max(row.retry_at or now, now + PROBE_GAP)
            return Refused(
                f"breaker.{row.kind}",
                f"the {row.kind} rests: {row.reason}",
                again_at + clock_offset(),
            )
    return None


def _becomes_probe(
    session: Session, row: Breaker, attempt_id: UUID, moment: datetime
) -> bool:
    """One at a time: a probe is over when its attempt is, a lost worker's included."""
    under_way = sa.exists().where(
        col(Attempt.id) == Breaker.probe_attempt_id, col(Attempt.state).in_(LIVE)
    )
    due = sa.and_(
        col(Breaker.state) == BreakerState.OPEN, col(Breaker.retry_at) <= moment
    )
    free = sa.and_(col(Breaker.state) == BreakerState.HALF_OPEN, ~under_way)
    made = session.execute(
        update(Breaker)
        .where(*is_((row.kind, row.key)), sa.or_(due, free))
        .values(
            state=BreakerState.HALF_OPEN,
            probe_attempt_id=attempt_id,
            changed_at=moment,
        )
        .execution_options(synchronize_session=False)
    )
    return affected(made) == 1


@dataclass(frozen=True, slots=True)
class Blocked:
    """What gets no new call now, and what gets a single one to try it."""

    trunks: frozenset[UUID] = frozenset()
    agents: frozenset[UUID] = frozenset()
    """sick themselves, or in need of a sick provider"""
    probe_trunks: frozenset[UUID] = frozenset()
    probe_agents: frozenset[UUID] = frozenset()


def blocked(session: Session) -> Blocked:
    """What the tick leaves out. Closes first what a probe has shown to work.

    One query while everything is well.
    """
    rows = sick(session)
    if not rows:
        return Blocked()
    moment = now()
    probes = _probes(session, rows)
    rows = [r for r in rows if not _proved(session, r, probes.get(r.probe_attempt_id))]
    claimed = _claimed(session)
    shut: dict[bool, set[UUID]] = {True: set(), False: set()}
    tried: dict[bool, set[UUID]] = {True: set(), False: set()}
    for row in rows:
        if row.kind == BreakerKind.PROVIDER:
            who = _agents_with(session, row.key)
        else:
            who = {UUID(row.key)}
        waits = row.retry_at is not None and row.retry_at > moment
        busy = waits or row.probe_attempt_id in probes or who & claimed
        (shut if busy else tried)[row.kind == BreakerKind.TRUNK] |= who
    return Blocked(
        trunks=frozenset(shut[True]),
        agents=frozenset(shut[False]),
        probe_trunks=frozenset(tried[True]),
        probe_agents=frozenset(tried[False] - shut[False]),
    )


@dataclass(frozen=True, slots=True)
class _Probe:
    attempt_id: UUID
    ringing_at: datetime | None
    answered_at: datetime | None


def _probes(
    session: Session, rows: Collection[Breaker]
) -> Mapping[UUID | None, _Probe]:
    """The probes under way."""
    ids = [row.probe_attempt_id for row in rows if row.probe_attempt_id is not None]
    if not ids:
        return {}
    found = session.execute(
        select(
            col(Attempt.id), col(Attempt.ringing_at), col(Attempt.answered_at)
        ).where(col(Attempt.id).in_(ids), col(Attempt.state).in_(LIVE))
    ).all()
    return {probe.attempt_id: probe for probe in (_Probe(*values) for values in found)}


def _proved(session: Session, row: Breaker, probe: _Probe | None) -> bool:
    """Close a breaker whose probe goes well, though its call is not over."""
    if probe is None:
        return False
    if row.kind == BreakerKind.TRUNK:
        works = probe.ringing_at is not None or probe.answered_at is not None
    else:
        answered = probe.answered_at
        works = answered is not None and answered + TALKED_FOR <= now()
    if works:
        key = (row.kind, row.key)
        note_success(session, [key], at=now(), attempt_id=probe.attempt_id)
    return works


def _claimed(session: Session) -> set[UUID]:
    """Trunks and agents for which an attempt waits to be dialed: their next probe."""
    rows = session.execute(
        select(col(Attempt.trunk_id), col(Campaign.agent_id))
        .join(Campaign, col(Campaign.id) == Attempt.campaign_id)
        .where(Attempt.state == AttemptState.CLAIMED)
        .distinct()
    ).all()
    return {identity for row in rows for identity in row}


def _agents_with(session: Session, provider: str) -> set[UUID]:
    chosen = [
        col(Agent.config)[part]["provider"].as_string() == provider
        for part in ("stt_config", "llm_config", "tts_config")
    ]
    return set(session.exec(select(Agent.id).where(sa.or_(*chosen))).all())
