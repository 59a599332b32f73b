"""The tick and the claim on a real database: nobody twice, nobody at the wrong hour."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
import sqlalchemy as sa
from sqlmodel import select

from campanile import clock
from campanile.calls.models import Attempt
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import CampaignStatus
from campanile.config import settings
from campanile.db import transaction
from campanile.leads.models import Lead
from campanile.leads.states import LeadStatus
from campanile.pacing import endings, sweeps
from campanile.pacing.tick import Pacer
from support.factories import make_campaign, make_leads, make_trunk, make_worker

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def noon_in_new_york(monkeypatch: pytest.MonkeyPatch) -> None:
    set_legal_hour(monkeypatch, 17)


def set_legal_hour(monkeypatch: pytest.MonkeyPatch, utc_hour: int) -> None:
    """Shift the legal clock so that it shows this hour, whatever the hour is."""
    now = clock.now()
    wanted = now.replace(hour=utc_hour, minute=0, second=0, microsecond=0)
    monkeypatch.setenv("CAMPANILE_CLOCK_OFFSET", str((wanted - now).total_seconds()))
    settings.cache_clear()


def run_tick() -> list[object]:
    with transaction() as session:
        return list(Pacer(shuffle=Random(1)).tick(session))


def test_a_tick_reserves_as_many_as_there_is_room_for() -> None:
    with transaction() as session:
        make_leads(session, make_campaign(session), 20)
        make_worker(session, slots=7)
    assert len(run_tick()) == 7
    assert run_tick() == []  # claimed attempts count as used capacity
    with transaction() as session:
        calling = session.exec(
            select(Lead).where(Lead.status == LeadStatus.CALLING)
        ).all()
        assert len(calling) == 7


@pytest.mark.parametrize(
    "limit", ["worker", "campaign", "channels", "cps", "providers"]
)
def test_every_limit_holds(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if limit == "providers":
        monkeypatch.setenv("CAMPANILE_PROVIDER_SLOTS", "3")
        settings.cache_clear()
    with transaction() as session:
        trunk = make_trunk(
            session,
            channels=3 if limit == "channels" else 50,
            calls_per_second=1.5 if limit == "cps" else 50,  # two seconds ahead
        )
        campaign = make_campaign(
            session, trunk=trunk, max_concurrent=3 if limit == "campaign" else 50
        )
        make_leads(session, campaign, 20)
        make_worker(session, slots=3 if limit == "worker" else 50)
    assert len(run_tick()) == 3


def test_without_a_living_worker_nobody_is_claimed() -> None:
    with transaction() as session:
        make_leads(session, make_campaign(session), 3)
    assert run_tick() == []


def test_closed_leads_are_not_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction() as session:
        make_leads(session, make_campaign(session), 3)
        make_worker(session)
    set_legal_hour(monkeypatch, 8)  # three in the morning in New York
    assert run_tick() == []
    set_legal_hour(monkeypatch, 17)
    assert len(run_tick()) == 3


def test_a_paused_campaign_rests() -> None:
    with transaction() as session:
        make_leads(session, make_campaign(session, status=CampaignStatus.PAUSED), 3)
        make_worker(session)
    assert run_tick() == []


def test_two_campaigns_never_hold_the_same_number_at_once() -> None:
    with transaction() as session:
        for name in ("one", "other"):
            make_leads(session, make_campaign(session, name=name), 5)
        make_worker(session)
    assert len(run_tick()) == 5
    with transaction() as session:
        stepped_back = session.exec(
            select(Lead).where(
                Lead.reason == "the number is being rung by another campaign"
            )
        ).all()
        assert len(stepped_back) == 5
        assert all(lead.status == LeadStatus.PENDING for lead in stepped_back)


def test_schedulers_that_tick_together_claim_each_lead_once() -> None:
    with transaction() as session:
        trunk = make_trunk(session, channels=400)
        campaign = make_campaign(session, trunk=trunk, max_concurrent=400)
        make_leads(session, campaign, 60)
        make_worker(session, slots=400)
    with ThreadPoolExecutor(8) as pool:
        claimed = [
            a for found in pool.map(lambda _: run_tick(), range(24)) for a in found
        ]
    claimed += run_tick()  # those may all have met while one of them was at work
    assert len(claimed) == len(set(claimed)) == 60
    with transaction() as session:
        attempts = session.exec(select(Attempt)).all()
        assert len({a.lead_id for a in attempts}) == len(attempts) == 60


def test_schedulers_that_tick_together_never_fill_the_same_room_twice() -> None:
    with transaction() as session:
        trunk = make_trunk(session, channels=30)
        campaign = make_campaign(session, trunk=trunk, max_concurrent=400)
        make_leads(session, campaign, 90)
        make_worker(session, slots=400)
    with ThreadPoolExecutor(8) as pool:
        claimed = [
            a for found in pool.map(lambda _: run_tick(), range(24)) for a in found
        ]
    assert len(claimed) == 30


def test_a_reservation_that_nobody_took_is_void_and_its_lead_waits_again() -> None:
    with transaction() as session:
        make_leads(session, make_campaign(session), 1)
        make_worker(session)
    run_tick()
    with transaction() as session:
        session.execute(sa.update(Attempt).values(lease_until=clock.now()))
    with transaction() as session:
        assert sweeps.close_expired(session) == (1, 0)
    with transaction() as session:
        lead = session.exec(select(Lead)).one()
        assert (lead.status, lead.attempts) == (LeadStatus.PENDING, 0)
        assert sweeps.due_reports(session) == []  # nobody's phone rang
    assert len(run_tick()) == 1


def test_a_campaign_completes_when_all_is_reported_and_not_before() -> None:
    with transaction() as session:
        campaign = make_campaign(session)
        make_leads(session, campaign, 1)
        assert endings.complete_drained(session) == 0
        session.execute(sa.update(Lead).values(status=LeadStatus.COMPLETED))
        assert endings.complete_drained(session) == 1
        session.expire_all()
        assert session.get_one(Campaign, campaign.id).status == CampaignStatus.COMPLETED


def test_an_empty_campaign_waits_for_its_leads() -> None:
    with transaction() as session:
        make_campaign(session)
        assert endings.complete_drained(session) == 0


def test_retries_wait_for_their_time() -> None:
    with transaction() as session:
        make_leads(session, make_campaign(session), 1)
        make_worker(session)
        session.execute(
            sa.update(Lead).values(
                next_attempt_at=datetime.now(UTC) + timedelta(minutes=1)
            )
        )
    assert run_tick() == []
