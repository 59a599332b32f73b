"""How many calls each campaign may start now (pure: numbers in, numbers out)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

BACKLOG_SECONDS = 2.0
"""So much may be claimed ahead of the wire. The way from a claim to its instant takes a
tick, a message, a gateway session and rendered speech: with less of a lead the instants
of a trunk run dry where that is slow."""
MOST_PER_TICK = 50
"""Each claim takes a third of a millisecond; who has room for more gets the rest a
quarter of a second later."""


@dataclass(frozen=True, slots=True)
class TrunkRoom:
    channels: int
    live: int
    claimed: int
    """of the live: no instant to send at is reserved for them yet"""
    calls_per_second: float
    reserved_seconds: float = 0.0
    """how far ahead of now its instants are taken"""
    most: int | None = None
    """while it is being tried out: no more than this; None: no such limit"""

    @property
    def free(self) -> int:
        reserved = math.floor(self.calls_per_second * max(0.0, self.reserved_seconds))
        backlog = math.ceil(self.calls_per_second * BACKLOG_SECONDS) - reserved
        free = min(self.channels - self.live, backlog - self.claimed)
        return max(0, free if self.most is None else min(free, self.most))


class Demand(NamedTuple):
    """A campaign that has somebody to ring in a profile that is open now."""

    campaign_id: UUID
    trunk_id: UUID
    agent_id: UUID
    wants: int
    """as many calls as its own limit leaves it"""


@dataclass(frozen=True, slots=True)
class Room:
    worker_slots: int
    live: int
    provider_slots: int
    trunks: dict[UUID, TrunkRoom] = field(default_factory=dict)
    on_trial: frozenset[UUID] = frozenset()
    """agents that get a single call, all their campaigns together"""

    @property
    def free(self) -> int:
        slots = min(self.worker_slots, self.provider_slots)
        return max(0, min(slots - self.live, MOST_PER_TICK))


def allot(room: Room, demands: Sequence[Demand]) -> dict[UUID, int]:
    """Share the free room one call at a time among campaigns, in the order given.

    The caller puts first who waited longest, so that over several ticks nobody starves.
    Never exceeds any limit; grows with room, never shrinks with it.
    """
    free = room.free
    trunks = {trunk_id: trunk.free for trunk_id, trunk in room.trunks.items()}
    trials = dict.fromkeys(room.on_trial, 1)
    given: dict[UUID, int] = {}
    asking = demands
    while free and asking:
        still_asking = []
        for demand in asking:
            taken = given.get(demand.campaign_id, 0)
            trial = trials.get(demand.agent_id, 1)
            if not (free and trial and trunks.get(demand.trunk_id, 0)):
                continue
            if taken >= demand.wants:
                continue
            given[demand.campaign_id] = taken + 1
            trunks[demand.trunk_id] -= 1
            if demand.agent_id in trials:
                trials[demand.agent_id] -= 1
            free -= 1
            still_asking.append(demand)
        asking = still_asking
    return given
