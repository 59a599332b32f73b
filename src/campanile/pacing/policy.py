"""How many calls each campaign may start now (pure: numbers in, numbers out)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

UNDIALED_SECONDS = 2.0
"""Claims whose INVITE is still to come wait at most about this long for their instant;
claiming more would only let them grow old."""


@dataclass(frozen=True, slots=True)
class TrunkRoom:
    channels: int
    live: int
    undialed: int
    calls_per_second: float

    @property
    def free(self) -> int:
        backlog = max(1, math.ceil(self.calls_per_second * UNDIALED_SECONDS))
        return max(0, min(self.channels - self.live, backlog - self.undialed))


@dataclass(frozen=True, slots=True)
class Demand:
    """A campaign that has somebody to ring in a profile that is open now."""

    campaign_id: UUID
    trunk_id: UUID
    live: int
    max_concurrent: int


@dataclass(frozen=True, slots=True)
class Room:
    worker_slots: int
    live: int
    provider_slots: int
    trunks: dict[UUID, TrunkRoom] = field(default_factory=dict)

    @property
    def free(self) -> int:
        return max(0, min(self.worker_slots, self.provider_slots) - self.live)


def allot(room: Room, demands: Sequence[Demand]) -> dict[UUID, int]:
    """Share the free room one call at a time among campaigns, in the order given.

    The caller rotates `demands`, so that over several ticks nobody is always first.
    Never exceeds any limit; grows with room, never shrinks with it.
    """
    free = room.free
    trunks = {trunk_id: trunk.free for trunk_id, trunk in room.trunks.items()}
    wants = {d.campaign_id: max(0, d.max_concurrent - d.live) for d in demands}
    given = {d.campaign_id: 0 for d in demands}
    progress = True
    while free > 0 and progress:
        progress = False
        for demand in demands:
            campaign, trunk = demand.campaign_id, demand.trunk_id
            if free and given[campaign] < wants[campaign] and trunks.get(trunk, 0) > 0:
                given[campaign] += 1
                trunks[trunk] -= 1
                free -= 1
                progress = True
    return {campaign: count for campaign, count in given.items() if count}
