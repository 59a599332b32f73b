"""From tick to outcome with one trunk down: its campaign rests, the other goes on.

The tick, the claim of each dial and the outcome are the product's; only what the trunk
answers is played here.
"""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from campanile.calls.lifecycle import Ending
from campanile.calls.models import Attempt
from campanile.calls.outcomes import Disposition, EndReason, trunk_failure
from campanile.calls.states import AttemptState
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import CampaignStatus
from campanile.capacity.models import Breaker, BreakerState
from campanile.clock import now
from campanile.config import settings
from campanile.db import transaction
from campanile.dialing.accounts import CameTo, record
from campanile.dialing.decision import Go, claim_dial
from campanile.dialing.ledger import Ledger
from campanile.leads.models import Lead
from campanile.leads.states import LeadStatus
from campanile.numbers.models import PhoneNumber
from campanile.pacing.tick import Pacer
from support.attempts import noon_in_new_york
from support.factories import LEASE, make_campaign, make_trunk, make_worker
from support.rows_of_leads import import_numbers

pytestmark = pytest.mark.usefixtures("database")

DOWN = Ending(Disposition.CONGESTION, trunk_failure(503), sip_code=503)
BUSY = Ending(Disposition.BUSY, trunk_failure(486), sip_code=486)

Answers = Callable[[Attempt], Ending]


@pytest.fixture
def campaigns(monkeypatch: pytest.MonkeyPatch) -> dict[str, Campaign]:
    """`sick` and `well`, each with a trunk and a number of its own and forty leads."""
    monkeypatch.setenv("CAMPANILE_CLOCK_OFFSET", str(noon_in_new_york()))
    settings.cache_clear()
    found = {}
    with transaction() as session:
        make_worker(session)
        for n, name in enumerate(("sick", "well")):
            trunk = make_trunk(session, name=name)
            campaign = make_campaign(session, name=name, trunk=trunk, max_concurrent=8)
            number = PhoneNumber(
                organization_id=campaign.organization_id,
                phone_number=f"+1212555019{n}",
                trunk_id=trunk.id,
            )
            session.add(number)
            session.flush()
            campaign.number_id = number.id
            import_numbers(session, campaign, first=101 + 45 * n, count=40)
            found[name] = campaign
    return found


class Rounds:
    """Ticks, claims, and the trunks' answers, one round after the other."""

    def __init__(self, ledger: Ledger, campaigns: dict[str, Campaign]) -> None:
        self._ledger = ledger
        self._names = {campaign.id: name for name, campaign in campaigns.items()}
        self._pacer = Pacer(shuffle=Random(7))

    def play(self, answers: Answers, *, rounds: int = 1) -> Counter[str]:
        """Answer how many calls of each campaign were dialed."""
        dialed: Counter[str] = Counter()
        for _ in range(rounds):
            with transaction() as session:
                claimed = self._pacer.tick(session)
            sent = [attempt_id for attempt_id in claimed if self._dial(attempt_id)]
            for attempt_id in sent:
                dialed[self._end(attempt_id, answers)] += 1
        return dialed

    def _dial(self, attempt_id: UUID) -> bool:
        decision = claim_dial(
            attempt_id, worker_id="w", lease=LEASE, ledger=self._ledger
        )
        return isinstance(decision, Go)

    def _end(self, attempt_id: UUID, answers: Answers) -> str:
        with transaction() as session:
            attempt = session.get_one(Attempt, attempt_id)
        ending = answers(attempt)
        assert record(CameTo(attempt_id=attempt_id, ending=ending), ledger=self._ledger)
        return self._names[attempt.campaign_id]


@pytest.fixture
def rounds(ledger: Ledger, campaigns: dict[str, Campaign]) -> Rounds:
    return Rounds(ledger, campaigns)


def one_down(campaigns: dict[str, Campaign]) -> Answers:
    return lambda a: DOWN if a.campaign_id == campaigns["sick"].id else BUSY


def let_the_wait_pass() -> None:
    with transaction() as session:
        session.execute(sa.update(Breaker).values(retry_at=now()))
        # The leads that met the dead trunk wait for five minutes; not so here.
        session.execute(
            sa.update(Lead)
            .where(col(Lead.status) == LeadStatus.PENDING)
            .values(next_attempt_at=now() - timedelta(seconds=1))
        )


