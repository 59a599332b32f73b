"""One tick: look at all running campaigns and reserve the attempts that may start now.

What lives here between ticks are hints that spare work; a second scheduler, one that was
frozen, or a new one does no harm (DESIGN D6). Ticks exclude each other by a lock in the
database, so that two of them never fill the same room.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from functools import partial
from random import Random
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from campanile.capacity.breakers import blocked
from campanile.capacity.slots import usage
from campanile.clock import legal_now
from campanile.compliance.hours import Place
from campanile.config import settings
from campanile.numbers.profiles import add_places
from campanile.pacing.claims import Claim, claim
from campanile.pacing.openings import Openings
from campanile.pacing.policy import Demand, Room, allot
from campanile.pacing.room import demands, room, stopped
from campanile.pacing.running import Callers, Campaigns, Running
from campanile.pacing.waiting import Waiting

SPARE_BUCKETS = 2
"""A campaign may claim from so many more buckets than it starts calls: what was known of
some may be old."""
LOOK_AHEAD = 2
"""Twice as many campaigns are looked at as there is room: not all have somebody due."""
_TICK_LOCK = 7366002


class Pacer:
    """Ticks, and keeps hints from one to the next."""

    def __init__(self, *, shuffle: Random | None = None) -> None:
        self._campaigns = Campaigns()
        self._hours = Openings()
        self._places: dict[int, Place] = {}
        self._waiting = Waiting(shuffle=shuffle)

    def tick(self, session: Session) -> list[UUID]:
        """Reserve attempts in this transaction; the caller sends their ids after it."""
        if not _alone(session):
            return []
        running = self._campaigns.read(session)
        if not running:
            return []
        used, sick = usage(session), blocked(session)
        free = room(session, used, sick)
        if not free.free:
            return []
        self._hours.turn_to(legal_now(), self._places)
        turns = self._waiting.in_turn(self._hours.campaigns(running))
        ready = [running[campaign] for campaign in turns]
        numbers = Callers(session)
        halted = stopped(session, ready)
        asking = demands(ready, numbers, halted, used=used, sick=sick, room=free)
        self._waiting.look(
            session, [d.campaign_id for d in asking], most=LOOK_AHEAD * free.free
        )
        add_places(session, self._waiting.profiles, self._places)
        profiles = self._with_somebody_due(free, asking, running)
        shares = allot(free, [d for d in asking if d.campaign_id in profiles])
        claims = [
            Claim(
                campaign=running[campaign],
                caller=caller,
                profiles=profiles[campaign][: count + SPARE_BUCKETS],
                count=count,
            )
            for campaign, count in shares.items()
            if (caller := numbers.of(running[campaign])) is not None
        ]
        lease = timedelta(seconds=settings().lease_seconds)
        made = claim(session, claims, lease=lease)
        self._learn(claims, [campaign for campaign, _ in made])
        return [attempt for _, attempt in made]

    def _with_somebody_due(
        self,
        free: Room,
        asking: Sequence[Demand],
        running: Mapping[UUID, Running],
    ) -> dict[UUID, list[int]]:
        """The first who have somebody to ring now, no more than there is room for, and
        in which profiles."""
        most = free.free
        left = {trunk_id: trunk.free for trunk_id, trunk in free.trunks.items()}
        found: dict[UUID, list[int]] = {}
        for demand in asking:
            if len(found) == most:
                break
            if not left[demand.trunk_id]:
                continue
            campaign = running[demand.campaign_id]
            due = self._waiting.buckets(
                campaign.id, partial(self._hours.lawful, room=campaign.room)
            )
            if due:
                found[campaign.id] = due
                left[demand.trunk_id] -= 1
            elif due is not None:
                self._waiting.had_its_turn(campaign.id)
        return found

    def _learn(self, claims: Collection[Claim], made: Collection[UUID]) -> None:
        got = Counter(made)
        for wanted in claims:
            self._waiting.had_its_turn(wanted.campaign.id)
            if got[wanted.campaign.id] < wanted.count:
                self._waiting.forget(wanted.campaign.id)


def anything_to_do(session: Session) -> bool:
    """Whether a campaign runs or an attempt is not yet reported."""
    return bool(session.execute(_ANYTHING_TO_DO).scalar_one())


_ANYTHING_TO_DO = sa.text(
    """
    SELECT EXISTS (SELECT 1 FROM campaign WHERE status = 'scheduled')
        OR EXISTS (SELECT 1 FROM attempt WHERE state = 'ended')
        OR EXISTS (SELECT 1 FROM attempt
                    WHERE state IN ('answered', 'claimed', 'dialing', 'ringing'))
    """
)


def _alone(session: Session) -> bool:
    """Whether no other tick is under way. Asked before anything is counted."""
    taken = session.execute(
        sa.text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _TICK_LOCK}
    )
    return bool(taken.scalar_one())
