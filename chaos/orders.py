"""What people order while it rings, through the product's own functions.

Each answers what the judge must know of it, or None where there was nothing to do. The
instant in force is when its commit returned; an order whose commit failed was perhaps
made all the same, which is no news to the judge: it only forbids.
"""

import time
from random import Random
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select, update

from campanile.calls.models import Attempt
from campanile.calls.states import LIVE
from campanile.campaigns import lifecycle
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import CampaignStatus
from campanile.db import transaction
from campanile.errors import Conflict
from campanile.leads.suppression import suppress
from campanile.organizations.stops import StopScope, lift, stop, stops_in_force
from campanile.trunks.models import Trunk
from chaos.history import History
from chaos.world import World


class Orders:
    """Raises SQLAlchemyError while PostgreSQL is away."""

    def __init__(self, world: World, history: History, rng: Random):
        self._world = world
        self._history = history
        self._rng = rng
        self.held: set[str] = set()
        """campaigns that we paused or cancelled; others may be resumed"""
        self._stopped: set[tuple[StopScope, str | None]] = set()

    def suppress(self) -> None:
        """A number, mostly one that is being rung at this moment."""
        rng = self._rng
        lead = rng.choice(self._world["leads"])
        campaign, number = lead["campaign"], lead["number"]
        with transaction() as session:
            live = session.execute(
                select(Attempt.campaign_id, Attempt.phone_number).where(
                    col(Attempt.state).in_(LIVE)
                )
            ).all()
            if live and rng.random() < 0.7:
                row = rng.choice(live)
                campaign, number = str(row[0]), row[1]
            root = self._root(campaign)
            scope = rng.choice(("everybody", "tree", "campaign"))
            facts: dict[str, Any] = {
                "root": None if scope == "everybody" else root,
                "campaign": campaign if scope == "campaign" else None,
            }
            suppress(
                session,
                number,
                root_id=_id(facts["root"]),
                campaign_id=_id(facts["campaign"]),
                reason="chaos",
                source="chaos",
            )
        self._history.note("suppress", number=number, **facts)

    def pause(self) -> str | None:
        """The campaign that was paused, if one was."""
        running = [
            c["id"] for c in self._world["campaigns"] if c["id"] not in self.held
        ]
        if not running:
            return None
        target = self._rng.choice(running)
        self.held.add(target)
        if not _move(target, CampaignStatus.PAUSED):
            self.held.discard(target)
            return None
        self._history.note("pause", target=target)
        return str(target)

    def resume(self, target: str) -> None:
        self._history.note("resume", fault=False, target=target, asked=time.time())
        _move(target, CampaignStatus.SCHEDULED)
        self.held.discard(target)

    def cancel(self) -> None:
        running = [
            c["id"] for c in self._world["campaigns"] if c["id"] not in self.held
        ]
        if len(running) < len(self._world["campaigns"]) // 2:
            return
        target = self._rng.choice(running)
        self.held.add(target)
        if _move(target, CampaignStatus.CANCELLED):
            self._history.note("cancel", target=target)

    def stop(self) -> tuple[StopScope, str | None]:
        scope = self._rng.choice(list(StopScope))
        target = self._target(scope)
        hang_up = self._rng.random() < 0.5
        self._stopped.add((scope, target))
        with transaction() as session:
            stop(session, scope, _id(target), hang_up=hang_up, reason="chaos")
        self._history.note("stop", scope=scope, target=target, hang_up=hang_up)
        return scope, target

    def lift(self, scope: StopScope, target: str | None) -> None:
        asked = time.time()
        self._history.note("lift", fault=False, scope=scope, target=target, asked=asked)
        with transaction() as session:
            lift(session, scope, _id(target))
        self._stopped.discard((scope, target))

    def lift_what_came_back(self) -> None:
        """A restored backup knows stops whose lift it does not; somebody would see that
        nobody is rung and lift them again."""
        with transaction() as session:
            for row in stops_in_force(session):
                target = None if row.target_id is None else str(row.target_id)
                if (row.scope, target) not in self._stopped:
                    lift(session, row.scope, row.target_id)

    def change_rate(self) -> None:
        """Up or down; when it goes up it counts from before, else from after."""
        trunk = self._rng.choice(self._world["trunks"])
        cps = self._rng.choice((1, 3, 5, 10))
        asked = time.time()
        with transaction() as session:
            session.execute(
                update(Trunk)
                .where(col(Trunk.id) == UUID(trunk["id"]))
                .values(calls_per_second=cps)
            )
        self._history.note("cps", target=trunk["id"], cps=cps, asked=asked)

    def wake(self) -> None:
        """Resume what the product paused by itself: the round is to go on."""
        for row in self._world["campaigns"]:
            if row["id"] in self.held:
                continue
            with transaction() as session:
                status = session.execute(
                    select(Campaign.status).where(Campaign.id == UUID(row["id"]))
                ).scalar_one()
            if status == CampaignStatus.PAUSED and row["id"] not in self.held:
                self._history.note("wake", fault=False, target=row["id"])
                _move(row["id"], CampaignStatus.SCHEDULED)

    def ended(self) -> list[str]:
        """Ids of some attempts that are over."""
        return self._ids("state NOT IN ('claimed', 'dialing', 'ringing', 'answered')")

    def claimed(self) -> list[str]:
        """Ids of the attempts whose message is on its way."""
        return self._ids("state IN ('claimed', 'dialing')")

    def unreported(self) -> list[str]:
        """Ids of the attempts whose report is being written."""
        return self._ids("state = 'ended'")

    def _ids(self, condition: str) -> list[str]:
        with transaction() as session:
            rows = session.execute(
                sa.text(
                    f"SELECT id::text FROM attempt WHERE {condition}"
                    " ORDER BY claimed_at DESC LIMIT 40"
                )
            )
            return list(rows.scalars())

    def _target(self, scope: StopScope) -> str | None:
        if scope is StopScope.EVERYTHING:
            return None
        return self._one(f"{scope.value}s")

    def _one(self, kind: str) -> str:
        return str(self._rng.choice(self._world[kind])["id"])

    def _root(self, campaign: str) -> str:
        rows = self._world["campaigns"]
        return next(str(row["root"]) for row in rows if row["id"] == campaign)


def _move(campaign: str, target: CampaignStatus) -> bool:
    try:
        with transaction() as session:
            row: Any = session.get_one(Campaign, UUID(campaign))
            lifecycle.move(session, row, target)
    except Conflict:
        return False  # it ended or paused by itself in the meantime
    return True


def _id(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)
