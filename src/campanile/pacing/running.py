"""The campaigns that run, as the tick reads them: plain values, and whose number calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlmodel import Session, col, select

from campanile.campaigns.hours import campaign_hours
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import CampaignStatus
from campanile.compliance.hours import CampaignHours
from campanile.compliance.may_dial import SPARE
from campanile.compliance.zones import known_zones
from campanile.numbers.models import PhoneNumber
from campanile.organizations.models import Organization

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Running:
    """What pacing needs to know of a campaign."""

    id: UUID
    organization_id: UUID
    root_id: UUID
    agent_id: UUID
    number_id: UUID | None
    hours: CampaignHours
    room: timedelta
    """that an INVITE must leave before the window closes"""
    max_concurrent: int


@dataclass(frozen=True, slots=True)
class Caller:
    """The number that a campaign calls from."""

    phone_number: str
    trunk_id: UUID


class Campaigns:
    """Reads the campaigns that run and are not held back; while none of them changes, only a sum over them.

    A row's `xmin` changes with whatever changes the row, so what is kept is never old.
    """

    def __init__(self) -> None:
        self._sum: Decimal | None = None
        self._versions: dict[UUID, str] = {}
        self._known: dict[UUID, Running] = {}

    def read(self, session: Session) -> Mapping[UUID, Running]:
        """By their ids; the same object as before while nothing changed."""
        found = session.execute(_SUM_OF_VERSIONS).scalar_one()
        if found != self._sum:
            self._read_changed(session)
            self._sum = found
        return self._known

    def _read_changed(self, session: Session) -> None:
        versions = dict(session.execute(_VERSIONS).all())
        old = self._versions
        fresh = _read(session, [c for c in versions if old.get(c) != versions[c]])
        kept = self._known
        found = {
            c: fresh[c]
            if c in fresh
            else kept.get(c)
            if old.get(c) == version
            else None
            for c, version in versions.items()
        }
        self._known = {c: one for c, one in found.items() if one is not None}
        self._versions = versions


_VERSIONS = select(
    col(Campaign.id), sa.cast(sa.literal_column("xmin"), sa.Text).label("version")
).where(
    col(Campaign.status) == CampaignStatus.SCHEDULED,
    # Its budget of the day may be used up (capacity/spend.py).
    sa.func.coalesce(Campaign.held_until, sa.func.now()) <= sa.func.now(),
)
_EACH = _VERSIONS.subquery()
_SUM_OF_VERSIONS = select(
    sa.func.sum(
        sa.func.hashtextextended(sa.cast(_EACH.c.id, sa.Text) + _EACH.c.version, 0)
    )
)


def _read(session: Session, campaigns: Sequence[UUID]) -> dict[UUID, Running]:
    if not campaigns:
        return {}
    rows = session.execute(
        select(Campaign, col(Organization.root_id))
        .join(Organization, col(Organization.id) == Campaign.organization_id)
        .where(col(Campaign.id).in_(campaigns))
        .execution_options(populate_existing=True)
    )
    found = rows.all()
    for campaign, _ in found:
        if campaign.timezone not in known_zones():
            # One row must not stop everybody's tick; `campaign status` says it, too.
            log.error(
                "campaign.unknown_zone",
                campaign=str(campaign.id),
                zone=campaign.timezone,
            )
    return {
        campaign.id: Running(
            id=campaign.id,
            organization_id=campaign.organization_id,
            root_id=root_id,
            agent_id=campaign.agent_id,
            number_id=campaign.number_id,
            hours=campaign_hours(campaign),
            room=timedelta(seconds=campaign.ring_timeout_seconds) + SPARE,
            max_concurrent=campaign.max_concurrent,
        )
        for campaign, root_id in found
        if campaign.timezone in known_zones()
    }


class Callers:
    """Whose number each campaign calls from: its own, else one of its agent, else any of
    its organisation, the oldest first (as `campaigns.lifecycle.caller_id`)."""

    def __init__(self, session: Session) -> None:
        numbers = session.execute(_NUMBERS).all()
        # The oldest is the last to be entered, and so the one that is found.
        self._own = {(org, number): Caller(*rest) for number, org, _, *rest in numbers}
        self._agents = {(org, agent): Caller(*rest) for _, org, agent, *rest in numbers}
        self._any = {org: Caller(*rest) for _, org, _, *rest in numbers}

    def of(self, campaign: Running) -> Caller | None:
        """None: it has no number; `campaign status` says so."""
        org = campaign.organization_id
        if campaign.number_id is not None:
            return self._own.get((org, campaign.number_id))
        return self._agents.get((org, campaign.agent_id)) or self._any.get(org)


_NUMBERS = (
    sa.select(
        col(PhoneNumber.id),
        col(PhoneNumber.organization_id),
        col(PhoneNumber.agent_id),
        col(PhoneNumber.phone_number),
        col(PhoneNumber.trunk_id),
    )
    .where(
        col(PhoneNumber.is_active),
        col(PhoneNumber.organization_id).in_(
            select(Campaign.organization_id).where(
                Campaign.status == CampaignStatus.SCHEDULED
            )
        ),
    )
    .order_by(col(PhoneNumber.created_at).desc(), col(PhoneNumber.id))
)
