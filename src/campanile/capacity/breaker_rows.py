"""The rows of breakers: lock, let `health` decide, write, and tell.

Whoever needs several locks them in the order of `ORDER`; where nothing is wrong nothing
is locked.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select, update

from campanile.agents.models import Agent
from campanile.calls.models import Attempt
from campanile.capacity import health
from campanile.capacity.health import FAILURES_IN_A_ROW, Health
from campanile.capacity.models import Breaker, BreakerKind, BreakerState
from campanile.clock import now
from campanile.organizations.events import tell
from campanile.trunks.models import Trunk

log = structlog.get_logger(__name__)

Key = tuple[BreakerKind, str]

ORDER = (BreakerKind.PROVIDER, BreakerKind.AGENT, BreakerKind.TRUNK)


def sick(session: Session, keys: Sequence[Key] | None = None) -> list[Breaker]:
    """The breakers that are not closed, in the order of locking."""
    query = select(Breaker).where(Breaker.state != BreakerState.CLOSED)
    if keys is not None:
        query = query.where(sa.tuple_(col(Breaker.kind), col(Breaker.key)).in_(keys))
    rows = session.exec(query.execution_options(populate_existing=True)).all()
    return sorted(rows, key=lambda row: (ORDER.index(row.kind), row.key))


def note_failure(session: Session, key: Key, attempt: Attempt, *, why: str) -> None:
    """One more failure; `why` in a few words. May open the breaker, or keep it open."""
    moment = now()
    fresh = Breaker(kind=key[0], key=key[1])
    session.execute(insert(Breaker).values(fresh.model_dump()).on_conflict_do_nothing())

    def decide(before: Health, is_probe: bool) -> Health:
        return health.failed(
            before,
            limit=FAILURES_IN_A_ROW[key[0]],
            at=moment,
            dialed_at=attempt.dialed_at,
            is_probe=is_probe,
        )

    _change(session, key, attempt.id, decide, why=why)


def note_success(
    session: Session, keys: Sequence[Key], *, at: datetime, attempt_id: UUID
) -> None:
    """These worked at `at`. May close their breakers; mostly it is one read."""

    def decide(before: Health, is_probe: bool) -> Health:
        return health.worked(before, at=at, is_probe=is_probe)

    wrong = session.execute(
        select(Breaker.kind, Breaker.key).where(
            sa.tuple_(col(Breaker.kind), col(Breaker.key)).in_(keys),
            sa.or_(
                col(Breaker.failures) > 0, col(Breaker.state) != BreakerState.CLOSED
            ),
        )
    ).all()
    for key in sorted(wrong, key=lambda found: (ORDER.index(found[0]), found[1])):
        _change(session, (key[0], key[1]), attempt_id, decide, why="")


def _change(
    session: Session,
    key: Key,
    attempt_id: UUID,
    decide: Callable[[Health, bool], Health],
    *,
    why: str,
) -> None:
    row = session.exec(
        select(Breaker)
        .where(*is_(key))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    before = Health(
        state=row.state,
        failures=row.failures,
        failed_at=row.failed_at,
        openings=row.openings,
        retry_at=row.retry_at,
        changed_at=row.changed_at,
    )
    after = decide(before, row.probe_attempt_id == attempt_id)
    if after == before:
        return
    for name, value in asdict(after).items():
        setattr(row, name, value)
    if after.state == before.state == BreakerState.CLOSED:
        return
    row.probe_attempt_id = None
    row.reason = f"{after.failures} failures in a row, the last: {why}" if why else ""
    _tell(session, row)


def reset(session: Session, kind: BreakerKind, key: str) -> bool:
    """A person says that it is well again. Answers whether it was open."""
    healthy = asdict(Health(changed_at=now()))
    closed = session.execute(
        update(Breaker)
        .where(*is_((kind, key)), col(Breaker.state) != BreakerState.CLOSED)
        .values(**healthy, probe_attempt_id=None, reason="")
        .returning(Breaker)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if closed is not None:
        _tell(session, closed)
    return closed is not None


def owner(session: Session, row: Breaker) -> Trunk | Agent | None:
    """The trunk or agent that the row is about; None for a provider, or one deleted."""
    if row.kind == BreakerKind.TRUNK:
        return session.get(Trunk, UUID(row.key))
    if row.kind == BreakerKind.AGENT:
        return session.get(Agent, UUID(row.key))
    return None


def _tell(session: Session, row: Breaker) -> None:
    closed = row.state == BreakerState.CLOSED
    kind = "breaker.closed" if closed else "breaker.opened"
    facts = {"breaker": row.kind.value, "key": row.key}
    if row.retry_at is not None:
        facts |= {"reason": row.reason, "retry_at": row.retry_at.isoformat()}
    concerned = owner(session, row)
    organization_id = None if concerned is None else concerned.organization_id
    tell(session, kind, organization_id=organization_id, **facts)
    (log.info if closed else log.warning)(kind, **facts)


def is_(key: Key) -> tuple[sa.ColumnElement[bool], ...]:
    """The WHERE of one breaker."""
    return (col(Breaker.kind) == key[0], col(Breaker.key) == key[1])
