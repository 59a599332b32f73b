"""The claim of a dial: the last look at the rules and the charge, in one transaction.

Only a `Go` lets an INVITE be sent, once: by then the claim is committed and the ledger's
line is on disk, in this order. A crash between the two leaves a claim whose INVITE never
left (the sweep ends it as `unknown`), never an INVITE that nobody knows of. The file,
which may lie on another machine, is no part of the transaction.
"""

import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlmodel import Session, col, update

from campanile.calls.lifecycle import advance, release, withdraw
from campanile.calls.models import Attempt
from campanile.calls.states import AttemptState
from campanile.capacity.breakers import admit
from campanile.capacity.learning import providers_of
from campanile.capacity.send_times import ANY_TIME, reserve
from campanile.capacity.spend import reserve as reserve_spend
from campanile.capacity.spend import worst_case
from campanile.clock import SteadyClock, clock_offset, now, real_instant
from campanile.compliance.may_dial import Allowed, Refused, may_dial
from campanile.db import transaction
from campanile.dialing.clock_guard import (
    THIS_PROCESS,
    ClockGuard,
    trouble_with_clock,
)
from campanile.dialing.facts import Situation, read_situation
from campanile.dialing.ledger import Dial, Ledger, LedgerError
from campanile.dialing.reconcile import agrees, reconcile
from campanile.leads.held_back import AGAIN_AFTER, held_back
from campanile.leads.models import Lead
from campanile.leads.states import LeadStatus

log = structlog.get_logger(__name__)

LOOK_AGAIN = timedelta(seconds=30)
"""After a clock or a disk was found out of order."""
LEAST_GAP = timedelta(seconds=5)
"""A refused lead is not asked about again before, whatever the refusal says: an instant
that has passed already would be asked again with every tick."""


@dataclass(frozen=True, slots=True)
class Go:
    """Send the INVITE at this instant of `time.monotonic`."""

    at: float
    clock: SteadyClock
    """started at the claim, when the wall clock was held against the database's"""

    @property
    def seconds(self) -> float:
        """from now; negative when it is over"""
        return self.at - time.monotonic()


