"""A campaign whose calls fail in an unusual way pauses itself and tells why.

People who are busy, do not answer or have a machine answer are the usual; so are bursts
that a breaker already deals with. What is left is a list of dead numbers, a caller ID
that is blocked, audio that does not flow, a worker that dies of its calls: more calls
would only do more harm.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from campanile.agents.models import Agent
from campanile.calls.models import Attempt
from campanile.calls.outcomes import Disposition as D
from campanile.calls.states import AttemptState
from campanile.campaigns.lifecycle import pause_itself
from campanile.campaigns.models import Campaign
from campanile.capacity.breaker_rows import Key
from campanile.capacity.learning import providers_of
from campanile.capacity.models import Breaker, BreakerKind, BreakerState
from campanile.clock import now

SAMPLE = 20
"""Calls that are looked at, the latest."""
WITHIN = timedelta(minutes=30)
SHARE = 0.8
"""Of the sample; from this on it pauses."""
AT_ONCE = timedelta(seconds=3)
"""Who hangs up sooner after answering heard something wrong, or nothing."""
READ = 3 * SAMPLE
"""Rows: a lost worker's calls count as one."""

FAULTS = {
    D.TRUNK_FAILED: "were refused by the trunk",
    D.AGENT_FAILED: "ended because the agent failed",
    D.NO_AUDIO: "were answered but no sound came",
    D.INVALID_NUMBER: "went to numbers that do not exist",
    D.REJECTED: "were rejected",
    D.HUNG_UP: f"were hung up on within {AT_ONCE.seconds} seconds",
    D.UNKNOWN: "were lost with their worker or gateway",
}
"""In the words of the reason: `18 of the last 20 calls …`"""


@dataclass(frozen=True, slots=True)
class Call:
    """One that ended."""

    disposition: D
    answered_for: timedelta | None
    """from answer to end; None where it was not answered or is not known"""
    worker_id: str | None = None

    @property
    def faulty(self) -> bool:
        if self.disposition is D.HUNG_UP:
            return self.answered_for is not None and self.answered_for <= AT_ONCE
        return self.disposition in FAULTS


def anomaly(calls: Sequence[Call]) -> str | None:
    """Why a campaign with these calls, the latest first, should pause; None: it is well.

    All calls that one worker lost are one accident, not many.
    """
    sample: list[Call] = []
    lost: set[str | None] = set()
    for call in calls:
        if call.disposition is D.UNKNOWN:
            if call.worker_id in lost:
                continue
            lost.add(call.worker_id)
        sample.append(call)
    sample = sample[:SAMPLE]
    faults = Counter(call.disposition for call in sample if call.faulty)
    if len(sample) < SAMPLE or faults.total() < SHARE * SAMPLE:
        return None
    told = [f"{count} {FAULTS[kind]}" for kind, count in faults.most_common()]
    first, *others = told
    count, _, words = first.partition(" ")
    return ", ".join([f"{count} of the last {SAMPLE} calls {words}", *others])


def watch(session: Session, attempt_id: UUID) -> str | None:
    """Pause the campaign of an attempt that ended, if its latest calls say so.

    Answers the reason if it was paused. In the transaction that ended the call, after
    the breakers have learned from it: what an open breaker stops already needs no
    person. A call without fault costs nothing, another one a few indexed reads.
    """
    attempt = session.get_one(Attempt, attempt_id)
    if attempt.disposition is None or not _call(attempt).faulty:
        return None
    campaign = session.get_one(Campaign, attempt.campaign_id, populate_existing=True)
    breakers = _breakers(session, attempt, campaign)
    if any(breaker.state != BreakerState.CLOSED for breaker in breakers):
        return None
    since = max(
        now() - WITHIN,
        campaign.resumed_at or now() - WITHIN,
        *(breaker.changed_at for breaker in breakers if breaker.changed_at),
    )
    reason = anomaly(_latest(session, campaign.id, since))
    if reason is None or not pause_itself(session, campaign.id, reason):
        return None
    return reason


def _breakers(
    session: Session, attempt: Attempt, campaign: Campaign
) -> Sequence[Breaker]:
    """Those that speak for what the campaign's calls need."""
    agent = session.get_one(Agent, campaign.agent_id)
    keys: list[Key] = [(BreakerKind.PROVIDER, name) for name in providers_of(agent)]
    keys += [
        (BreakerKind.AGENT, str(agent.id)),
        (BreakerKind.TRUNK, str(attempt.trunk_id)),
    ]
    return session.exec(
        select(Breaker)
        .where(sa.tuple_(col(Breaker.kind), col(Breaker.key)).in_(keys))
        .execution_options(populate_existing=True)
    ).all()


def _latest(session: Session, campaign_id: UUID, since: datetime) -> list[Call]:
    rows = session.execute(
        select(
            col(Attempt.disposition),
            col(Attempt.answered_at),
            col(Attempt.ended_at),
            col(Attempt.worker_id),
        )
        .where(
            col(Attempt.campaign_id) == campaign_id,
            col(Attempt.dialed_at) >= since,
            col(Attempt.state).in_([AttemptState.ENDED, AttemptState.REPORTED]),
        )
        .order_by(col(Attempt.dialed_at).desc())
        .limit(READ)
    ).all()
    return [
        Call(disposition, _between(answered_at, ended_at), worker_id)
        for disposition, answered_at, ended_at, worker_id in rows
    ]


def _call(attempt: Attempt) -> Call:
    assert attempt.disposition is not None
    answered_for = _between(attempt.answered_at, attempt.ended_at)
    return Call(attempt.disposition, answered_for, attempt.worker_id)


def _between(start: datetime | None, end: datetime | None) -> timedelta | None:
    return None if start is None or end is None else end - start
