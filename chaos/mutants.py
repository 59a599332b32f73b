"""Each guard, taken out: changes to a copy of the product's sources.

A mutant names what it removes, the verdict that must then be red, and what makes that
likely within a short slice. The product itself knows nothing of this. A change that no
longer fits the source is an error (tests/unit/chaos/test_mutants.py).
"""

from chaos.faults import Kind
from chaos.mutating import Change, Mutant


def _never(file: str, old: str, new: str) -> Change:
    return Change(f"src/campanile/{file}", old, new)


_TWICE = ("two legs at once", "an INVITE inside", "more than one INVITE")
_ORDERED = ("to a suppressed number", "after a pause, cancel or stop")
_MESSY: dict[Kind, float] = {"double": 4.0, "forge": 1.0}

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        guard="an attempt is claimed by one guarded update",
        verdicts=_TWICE,
        changes=(
            _never(
                "calls/lifecycle.py",
                "col(Attempt.id) == attempt_id, col(Attempt.state).in_(sources(target))",
                "col(Attempt.id) == attempt_id",
            ),
            _never(
                "dialing/decision.py",
                "or attempt.state != AttemptState.CLAIMED",
                "or False",
            ),
            _never(
                "dialing/plan.py",
                "attempt is None or attempt.state != AttemptState.CLAIMED",
                "attempt is None",
            ),
            _never(
                "dialing/attempt.py",
                "if attempt_id in host.attempts or host.outbox.holds(attempt_id):",
                "if False:",
            ),
        ),
        faults=_MESSY,
    ),
    Mutant(
        guard="the unique index on live numbers",
        verdicts=("two legs at once",),
        sql=("DROP INDEX uq_attempt_live_number",),
        shared=0.9,
    ),
    Mutant(
        guard="the quarantine after a lost call",
        verdicts=("two legs at once",),
        changes=(
            _never(
                "dialing/facts.py",
                "quarantined_until=_quarantined_until(dials)",
                "quarantined_until=None",
            ),
            _never(
                "calls/retries.py",
                "wait = max(retry_delay, quarantine)",
                "wait = retry_delay",
            ),
        ),
        faults={"kill exchange": 25.0},
        retry_delay=2,
        shared=0.6,
    ),
    Mutant(
        guard="reserved send instants",
        verdicts=("above CPS",),
        changes=(_never("capacity/send_times.py", "SPACING = 1.09", "SPACING = 0.1"),),
    ),
    Mutant(
        guard="calling hours, the campaign's and the law's",
        verdicts=("out of hours",),
        changes=(
            _never(
                "compliance/may_dial.py",
                "next(_until_later(facts, now), None) or _window(facts, now)",
                "next(_until_later(facts, now), None)",
            ),
            _never(
                "pacing/openings.py",
                "                if at + room <= end:\n                    return True",
                "                return True",
            ),
            _never(
                "pacing/openings.py", "        return False\n", "        return True\n"
            ),
        ),
        scenario=0,
    ),
    Mutant(
        guard="the suppression list",
        verdicts=("to a suppressed number",),
        changes=(
            _never(
                "leads/suppression.py",
                "            Suppression.phone_number == phone_number, *_binding",
                "            sa.false(), *_binding",
            ),
            _never("leads/suppression.py", "    _skip(session, waiting)\n", ""),
        ),
        faults={"suppress": 2.0},
    ),
    Mutant(
        guard="the second look before the reserved instant",
        verdicts=_ORDERED,
        changes=(
            _never(
                "dialing/attempt.py",
                "if instant - looked_at > FRESH_SECONDS:",
                "if False:",
            ),
        ),
        # A claim waits until its instant is near, but not on trunks as slow as these.
        trunks=((0.1, 4),) * 5,
        faults={"suppress": 4.0, "pause": 5.0, "stop": 8.0},
    ),
    Mutant(
        guard="everything slow before the last look: the gateway's session",
        verdicts=_ORDERED,
        changes=(
            _never(
                "dialing/attempt.py",
                "        with host.orders.heard(plan.attempt_id, leg.obey):\n",
                "        await asyncio.sleep(0.5)  # a gateway that has much to do\n"
                "        late = await host.gateway(plan).open_line(\n"
                "            name=str(plan.attempt_id),\n"
                "            caller_id=plan.caller_id,\n"
                "            hold_seconds=_hold_seconds(plan),\n"
                "        )\n"
                "        leg._line = leg._talk._line = late\n"
                "        with host.orders.heard(plan.attempt_id, leg.obey):\n",
            ),
        ),
        faults={"freeze worker": 12.0, "suppress": 4.0, "pause": 5.0, "stop": 12.0},
    ),
    Mutant(
        guard="the retry gap",
        verdicts=("an INVITE inside the lead's retry gap",),
        changes=(
            _never(
                "pacing/claims.py",
                "l.status = 'pending' AND l.next_attempt_at <= now()",
                "l.status = 'pending'",
            ),
            _never(
                "pacing/claims.py",
                "AND status = 'pending' AND next_attempt_at <= now()",
                "AND status = 'pending'",
            ),
            _never("dialing/decision.py", "if rest is None or (", "if True or ("),
        ),
        retry_delay=25,
    ),
    Mutant(
        guard="stops and pauses at the claim",
        verdicts=("after a pause, cancel or stop",),
        changes=(
            _never(
                "compliance/may_dial.py",
                "_for_good(facts, now) or _held_back(facts, now)",
                "_for_good(facts, now)",
            ),
            _never(
                "organizations/stops.py",
                "            col(Stop.lifted_at).is_(None),\n            sa.or_(",
                "            sa.false(),\n            sa.or_(",
            ),
        ),
        faults={"pause": 5.0, "stop": 8.0},
    ),
    Mutant(
        guard="orders reach the calls that ring",
        verdicts=("a suppressed number rang on", "rang on for over 5 s after a stop"),
        changes=(
            _never(
                "dialing/orders.py",
                "            if self._heard:\n",
                "            if False:\n",
            ),
        ),
        faults={"suppress": 6.0, "stop": 6.0},
        callees={"rings_on": 50, "no_answer": 50},
    ),
    Mutant(
        guard="minutes reserved before a dial",
        verdicts=("over a campaign's minutes",),
        trunks=((10, 40),) * 5,
        callees={"stays": 100},
        changes=(
            _never(
                "capacity/spend.py",
                "if used.leaves(seconds, of=cap.seconds):",
                "if True:",
            ),
        ),
    ),
    Mutant(
        guard="the rest of a trunk that fails",
        verdicts=("new calls over a trunk that fails",),
        changes=(
            _never(
                "capacity/breakers.py",
                "for row in sick(session, needed):",
                "for row in ():",
            ),
            _never(
                "capacity/breakers.py",
                "    if not rows:\n        return Blocked()",
                "    return Blocked()",
            ),
        ),
    ),
    Mutant(
        guard="the pause of a campaign that fails in an unusual way",
        verdicts=("went on with a list of dead numbers",),
        changes=(
            _never(
                "capacity/anomalies.py",
                "if reason is None or not pause_itself(session, campaign.id, reason):",
                "if True:",
            ),
        ),
    ),
    Mutant(
        guard="the end of a call without a lease",
        verdicts=("up for too long without a lease",),
        changes=(
            _never(
                "dialing/leases.py",
                "if moment - renewed_at > self._give_up_after:",
                "if False:",
            ),
        ),
        faults={"hold postgres": 1000.0},
        callees={"rings_on": 100},
        ring_timeout=45,
    ),
    Mutant(
        guard="caps per number",
        verdicts=("over a number's caps",),
        changes=(
            _never(
                "compliance/may_dial.py",
                "    for cap in caps_reached(",
                "    for cap in () and caps_reached(",
            ),
        ),
        shared=0.9,
        retry_delay=2,
    ),
    Mutant(
        guard="consent",
        verdicts=("without consent",),
        changes=(
            _never(
                "compliance/may_dial.py",
                "if facts.consent_required and not facts.consented:",
                "if False:",
            ),
        ),
    ),
    Mutant(
        guard="a trunk's channels",
        verdicts=("over a trunk's channels",),
        trunks=((10, 3),) * 5,
        changes=(
            _never(
                "pacing/policy.py",
                "min(self.channels - self.live, backlog - self.claimed)",
                "backlog - self.claimed",
            ),
        ),
    ),
    Mutant(
        guard="no second call after an answered unknown",
        verdicts=("a second call after an answered unknown",),
        changes=(
            _never(
                "calls/retries.py",
                "disposition in IF_UNANSWERED and not spoken_to",
                "disposition in IF_UNANSWERED",
            ),
            _never(
                "dialing/gaps.py",
                "if dial.same_lead and dial.answered and _lost(dial):",
                "if False:",
            ),
        ),
        faults={"kill worker": 12.0},
        retry_delay=2,
    ),
    Mutant(
        guard="one report, by a guarded update and a unique key",
        verdicts=("attempts without exactly one report",),
        changes=(
            _never(
                "calls/lifecycle.py",
                "if not advance(session, attempt.id, AttemptState.REPORTED, reported_at=now()):",
                "if advance(session, attempt.id, AttemptState.REPORTED) and False:",
            ),
            _never(
                "analysis/reporting.py",
                "attempt is None or attempt.state != AttemptState.ENDED",
                "attempt is None",
            ),
            _never(
                "analysis/reporting.py",
                "    if attempt.state != AttemptState.ENDED:\n        return\n",
                "",
            ),
        ),
        sql=("ALTER TABLE report DROP CONSTRAINT uq_report_attempt_id_kind",),
        faults=_MESSY,
    ),
    Mutant(
        guard="the sweep of what expired",
        verdicts=("left in limbo",),
        changes=(
            _never(
                "pacing/sweeps.py",
                "col(Attempt.state).in_(LIVE), col(Attempt.lease_until) <",
                "sa.false(), col(Attempt.lease_until) <",
            ),
        ),
        faults={"kill worker": 4.0},
    ),
    Mutant(
        guard="the check of the clock",
        verdicts=("out of hours", "without consent", "an INVITE inside"),
        changes=(
            _never(
                "dialing/clock_guard.py",
                "    if apart >= APART:",
                "    return None\n    if apart >= APART:",
            ),
        ),
        faults={"clock": 12.0},
        scenario=0,
    ),
    Mutant(
        guard="a call's times by a clock that nobody sets in mid-call",
        verdicts=("an INVITE inside the lead's retry gap",),
        changes=(
            _never(
                "clock.py",
                "return self.started_at + timedelta(seconds=passed)",
                "return now()",
            ),
        ),
        faults={"clock": 12.0},
        retry_delay=25,
    ),
    Mutant(
        guard="the ledger held against a restored database",
        verdicts=(*_TWICE, "over a number's caps", "over a lead's attempts"),
        changes=(
            _never(
                "dialing/ledger.py",
                "        known = self.standing\n        return (\n",
                "        known = self.standing\n        return True or (\n",
            ),
        ),
        retry_delay=25,
        restores=True,
    ),
)
"""Not among them: the advisory lock on a number. The unique index alone keeps two from being
claimed; the lock orders decisions and cannot be seen from outside. Its own test sets the
index aside (tests/integration/test_dial_claims.py). Nor the breakers of providers and
agents: where nobody speaks they cannot be sick (tests/integration/test_breakers.py). Nor
the ledger as witness of a host's clock: a process's clock is stepped here, not
PostgreSQL's (tests/unit/dialing/test_clock_guard.py)."""
