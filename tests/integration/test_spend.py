"""Caps on minutes and money: reserved at the claim, settled at the end, never overspent."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from campanile.agents.config import AgentConfig
from campanile.calls.lifecycle import abandon, withdraw
from campanile.calls.models import Attempt
from campanile.calls.outcomes import Disposition
from campanile.calls.states import AttemptState
from campanile.campaigns.lifecycle import change, move
from campanile.campaigns.models import Campaign, CampaignUpdate
from campanile.campaigns.states import CampaignStatus
from campanile.capacity.spend import (
    GRACE_SECONDS,
    caps,
    day_of,
    reserve,
    used_seconds,
    worst_case,
)
from campanile.clock import now
from campanile.compliance.may_dial import Refused
from campanile.config import settings
from campanile.db import transaction
from campanile.organizations.events import Event
from campanile.pacing.tick import Pacer
from support.attempt_rows import end_attempt, make_attempt
from support.attempts import noon_in_new_york
from support.factories import make_campaign, make_leads, make_worker

pytestmark = pytest.mark.usefixtures("database")

D = Disposition


def new_campaign(**values: object) -> Campaign:
    with transaction() as session:
        campaign = make_campaign(session, **values)
        make_leads(session, campaign, 60)
        return campaign


def dial(
    campaign: Campaign, seconds: int, *, at: datetime | None = None
) -> UUID | Refused:
    """What the claim of a dial does about spending."""
    moment = at or now()
    with transaction() as session:
        attempt = make_attempt(session, campaign, state=AttemptState.CLAIMED)
        row = session.get_one(Campaign, campaign.id, populate_existing=True)
        refused = reserve(session, row, attempt.id, seconds=seconds, now=moment)
        if refused is not None:
            attempt.state = AttemptState.VOID
            return refused
        session.execute(
            sa.update(Attempt)
            .where(col(Attempt.id) == attempt.id)
            .values(
                state=AttemptState.DIALING,
                worker_id="w",
                dialed_at=moment,
                charged=True,
            )
        )
        return attempt.id


def end(attempt_id: UUID | Refused, talked: float) -> None:
    """End a call whose talk lasted so many seconds; 0: nobody answered."""
    assert isinstance(attempt_id, UUID)
    with transaction() as session:
        attempt = session.get_one(Attempt, attempt_id)
        if talked:
            attempt.answered_at = attempt.dialed_at
            session.flush()
            end_attempt(session, attempt, D.COMPLETED, after=timedelta(seconds=talked))
        else:
            end_attempt(session, attempt, D.NO_ANSWER)


def used(campaign: Campaign) -> tuple[int, int]:
    with transaction() as session:
        found = used_seconds(session, campaign.id)
        return found.settled, found.reserved


def row(campaign: Campaign) -> Campaign:
    with transaction() as session:
        return session.get_one(Campaign, campaign.id)


def test_a_dial_reserves_its_worst_case_and_its_end_settles_what_it_used() -> None:
    campaign = new_campaign(max_minutes=10)
    first = dial(campaign, 300)
    assert used(campaign) == (0, 300)
    end(first, 61.2)
    assert used(campaign) == (62, 0)
    end(dial(campaign, 300), 0)
    assert used(campaign) == (62, 0)


def test_the_worst_case_is_the_agents_cap_and_the_time_to_hang_up() -> None:
    agent = AgentConfig(name="Ada", max_duration_seconds=120)
    assert worst_case(agent) == 120 + GRACE_SECONDS


def test_while_live_calls_hold_the_rest_the_next_waits_for_them() -> None:
    campaign = new_campaign(max_minutes=10)
    first, second = dial(campaign, 300), dial(campaign, 300)
    refused = dial(campaign, 300)
    assert isinstance(refused, Refused)
    assert refused.rule == "spend.held"
    assert refused.reason == "live calls may still use the rest of its 10 minutes"
    held = row(campaign)
    assert held.status == CampaignStatus.SCHEDULED
    assert held.held_until is not None
    assert held.held_until - now() < timedelta(seconds=11)
    end(first, 20)
    end(second, 20)
    assert isinstance(dial(campaign, 300), UUID)


def test_a_campaign_that_has_used_its_minutes_pauses_itself_and_says_so() -> None:
    campaign = new_campaign(max_minutes=6)
    end(dial(campaign, 300), 120)
    refused = dial(campaign, 300)
    assert isinstance(refused, Refused)
    assert refused.until is not None
    paused = row(campaign)
    assert paused.status == CampaignStatus.PAUSED
    assert (
        paused.paused_reason
        == refused.reason
        == (
            "its 6 minutes do not cover another call: "
            "2.0 minutes are used, a call may take 5.0"
        )
    )
    with transaction() as session:
        event = session.exec(
            select(Event).where(Event.kind == "campaign.paused_itself")
        ).one()
        assert event.facts["reason"] == refused.reason


def test_money_is_counted_by_the_second() -> None:
    campaign = new_campaign(max_spend=Decimal("1.00"), cost_per_minute=Decimal("0.30"))
    assert [cap.seconds for cap in caps(campaign, daily=False)] == [200]
    end(dial(campaign, 100), 100)
    end(dial(campaign, 100), 100)
    refused = dial(campaign, 1)
    assert isinstance(refused, Refused)
    assert refused.reason.startswith("its budget of 1 do")


def test_money_without_a_price_allows_nothing() -> None:
    refused = dial(new_campaign(max_spend=Decimal(100)), 60)
    assert isinstance(refused, Refused)
    assert "no cost_per_minute" in refused.reason


def test_calls_that_cost_nothing_spend_no_money() -> None:
    campaign = new_campaign(max_spend=Decimal(0), cost_per_minute=Decimal(0))
    assert isinstance(dial(campaign, 300), UUID)


def test_a_cap_of_no_minutes_lets_nobody_be_rung() -> None:
    assert isinstance(dial(new_campaign(max_minutes=0), 1), Refused)


def test_the_days_minutes_come_back_at_midnight_of_the_campaigns_zone() -> None:
    campaign = new_campaign(max_minutes_per_day=5, timezone="Asia/Kolkata")
    evening = datetime(2026, 11, 22, 18, 29, tzinfo=UTC)  # 23:59 in Kolkata
    midnight = evening + timedelta(minutes=1)
    end(dial(campaign, 300, at=evening), 200)
    refused = dial(campaign, 300, at=evening)
    assert isinstance(refused, Refused)
    assert refused.until == midnight
    held = row(campaign)
    assert (held.status, held.held_until) == (CampaignStatus.SCHEDULED, midnight)
    assert "5 minutes of today" in held.held_reason
    assert isinstance(dial(campaign, 300, at=midnight), UUID)


@pytest.mark.parametrize(
    ("zone", "instant", "hours"),
    [
        ("Europe/Amsterdam", datetime(2026, 3, 29, 10, tzinfo=UTC), 23),
        ("Europe/Amsterdam", datetime(2026, 10, 25, 10, tzinfo=UTC), 25),
        # Midnight itself is skipped.
        ("Africa/Cairo", datetime(2026, 4, 24, 10, tzinfo=UTC), 23),
        ("Australia/Lord_Howe", datetime(2026, 4, 4, 20, tzinfo=UTC), 24.5),
    ],
)
def test_a_day_is_as_long_as_its_zone_makes_it(
    zone: str, instant: datetime, hours: float
) -> None:
    day = day_of(new_campaign(timezone=zone), instant)
    assert day.begins <= instant < day.ends
    assert (day.ends - day.begins).total_seconds() == hours * 3600


def test_a_shifted_legal_clock_shifts_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = new_campaign(timezone="UTC")
    monkeypatch.setenv("CAMPANILE_CLOCK_OFFSET", str(6 * 3600))
    settings.cache_clear()
    real = datetime(2026, 11, 22, 19, tzinfo=UTC)  # legally one in the night
    assert day_of(campaign, real).begins == datetime(2026, 11, 22, 18, tzinfo=UTC)


def test_a_dial_that_never_left_gives_its_reservation_back() -> None:
    campaign = new_campaign(max_minutes=5)
    attempt_id = dial(campaign, 300)
    assert isinstance(attempt_id, UUID)
    with transaction() as session:
        assert withdraw(
            session, attempt_id, worker_id="w", reason="late", again_at=now()
        )
    assert used(campaign) == (0, 0)


def test_a_raised_cap_counts_at_once() -> None:
    campaign = new_campaign(max_minutes_per_day=1)
    assert isinstance(dial(campaign, 120), Refused)
    with transaction() as session:
        found = session.get_one(Campaign, campaign.id)
        change(session, found, CampaignUpdate(name="a bigger one"))
        assert found.held_until is None


def test_resuming_lifts_the_hold() -> None:
    campaign = new_campaign(max_minutes_per_day=1)
    assert isinstance(dial(campaign, 120), Refused)
    with transaction() as session:
        found = session.get_one(Campaign, campaign.id)
        move(session, found, CampaignStatus.PAUSED)
        move(session, found, CampaignStatus.SCHEDULED)
        assert found.held_until is None


@pytest.mark.parametrize("seed", range(6))
def test_however_many_claim_together_nothing_is_overspent(seed: int) -> None:
    chance = random.Random(seed)
    cap, daily = chance.randint(5, 40), chance.choice([None, chance.randint(5, 40)])
    campaign = new_campaign(max_minutes=cap, max_minutes_per_day=daily)
    limit = 60 * min(cap, cap if daily is None else daily)
    longest = [chance.randint(1, 600) for _ in range(24)]
    quick = [chance.random() < 0.6 for _ in longest]

    def live(n: int) -> None:
        attempt_id = dial(campaign, longest[n])
        settled, reserved = used(campaign)
        assert settled + reserved <= limit
        if isinstance(attempt_id, UUID) and quick[n]:
            end(attempt_id, chance.choice([0, longest[n] // 2, longest[n]]))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(live, range(len(longest))))
    settled, reserved = used(campaign)
    assert settled + reserved <= limit, f"seed {seed}"


def test_a_lost_call_used_at_most_what_it_had_reserved() -> None:
    campaign = new_campaign(max_minutes=10)
    attempt_id = dial(campaign, 60)
    with transaction() as session:
        attempt = session.get_one(Attempt, attempt_id)
        attempt.answered_at = now() - timedelta(seconds=90)
        assert abandon(session, attempt, quarantine=timedelta(seconds=90))
    assert used(campaign) == (60, 0)


def test_the_tick_claims_nobody_of_a_campaign_that_is_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CAMPANILE_CLOCK_OFFSET", str(noon_in_new_york()))
    settings.cache_clear()
    campaign = new_campaign(max_minutes_per_day=1)
    assert isinstance(dial(campaign, 120), Refused)
    with transaction() as session:
        make_worker(session)
    with transaction() as session:
        assert Pacer().tick(session) == []
        session.execute(sa.update(Campaign).values(held_until=now()))
    with transaction() as session:
        assert Pacer().tick(session) != []
