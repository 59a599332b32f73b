"""The numbers not to ring, checked in the transaction that claims a dial.

An entry holds for everybody, for an organisation's whole tree, or for one campaign. It
is in force for new dials as soon as it is committed; leads that wait with its number are
skipped with it, so that progress tells at once. A lead once skipped stays skipped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, select, update
from sqlmodel.sql.expression import SelectOfScalar

from campanile.campaigns.models import Campaign
from campanile.campaigns.states import TERMINAL
from campanile.clock import now
from campanile.db import affected
from campanile.leads.models import Lead, Suppression
from campanile.leads.states import LeadStatus
from campanile.organizations.events import tell
from campanile.organizations.models import Organization

SKIPPED_BECAUSE = "the number is on the suppression list"


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a suppression binds: one campaign, an organisation's tree (by its root), or,
    without either, everybody."""

    root_id: UUID | None = None
    campaign_id: UUID | None = None

    @property
    def words(self) -> str:
        if self.campaign_id is not None:
            return "campaign"
        return "everywhere" if self.root_id is None else "organisation"


def scope_of(entry: Suppression) -> Scope:
    return Scope(entry.root_id, entry.campaign_id)


def suppress(
    session: Session,
    phone_number: str,
    *,
    root_id: UUID | None,
    campaign_id: UUID | None = None,
    reason: str = "",
    source: str = "",
) -> bool:
    """Never ring this number again: in one campaign, in an organisation's whole tree
    (its root), or, without either, at all. Answers whether it is new."""
    scope = Scope(root_id, campaign_id)
    added = suppress_many(session, [phone_number], scope, reason=reason, source=source)
    waiting = (
        select(col(Lead.id))
        .join(Campaign, col(Campaign.id) == col(Lead.campaign_id))
        .where(Lead.phone_number == phone_number, *_bound_by(scope))
    )
    _skip(session, waiting)
    return added == 1


def suppress_many(
    session: Session,
    phone_numbers: Sequence[str],
    scope: Scope,
    *,
    reason: str = "",
    source: str = "",
) -> int:
    """As `suppress`, but their leads wait for `skip_suppressed`. Answers how many are
    new."""
    added = session.execute(
        _ADD_MANY,
        {
            "numbers": sorted(phone_numbers),
            "id": str(uuid4()),
            "root_id": scope.root_id,
            "campaign_id": scope.campaign_id,
            "reason": reason,
            "source": source,
            "now": now(),
        },
    )
    return affected(added)


# Ids that share a random beginning: one of their own took a third of the whole time.
_ADD_MANY = sa.text(
    """
    INSERT INTO suppression
           (id, phone_number, root_id, campaign_id, reason, source, created_at)
    SELECT CAST(left(:id, 24) || lpad(to_hex(n), 12, '0') AS uuid), phone_number,
           CAST(:root_id AS uuid), CAST(:campaign_id AS uuid), :reason, :source, :now
      FROM unnest(CAST(:numbers AS text[])) WITH ORDINALITY AS listed(phone_number, n)
        ON CONFLICT DO NOTHING
    """
)


def skip_suppressed(session: Session, campaign: Campaign) -> int:
    """Skip the waiting leads of a campaign that stand on a list. Answers how many."""
    root_id = session.get_one(Organization, campaign.organization_id).root_id
    listed = sa.exists().where(
        col(Suppression.phone_number) == col(Lead.phone_number),
        *_binding(root_id, campaign.id),
    )
    waiting = select(col(Lead.id)).where(Lead.campaign_id == campaign.id, listed)
    return _skip(session, waiting)


def skip_listed(session: Session, phone_numbers: Sequence[str]) -> int:
    """Skip the leads, of any campaign, that wait with one of these numbers and stand on
    a list. Answers how many."""
    bound = sa.exists().where(
        col(Suppression.phone_number) == col(Lead.phone_number),
        *_binding(col(Organization.root_id), col(Campaign.id)),
    )
    waiting = (
        select(col(Lead.id))
        .join(Campaign, col(Campaign.id) == col(Lead.campaign_id))
        .join(Organization, col(Organization.id) == col(Campaign.organization_id))
        .where(
            col(Lead.phone_number).in_(phone_numbers),
            col(Campaign.status).not_in(TERMINAL),
            bound,
        )
    )
    return _skip(session, waiting)