@dataclass(frozen=True, slots=True)
class Stay:
    """Do not dial; the reservation is void already."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Claimed:
    """Charged and reserved in a transaction that is still to commit."""

    dial: Dial
    go: Go


def claim_dial(
    attempt_id: UUID,
    *,
    worker_id: str,
    lease: timedelta,
    ledger: Ledger,
    planned_seconds: int = 0,
    clock: ClockGuard = THIS_PROCESS,
    within: float = ANY_TIME,
) -> Go | Stay:
    """Claim the dial of an attempt, or void its reservation and say why.

    `planned_seconds`: so long the call may take, by an agent that was read before and may
    have been changed since.

    In transactions of its own, on a thread of its own. Raises NotNear if the trunk's next
    instant is more than `within` seconds away: then nothing has happened. Raises
    OperationalError: then nothing is dialed, and the lease of whatever was committed runs
    out.
    """
    claim = partial(
        _claim,
        worker_id=worker_id,
        lease=lease,
        planned_seconds=planned_seconds,
        clock=clock,
        within=within,
    )
    try:
        with transaction() as session:
            claimed = claim(session, attempt_id, ledger)
        if claimed is None:
            reconcile(ledger)
            with transaction() as session:
                claimed = claim(session, attempt_id, ledger)
    except LedgerError as error:
        return _without_ledger(attempt_id, error)
    if claimed is None:
        return _without_ledger(attempt_id, LedgerError("the database was put back"))
    if isinstance(claimed, Stay):
        return claimed
    try:
        ledger.record(claimed.dial)
    except LedgerError as error:
        withdraw_dial(
            attempt_id, worker_id=worker_id, reason=error.message, ledger=ledger
        )
        return Stay(error.message)
    return claimed.go


def _without_ledger(attempt_id: UUID, error: LedgerError) -> Stay:
    log.error("ledger.unusable", error=error.message, hint=error.hint)
    with transaction() as session:
        release(
            session,
            attempt_id,
            rule="ledger",
            reason=error.message,
            again_at=now() + LOOK_AGAIN,
        )
    return Stay(error.message)


def withdraw_dial(
    attempt_id: UUID,
    *,
    worker_id: str,
    reason: str,
    ledger: Ledger,
    again_at: datetime | None = None,
) -> bool:
    """Take a dial of this worker back whose INVITE certainly never left, in rows and
    ledger.

    Without `again_at` its lead is looked at again in half a minute.
    """
    with transaction() as session:
        won = withdraw(
            session,
            attempt_id,
            worker_id=worker_id,
            reason=reason,
            again_at=again_at or now() + LOOK_AGAIN,
        )
    if won:
        try:
            ledger.withdrawn(attempt_id, t=now().timestamp())
        except LedgerError as error:
            # Its dial stays in the ledger and counts, should the rows be lost.
            log.warning("ledger.not_told", error=error.message)
    return won


def still_allowed(session: Session, attempt_id: UUID) -> str | None:
    """Why a claimed dial must not be sent after all; None: it may.

    Everything is judged anew: between claim and INVITE hours close, people press stop,
    and a sweep gives up an attempt whose process stood still.
    """
    attempt = session.get(Attempt, attempt_id, populate_existing=True)
    if attempt is None or attempt.state != AttemptState.DIALING:
        return "the attempt is over"
    situation = read_situation(session, attempt)
    if attempt.lease_until < situation.databases_clock:
        return "its lease has run out"
    decision = _decide(situation)
    return decision.reason if isinstance(decision, Refused) else None


def _claim(
    session: Session,
    attempt_id: UUID,
    ledger: Ledger,
    *,
    worker_id: str,
    lease: timedelta,
    planned_seconds: int,
    clock: ClockGuard,
    within: float,
) -> _Claimed | Stay | None:
    """None: the ledger has to be reconciled with this database first."""
    attempt = _lock(session, attempt_id)
    # One whose lease ran out is the sweep's to void, whether it has come yet or not.
    if (
        attempt is None
        or attempt.state != AttemptState.CLAIMED
        or attempt.lease_until < now()
    ):
        return Stay("somebody else took it, or it ran out")
    if not agrees(session, ledger):
        return None
    situation = read_situation(session, attempt)
    trouble = trouble_with_clock(
        clock,
        ours=now(),
        databases=situation.databases_clock,
        newest_dial=ledger.newest(),
    )
    if trouble is not None:
        # By the database's clock, which says when a lead is due.
        soon = situation.databases_clock + LOOK_AGAIN
        return _refuse(session, situation, Refused("clock", trouble, soon), soon)
    decision = _decide(situation)
    clock_of_call = SteadyClock.start()
    moment = clock_of_call.started_at
    if isinstance(decision, Allowed):
        refused = _reserve(session, situation, moment, planned_seconds)
        decision = decision if refused is None else refused
    if isinstance(decision, Refused):
        until = None if decision.until is None else real_instant(decision.until)
        return _refuse(session, situation, decision, until)
    if not advance(
        session,
        attempt_id,
        AttemptState.DIALING,
        worker_id=worker_id,
        charged=True,
        dialed_at=moment,
        renewed_at=moment,
        lease_until=moment + lease,
        subject=situation.campaign.subject,
        decision=decision.evidence,
    ):
        return Stay("somebody else took it, or it ran out")
    session.execute(
        update(Lead)
        .where(col(Lead.id) == attempt.lead_id)
        .values(attempts=Lead.attempts + 1, last_attempt_at=moment)
    )
    dial = Dial(
        attempt_id=attempt_id,
        root_id=attempt.root_id,
        campaign_id=attempt.campaign_id,
        lead_id=attempt.lead_id,
        phone_number=attempt.phone_number,
        subject=situation.campaign.subject,
        t=moment.timestamp(),
    )
    # Last: until the commit nobody else of this trunk can reserve.
    at = reserve(session, attempt.trunk_id, within=within)
    return _Claimed(dial, Go(at, clock_of_call))


_NUMBER = sa.func.concat(col(Attempt.root_id), col(Attempt.phone_number))
_LOCKED = sa.select(
    Attempt, sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(_NUMBER, 0))
).where(col(Attempt.id) == sa.bindparam("attempt"))


def _lock(session: Session, attempt_id: UUID) -> Attempt | None:
    """The attempt. Decisions about its number are made one after the other, whoever
    makes them; what the row says may be as old as the wait, and is guarded later."""
    row = session.execute(_LOCKED, {"attempt": attempt_id}).first()
    return None if row is None else row[0]


def _decide(situation: Situation) -> Allowed | Refused:
    """What the law says, and the lead's own retry gap beside it.

    By the database's clock, which nobody sets while this process stands still.
    """
    legal = situation.databases_clock + clock_offset()
    decision, rest = may_dial(situation.facts, legal), situation.rest
    if rest is None or (isinstance(decision, Refused) and decision.until is None):
        return decision
    if rest.until is None:
        return Refused(rest.rule, rest.reason, None)
    until = rest.until + clock_offset()
    if isinstance(decision, Refused):
        assert decision.until is not None
        return replace(decision, until=max(decision.until, until))
    return Refused(rest.rule, rest.reason, until) if until > legal else decision


def _reserve(
    session: Session, situation: Situation, moment: datetime, planned_seconds: int
) -> Refused | None:
    """Let breakers and budget have their say; what is refused after all is released."""
    attempt, agent = situation.attempt, situation.agent
    sick = admit(
        session,
        trunk_id=attempt.trunk_id,
        agent_id=agent.id,
        providers=providers_of(agent),
        attempt_id=attempt.id,
        now=moment,
    )
    return sick or reserve_spend(
        session,
        situation.campaign,
        attempt.id,
        seconds=max(planned_seconds, worst_case(agent.configuration())),
        now=moment,
    )


def _refuse(
    session: Session, situation: Situation, refused: Refused, until: datetime | None
) -> Stay:
    given_up = LeadStatus.SKIPPED
    if refused.rule == "lead.follow_up":
        given_up = LeadStatus.FAILED
    least = situation.databases_clock + LEAST_GAP
    rule, reason = refused.rule, refused.reason
    if refused.setting:
        # Somebody may set it otherwise: the lead waits for that, and says for what.
        rule, reason = "", held_back(rule, reason)
        until = situation.databases_clock + AGAIN_AFTER
    release(
        session,
        situation.attempt.id,
        rule=rule,
        reason=reason,
        again_at=None if until is None else max(until, least),
        given_up=given_up,
    )
    return Stay(refused.reason)
