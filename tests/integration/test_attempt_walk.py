"""A random walk over everything that can happen to attempts, in any order, and twice.

The rows are judged after every step, the INVITEs by a log of the walk's own, which knows
what a far end would: which leg was up to which number, and when.
"""

import os
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from campanile import clock
from campanile.calls.amendments import amend
from campanile.calls.lifecycle import (
    Ending,
    abandon,
    advance,
    finish,
    release,
    renew,
    report,
)
from campanile.calls.models import Attempt, Report
from campanile.calls.outcomes import Disposition
from campanile.calls.retries import ASKED_FOR, gap_after
from campanile.calls.states import LIVE, AttemptState
from campanile.config import settings
from campanile.db import transaction
from campanile.dialing.decision import Go, claim_dial, withdraw_dial
from campanile.dialing.ledger import Ledger
from campanile.dialing.reconcile import reconcile
from campanile.leads.models import Lead
from campanile.leads.states import LeadStatus
from support.attempts import claim_lead, noon_in_new_york, shift_legal_clock
from support.factories import LEASE, make_campaign, make_leads, make_trunk

pytestmark = pytest.mark.usefixtures("database")

STEPS = int(os.environ.get("WALK_STEPS", "200"))
ENOUGH_LEGS = 10
NUMBERS = 6
AGAIN = [
    Disposition.NO_ANSWER,
    Disposition.BUSY,
    Disposition.CONGESTION,
    Disposition.CALLBACK,
    Disposition.UNKNOWN,
]
"""After these there may be another call: the walk prefers them."""
RETRY = timedelta(minutes=3)
MAX_ATTEMPTS = 4
LOST_LEG = timedelta(seconds=60)
"""The longest that a leg outlives the last renewal of its worker's lease: it hangs up by
itself after 45 s."""


@dataclass
class Leg:
    """One INVITE, as the far end knows it."""

    attempt_id: UUID
    lead_id: UUID
    number: str
    sent: datetime
    answered: bool = False
    ended: datetime | None = None
    outcome: Disposition | None = None