def campaigns_bound(session: Session, scope: Scope) -> list[Campaign]:
    """The campaigns, not yet ended, that an entry of this scope concerns."""
    return list(session.exec(select(Campaign).where(*_bound_by(scope))).all())


def suppression_of(
    session: Session, phone_number: str, *, root_id: UUID, campaign_id: UUID
) -> Suppression | None:
    """Why this number may not be rung in this campaign; None when it may."""
    return session.exec(
        select(Suppression)
        .where(
            Suppression.phone_number == phone_number, *_binding(root_id, campaign_id)
        )
        .limit(1)
    ).first()


def entries(
    session: Session,
    root_id: UUID,
    *,
    phone_number: str | None = None,
    limit: int = 100,
    offset: int = 0,
) -> list[Suppression]:
    """What binds an organisation's tree or a campaign of it, the newest first."""
    return list(
        session.exec(
            select(Suppression)
            .where(*_seen_from(root_id, phone_number))
            .order_by(col(Suppression.created_at).desc(), col(Suppression.id))
            .limit(limit)
            .offset(offset)
        ).all()
    )


def count_entries(
    session: Session, root_id: UUID, *, phone_number: str | None = None
) -> int:
    where = _seen_from(root_id, phone_number)
    return session.exec(
        select(sa.func.count()).select_from(Suppression).where(*where)
    ).one()


def entry_of(session: Session, phone_number: str, scope: Scope) -> Suppression | None:
    """The entry of exactly this scope."""
    return session.exec(select(Suppression).where(*_is(phone_number, scope))).first()


def unsuppress(session: Session, phone_number: str, scope: Scope) -> Suppression | None:
    """Take back the entry of exactly this scope; an event keeps that it was there.
    Answers what it was."""
    gone: Suppression | None = session.execute(
        sa.delete(Suppression).where(*_is(phone_number, scope)).returning(Suppression)
    ).scalar_one_or_none()
    if gone is None:
        return None
    tell(
        session,
        "suppression.removed",
        organization_id=scope.root_id,
        phone_number=phone_number,
        campaign_id=None if scope.campaign_id is None else str(scope.campaign_id),
        reason=gone.reason,
        source=gone.source,
        suppressed_at=gone.created_at.isoformat(),
    )
    return gone


def _is(phone_number: str, scope: Scope) -> list[sa.ColumnElement[bool]]:
    return [
        col(Suppression.phone_number) == phone_number,
        col(Suppression.root_id).is_not_distinct_from(scope.root_id),
        col(Suppression.campaign_id).is_not_distinct_from(scope.campaign_id),
    ]


def _skip(session: Session, waiting: SelectOfScalar[UUID]) -> int:
    """Locked rows are being claimed; the claim looks at the list itself."""
    pending = waiting.where(col(Lead.status) == LeadStatus.PENDING).with_for_update(
        of=Lead, skip_locked=True
    )
    return affected(
        session.execute(
            update(Lead)
            .where(col(Lead.id).in_(pending), col(Lead.status) == LeadStatus.PENDING)
            .values(status=LeadStatus.SKIPPED, reason=SKIPPED_BECAUSE)
            .execution_options(synchronize_session=False)
        )
    )


def _bound_by(scope: Scope) -> list[sa.ColumnElement[bool]]:
    """Which campaigns an entry of this scope concerns."""
    alive = col(Campaign.status).not_in(TERMINAL)
    if scope.campaign_id is not None:
        return [alive, col(Campaign.id) == scope.campaign_id]
    if scope.root_id is None:
        return [alive]
    tree = select(Organization.id).where(Organization.root_id == scope.root_id)
    return [alive, col(Campaign.organization_id).in_(tree)]


def _binding(
    root_id: UUID | Mapped[UUID], campaign_id: UUID | Mapped[UUID]
) -> list[sa.ColumnElement[bool]]:
    """Which entries concern a campaign."""
    return [
        sa.or_(col(Suppression.root_id).is_(None), col(Suppression.root_id) == root_id),
        sa.or_(
            col(Suppression.campaign_id).is_(None),
            col(Suppression.campaign_id) == campaign_id,
        ),
    ]


def _seen_from(root_id: UUID, phone_number: str | None) -> list[sa.ColumnElement[bool]]:
    ours = sa.or_(
        col(Suppression.root_id).is_(None), col(Suppression.root_id) == root_id
    )
    if phone_number is None:
        return [ours]
    return [ours, col(Suppression.phone_number) == phone_number]
