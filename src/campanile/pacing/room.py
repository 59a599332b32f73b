"""How much room there is, and who may use it: what is stopped or sick is left out."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from campanile.capacity.breakers import Blocked
from campanile.capacity.slots import Usage
from campanile.config import settings
from campanile.organizations.stops import StopScope, lineage, stops_in_force
from campanile.pacing.policy import Demand, Room, TrunkRoom
from campanile.pacing.running import Caller, Callers, Running
from campanile.trunks.models import Trunk


@dataclass(frozen=True, slots=True)
class Stopped:
    """Whom a stop in force keeps from ringing."""

    everything: bool
    targets: frozenset[UUID]
    """campaigns, trunks, and organisations with all below them"""

    def stops(self, campaign: Running, caller: Caller) -> bool:
        if not self.targets:
            return self.everything
        return self.everything or not self.targets.isdisjoint(
            (campaign.id, campaign.organization_id, caller.trunk_id)
        )


def stopped(session: Session, campaigns: Iterable[Running]) -> Stopped:
    """Of the organisations only those that have a campaign here are told apart."""
    stops = stops_in_force(session)
    targets = {stop.target_id for stop in stops if stop.target_id is not None}
    if any(stop.scope == StopScope.ORGANIZATION for stop in stops):
        targets |= {
            organization
            for organization in {campaign.organization_id for campaign in campaigns}
            if not targets.isdisjoint(lineage(session, organization))
        }
    everything = any(stop.scope == StopScope.EVERYTHING for stop in stops)
    return Stopped(everything, frozenset(targets))


def room(session: Session, used: Usage, sick: Blocked) -> Room:
    trunks = session.execute(_TRUNKS).all()
    return Room(
        worker_slots=used.worker_slots,
        live=used.live,
        provider_slots=settings().provider_slots,
        trunks={
            trunk: TrunkRoom(
                channels=channels,
                live=used.by_trunk[trunk],
                claimed=used.claimed_by_trunk[trunk],
                calls_per_second=calls_per_second,
                reserved_seconds=float(reserved),
                most=1 if trunk in sick.probe_trunks else None,
            )
            for trunk, channels, calls_per_second, reserved in trunks
            if trunk not in sick.trunks
        },
        on_trial=sick.probe_agents,
    )


_TRUNKS = sa.select(
    col(Trunk.id),
    col(Trunk.channels),
    col(Trunk.calls_per_second),
    sa.func.extract("epoch", col(Trunk.next_send_at) - sa.func.clock_timestamp()),
).where(col(Trunk.is_active))


def demands(
    campaigns: Iterable[Running],
    callers: Callers,
    halted: Stopped,
    *,
    used: Usage,
    sick: Blocked,
    room: Room,
) -> list[Demand]:
    """Who could use some of it, in the order of `campaigns`."""
    trunks = {trunk_id for trunk_id, trunk in room.trunks.items() if trunk.free}
    found = []
    for campaign in campaigns:
        caller = callers.of(campaign)
        if caller is None or caller.trunk_id not in trunks:
            continue
        wants = campaign.max_concurrent - used.by_campaign.get(campaign.id, 0)
        if wants <= 0 or campaign.agent_id in sick.agents:
            continue
        if not halted.stops(campaign, caller):
            found.append(Demand(campaign.id, caller.trunk_id, campaign.agent_id, wants))
    return found