def test_the_other_trunks_campaign_goes_on_and_no_lead_is_charged(
    campaigns: dict[str, Campaign], rounds: Rounds
) -> None:
    dialed = rounds.play(one_down(campaigns), rounds=6)
    assert dialed["sick"] <= 8, "what was dialed before the fifth failure was known"
    assert dialed["well"] >= 40, "everybody, once"
    with transaction() as session:
        leads = session.exec(
            select(Lead).where(Lead.campaign_id == campaigns["sick"].id)
        ).all()
        assert {lead.status for lead in leads} == {LeadStatus.PENDING}
        assert {lead.attempts for lead in leads} == {0}
        breaker = session.exec(select(Breaker)).one()
        assert breaker.state == BreakerState.OPEN
        both = session.exec(select(Campaign.status)).all()
        assert set(both) == {CampaignStatus.SCHEDULED}


@pytest.mark.parametrize("rang", [True, False])
def test_phones_that_rang_say_nothing_against_the_trunk_though_the_rows_hear_it_late(
    campaigns: dict[str, Campaign], rounds: Rounds, *, rang: bool
) -> None:
    """The database was away while they did: only the account of the end tells of it."""

    def nobody_took_it(_: Attempt) -> Ending:
        rings = now() - timedelta(seconds=30) if rang else None
        return Ending(
            Disposition.NO_ANSWER,
            EndReason.RING_TIMEOUT,
            sip_code=487,
            ringing_at=rings,
        )

    rounds.play(nobody_took_it, rounds=3)
    with transaction() as session:
        states = set(session.exec(select(Breaker.state)).all())
        assert (BreakerState.OPEN in states) is not rang
        attempts = session.exec(
            select(Attempt).where(col(Attempt.disposition).is_not(None))
        ).all()
        assert len(attempts) > 8
        assert {attempt.ringing_at is not None for attempt in attempts} == {rang}


def test_it_is_tried_with_one_call_at_a_time_and_then_goes_on(
    campaigns: dict[str, Campaign], rounds: Rounds
) -> None:
    rounds.play(one_down(campaigns), rounds=3)
    for _ in range(3):
        let_the_wait_pass()
        assert rounds.play(one_down(campaigns), rounds=3)["sick"] == 1
    let_the_wait_pass()
    assert rounds.play(lambda _: BUSY)["sick"] == 1
    assert rounds.play(lambda _: BUSY)["sick"] >= 5, "all that there is room for"
    with transaction() as session:
        assert session.exec(select(Breaker.state)).one() == BreakerState.CLOSED


def test_what_was_claimed_before_it_was_known_is_put_back_unharmed(
    campaigns: dict[str, Campaign], ledger: Ledger, rounds: Rounds
) -> None:
    with transaction() as session:
        early = Pacer(shuffle=Random(7)).tick(session)
        # The same instant, other processes: their calls fail first.
        breaker_opens_at = now() + timedelta(seconds=15)
        for trunk in {session.get_one(Attempt, one).trunk_id for one in early}:
            session.add(
                Breaker(
                    kind="trunk",
                    key=str(trunk),
                    state=BreakerState.OPEN,
                    failures=5,
                    openings=1,
                    retry_at=breaker_opens_at,
                    reason="5 failures in a row, the last: it answered 503",
                )
            )
    for attempt_id in early:
        assert not isinstance(
            claim_dial(attempt_id, worker_id="w", lease=LEASE, ledger=ledger), Go
        )
    with transaction() as session:
        for attempt_id in early:
            attempt = session.get_one(Attempt, attempt_id)
            lead = session.get_one(Lead, attempt.lead_id)
            assert (attempt.state, attempt.charged) == (AttemptState.VOID, False)
            assert (lead.status, lead.attempts) == (LeadStatus.PENDING, 0)
            assert lead.reason.startswith("the trunk rests: 5 failures in a row")
            assert lead.next_attempt_at >= breaker_opens_at - timedelta(seconds=1)
