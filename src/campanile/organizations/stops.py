"""Stops: who said that nobody may be rung, and for what (everything, an organisation's
tree, a trunk, a campaign). A stop is a row, so it outlives every process.

It takes effect where rows are looked at: in the tick, in the claim of a dial, once more
before an INVITE that had to wait, and each second for the calls that a worker holds.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, Session, SQLModel, col, select, update

from campanile.clock import now
from campanile.db import affected, created_column, state_column
from campanile.organizations.events import tell
from campanile.organizations.models import Organization


class StopScope(StrEnum):
    EVERYTHING = "everything"
    ORGANIZATION = "organization"
    TRUNK = "trunk"
    CAMPAIGN = "campaign"


class Stop(SQLModel, table=True):
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    scope: StopScope = state_column(StopScope)
    target_id: UUID | None = None
    """the organisation's, trunk's or campaign's id; None for everything"""
    hang_up: bool = False
    """end the live conversations too"""
    reason: str = ""
    created_at: datetime = created_column()
    lifted_at: datetime | None = None

    __table_args__ = (
        sa.Index(
            "uq_stop_in_force",
            "scope",
            "target_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=sa.text("lifted_at IS NULL"),
        ),
    )


def stop(
    session: Session,
    scope: StopScope,
    target_id: UUID | None = None,
    *,
    hang_up: bool = False,
    reason: str = "",
) -> Stop:
    """Ring nobody new in this scope until it is lifted, and cancel what rings there.

    With `hang_up` live conversations are closed too. A second stop of the same scope
    may only make the first one stricter.
    """
    made = insert(Stop).values(
        id=uuid4(),
        scope=scope,
        target_id=target_id,
        hang_up=hang_up,
        reason=reason,
        created_at=now(),
    )
    identity = session.execute(
        made.on_conflict_do_update(
            index_elements=["scope", "target_id"],
            index_where=col(Stop.lifted_at).is_(None),
            set_={
                "hang_up": col(Stop.hang_up) | made.excluded.hang_up,
                "reason": sa.func.coalesce(
                    sa.func.nullif(made.excluded.reason, ""), col(Stop.reason)
                ),
            },
        ).returning(col(Stop.id))
    ).scalar_one()
    _tell(session, "stop.made", scope, target_id, hang_up=hang_up, reason=reason)
    return session.get_one(Stop, identity, populate_existing=True)


def lift(session: Session, scope: StopScope, target_id: UUID | None = None) -> int:
    """End the stop of exactly this scope; answer how many there were (0 or 1).

    What stops the calls of a wider scope goes on stopping them.
    """
    lifted = session.execute(
        update(Stop)
        .where(
            col(Stop.scope) == scope,
            col(Stop.target_id).is_not_distinct_from(target_id),
            col(Stop.lifted_at).is_(None),
        )
        .values(lifted_at=now())
    )
    if affected(lifted):
        _tell(session, "stop.lifted", scope, target_id)
    return affected(lifted)


def stop_for(
    session: Session,
    *,
    organization_ids: Sequence[UUID],
    campaign_id: UUID | None,
    trunk_id: UUID | None,
) -> Stop | None:
    """What stops a call, the strictest first; `organization_ids` as by `lineage`."""
    return session.exec(
        select(Stop)
        .where(
            col(Stop.lifted_at).is_(None),
            sa.or_(
                col(Stop.scope) == StopScope.EVERYTHING,
                # By id alone: no id is that of two kinds of things.
                col(Stop.target_id).in_([*organization_ids, campaign_id, trunk_id]),
            ),
        )
        .order_by(col(Stop.hang_up).desc(), col(Stop.created_at))
        .limit(1)
    ).first()


def stops_in_force(session: Session) -> list[Stop]:
    """Every one that is not lifted, the oldest first."""
    return list(
        session.exec(
            select(Stop)
            .where(col(Stop.lifted_at).is_(None))
            .order_by(col(Stop.created_at))
        ).all()
    )


def lineage(session: Session, organization_id: UUID) -> list[UUID]:
    """An organisation and all above it, up to its root: whoever may stop its calls."""
    above = (
        select(Organization.id, Organization.parent_id)
        .where(Organization.id == organization_id)
        .cte("lineage", recursive=True)
    )
    # UNION, not UNION ALL: a loop of parents by mistake must not make a loop here.
    above = above.union(
        select(Organization.id, Organization.parent_id).where(
            col(Organization.id) == above.c.parent_id
        )
    )
    return list(session.execute(sa.select(above.c.id)).scalars())


def _tell(
    session: Session, kind: str, scope: StopScope, target_id: UUID | None, **facts: Any
) -> None:
    tell(
        session,
        kind,
        organization_id=target_id if scope is StopScope.ORGANIZATION else None,
        scope=scope.value,
        target=None if target_id is None else str(target_id),
        **facts,
    )