@dataclass
class Walk:
    dice: Random
    ledger: Ledger
    legs: dict[UUID, Leg] = field(default_factory=dict)
    terminal: dict[UUID, Disposition | None] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)

    def step(self) -> None:
        steps = (
            (6, self.claim),
            (8, self.dial),
            (1, self.let_go),
            (2, self.answer),
            (4, self.finish),
            (1, self.renew),
            (2, self.sweep),
            (3, self.report),
            (3, self.time_passes),
            (1, self.reconcile),
        )
        (chosen,) = self.dice.choices(
            [step for _, step in steps], [weight for weight, _ in steps]
        )
        for _ in range(self.dice.choice((1, 1, 2))):
            chosen()
        self.done[chosen.__name__] += 1

    def claim(self) -> None:
        """Due or not: what keeps people from being rung must not be the queue."""
        with transaction() as session:
            waiting = session.exec(
                select(Lead)
                .where(Lead.status == LeadStatus.PENDING)
                .order_by(col(Lead.created_at))
            ).all()
        if not waiting:
            return
        try:
            with transaction() as session:
                claim_lead(session, self.dice.choice(waiting))
        except IntegrityError:
            pass  # the number is in a call: the index says so

    def dial(self) -> None:
        late = self.dice.random() < 0.1
        attempt = self.pick(AttemptState.VOID if late else AttemptState.CLAIMED)
        if attempt is None:
            return
        decision = claim_dial(
            attempt.id, worker_id="w", lease=LEASE, ledger=self.ledger
        )
        if not isinstance(decision, Go):
            return
        if self.dice.random() < 0.2:
            for _ in range(2):
                withdraw_dial(
                    attempt.id, worker_id="w", reason="no line", ledger=self.ledger
                )
            return
        self.send(attempt)

    def send(self, attempt: Attempt) -> None:
        assert attempt.id not in self.legs, "two INVITEs of one attempt"
        leg = Leg(attempt.id, attempt.lead_id, attempt.phone_number, clock.now())
        for other in self.legs.values():
            if other.number == leg.number:
                assert other.ended is not None, "two legs at once"
            if other.lead_id == leg.lead_id:
                self.gap_was_kept(other, leg)
        self.legs[attempt.id] = leg

    def gap_was_kept(self, other: Leg, leg: Leg) -> None:
        assert other.ended is not None
        lost = other.outcome in (None, Disposition.UNKNOWN)
        assert not (other.answered and lost), "a second call after an answered unknown"
        rest = gap_after(other.outcome, RETRY)
        if other.outcome is Disposition.CALLBACK:
            rest = timedelta(seconds=20)
        assert leg.sent - other.ended >= rest, f"inside the gap after {other.outcome}"

    def let_go(self) -> None:
        attempt = self.pick(*AttemptState)
        if attempt is not None:
            with transaction() as session:
                release(session, attempt.id, reason="late", again_at=clock.now())

    def answer(self) -> None:
        attempt = self.pick(AttemptState.DIALING, AttemptState.RINGING)
        if attempt is None:
            return
        target = self.dice.choice([AttemptState.RINGING, AttemptState.ANSWERED])
        moment = clock.now()
        stamps = {"answered_at": moment} if target == AttemptState.ANSWERED else {}
        with transaction() as session:
            advance(session, attempt.id, target, **stamps)
        if stamps:
            self.legs[attempt.id].answered = True
            self.ledger.answered(attempt.id, t=moment.timestamp())

    def finish(self) -> None:
        """By the worker that holds the leg, perhaps long after a sweep gave it up."""
        open_legs = [leg for leg in self.legs.values() if leg.outcome is None]
        if not open_legs:
            return
        leg = self.dice.choice(open_legs)
        outcome = self.dice.choice([*Disposition, *AGAIN * 6])
        moment = clock.now()
        ending = Ending(
            outcome,
            "walk",
            callback_in=timedelta(seconds=20),
            answered_at=moment if leg.answered else None,
            ended_at=moment,
        )
        rest = moment + timedelta(seconds=settings().quarantine_seconds)
        with transaction() as session:
            won = finish(
                session,
                leg.attempt_id,
                ending,
                quarantine_until=rest if outcome is Disposition.UNKNOWN else None,
            ) or amend(session, leg.attempt_id, ending)
        leg.outcome = outcome
        if won or leg.ended is None:
            leg.ended = moment

    def renew(self) -> None:
        with transaction() as session:
            renew(session, "w", list(self.legs), lease=LEASE)

    def sweep(self) -> None:
        with transaction() as session:
            late = session.exec(
                select(Attempt)
                .where(col(Attempt.state).in_(LIVE), Attempt.lease_until < clock.now())
                .limit(3)
            ).all()
            for attempt in late:
                if attempt.state == AttemptState.CLAIMED:
                    release(session, attempt.id, reason="late", again_at=clock.now())
                    continue
                rest = timedelta(seconds=settings().quarantine_seconds)
                abandon(session, attempt, quarantine=rest)
                leg = self.legs[attempt.id]
                leg.ended = leg.ended or attempt.renewed_at + LOST_LEG

    def report(self) -> None:
        attempt = self.pick(*AttemptState)
        if attempt is not None:
            with transaction() as session:
                report(session, attempt, {})

    def reconcile(self) -> None:
        """At any time, from the beginning of the file: it finds nothing to do."""
        with transaction() as session:
            session.execute(sa.text("DELETE FROM ledger_mark"))
        reconcile(self.ledger)

    def time_passes(self) -> None:
        """Everything that has happened moves into the past."""
        by = timedelta(seconds=self.dice.choice((5, 31, 31, 100, 200, 320)))
        stamps = {
            "attempt": "claimed_at dialed_at answered_at ended_at renewed_at "
            "lease_until quarantine_until",
            "lead": "next_attempt_at callback_at",
        }
        with transaction() as session:
            for table, columns in stamps.items():
                moved = ", ".join(f"{c} = {c} - :by" for c in columns.split())
                session.execute(sa.text(f"UPDATE {table} SET {moved}"), {"by": by})
        for leg in self.legs.values():
            leg.sent -= by
            leg.ended = None if leg.ended is None else leg.ended - by

    def pick(self, *states: AttemptState) -> Attempt | None:
        with transaction() as session:
            found = session.exec(
                select(Attempt)
                .where(col(Attempt.state).in_(states))
                .order_by(col(Attempt.claimed_at))
            ).all()
        return self.dice.choice(found) if found else None

    def judge(self) -> None:
        with transaction() as session:
            attempts = session.exec(select(Attempt)).all()
            leads = session.exec(select(Lead)).all()
            kinds = Counter(
                (row.attempt_id, row.kind) for row in session.exec(select(Report)).all()
            )
            forgotten = session.execute(
                sa.text("SELECT count(*) FROM ledger_dial")
            ).scalar_one()
        assert forgotten == 0, "the ledger knows what the rows do not"
        assert not kinds or max(kinds.values()) == 1
        live = Counter(a.lead_id for a in attempts if a.state in LIVE)
        for attempt in attempts:
            self.judge_attempt(attempt, kinds)
        for lead in leads:
            calling = lead.status == LeadStatus.CALLING
            assert live[lead.id] == calling, f"limbo: {lead.status}"
            charged = [a for a in attempts if a.lead_id == lead.id and a.charged]
            assert lead.attempts == len(charged) <= MAX_ATTEMPTS + ASKED_FOR

    def judge_attempt(self, attempt: Attempt, kinds: Counter[tuple[UUID, str]]) -> None:
        sent = attempt.id in self.legs
        assert not (sent and attempt.state == AttemptState.VOID)
        assert sent == (attempt.dialed_at is not None)
        assert attempt.state in LIVE or attempt.reserved_seconds is None
        reported = attempt.state == AttemptState.REPORTED
        assert kinds[attempt.id, "end-of-call-report"] == reported
        if reported:
            said = self.terminal.setdefault(attempt.id, attempt.disposition)
            assert said == attempt.disposition, "a second outcome after the report"


@pytest.mark.parametrize("seed", [20261122, time.time_ns()], ids=["fixed", "new"])
def test_whatever_happens_nobody_is_rung_twice_or_lost(
    seed: int, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    shift_legal_clock(monkeypatch, noon_in_new_york())
    with transaction() as session:
        trunk = make_trunk(session, calls_per_second=1000.0)
        for name in ("one", "other"):
            campaign = make_campaign(
                session,
                name=name,
                trunk=trunk,
                retry_delay_seconds=int(RETRY.total_seconds()),
                max_attempts=MAX_ATTEMPTS,
            )
            make_leads(session, campaign, NUMBERS)
    walk = Walk(Random(seed), ledger)
    try:
        # Some seeds let most calls go before they are dialed: these walk on.
        for number in range(5 * STEPS):
            if number >= STEPS and len(walk.legs) >= ENOUGH_LEGS:
                break
            walk.step()
            walk.judge()
    except AssertionError as error:
        raise AssertionError(f"seed {seed}, {dict(walk.done)}: {error}") from error
    assert len(walk.legs) >= ENOUGH_LEGS, f"seed {seed}: too little happened"
