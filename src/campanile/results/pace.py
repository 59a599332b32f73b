"""How fast a campaign can go, as it has gone so far: the limits and the averages."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from campanile.calls.models import Attempt
from campanile.calls.outcomes import Disposition as D
from campanile.calls.retries import IF_UNANSWERED, REFUNDED, RETRIED
from campanile.campaigns.models import Campaign
from campanile.capacity.models import WorkerLease
from campanile.capacity.send_times import SPACING
from campanile.capacity.spend import caps, day_of, used_seconds
from campanile.clock import now
from campanile.config import settings
from campanile.results.expected_end import Pace
from campanile.trunks.models import Trunk

ENOUGH = 30
"""Ended attempts from which the campaign's own averages are taken."""
LOOKED_AT = 20_000
"""The newest ended attempts; they tell the present answer rate."""
_AGAIN = RETRIED | REFUNDED | IF_UNANSWERED | {D.CALLBACK}


@dataclass(frozen=True, slots=True)
class Averages:
    attempts: int
    """that they are taken from; 0: assumed"""
    answer_rate: float
    settled: float
    """the share of attempts after which the lead needs no other"""
    seconds_per_attempt: float
    """from INVITE to the end"""
    talk_seconds: float
    """of an answered one"""


ASSUMED = Averages(
    attempts=0,
    answer_rate=0.3,
    settled=0.3,
    seconds_per_attempt=45.0,
    talk_seconds=75.0,
)
"""For a campaign that has hardly begun: three in ten answer and talk for 75 seconds, the
others ring for about half a minute."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One of the things that keep a campaign from going faster."""

    name: str
    per_second: float
    """attempts"""
    detail: str


def averages(session: Session, campaign: Campaign) -> Averages:
    newest = (
        select(Attempt)
        .where(
            Attempt.campaign_id == campaign.id,
            col(Attempt.dialed_at).is_not(None),
            col(Attempt.disposition).is_not(None),
        )
        .order_by(col(Attempt.dialed_at).desc())
        .limit(LOOKED_AT)
        .subquery()
    )
    column = newest.c
    rows = session.execute(
        sa.select(
            column.disposition,
            sa.func.count(),
            sa.func.count(column.answered_at),
            sa.func.sum(_seconds(column.ended_at - column.dialed_at)),
            sa.func.sum(_seconds(column.ended_at - column.answered_at)),
        ).group_by(column.disposition)
    ).all()
    ended = sum(row[1] for row in rows)
    if ended < ENOUGH:
        return ASSUMED
    answered = sum(row[2] for row in rows)
    settled = sum(row[1] for row in rows if row[0] not in _AGAIN)
    return Averages(
        attempts=ended,
        answer_rate=answered / ended,
        settled=settled / ended,
        seconds_per_attempt=float(sum(row[3] or 0 for row in rows)) / ended,
        talk_seconds=float(sum(row[4] or 0 for row in rows)) / max(1, answered),
    )


def _seconds(interval: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.func.extract("epoch", interval)


def limits(
    session: Session, campaign: Campaign, trunk: Trunk | None, usual: Averages
) -> list[Limit]:
    """The tightest first. Calls of other campaigns are not counted."""
    busy = max(1.0, usual.seconds_per_attempt)
    slots = session.exec(
        select(sa.func.coalesce(sa.func.sum(WorkerLease.slots), 0)).where(
            col(WorkerLease.accepting), col(WorkerLease.lease_until) > now()
        )
    ).one()
    provider_slots = settings().provider_slots
    found = [
        _at_once("campaign max_concurrent", campaign.max_concurrent, busy),
        _at_once("provider slots", provider_slots, busy),
    ]
    if slots:
        found.append(_at_once("worker slots", slots, busy))
    if trunk is not None:
        rate = trunk.calls_per_second / SPACING
        detail = f"{trunk.calls_per_second:g} calls per second on {trunk.name}"
        found += [
            Limit("trunk CPS", rate, detail),
            _at_once("trunk channels", trunk.channels, busy),
        ]
    return sorted(found, key=lambda limit: limit.per_second)


def _at_once(name: str, calls: int, busy: float) -> Limit:
    return Limit(name, calls / busy, f"{calls} calls at once, {busy:.0f} s each")


def pace_of(
    session: Session, campaign: Campaign, usual: Averages, *, per_second: float
) -> Pace:
    total, daily = caps(campaign, daily=False), caps(campaign, daily=True)
    day = day_of(campaign, now())
    left = today = None
    if total:
        used = used_seconds(session, campaign.id).settled
        left = max(0, min(cap.seconds for cap in total) - used)
    if daily:
        today = used_seconds(session, campaign.id, since=day.begins).settled
    return Pace(
        attempts_per_second=per_second,
        settled=usual.settled,
        retry_delay=timedelta(seconds=campaign.retry_delay_seconds),
        seconds_per_attempt=usual.answer_rate * usual.talk_seconds,
        seconds_per_day=min((cap.seconds for cap in daily), default=None),
        seconds_today=today or 0,
        seconds_left=left,
        zone=campaign.timezone,
    )
