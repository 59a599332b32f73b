"""A campaign whose calls fail oddly pauses itself, tells why, and goes on when told."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import select

from campanile.calls.lifecycle import abandon
from campanile.calls.models import Attempt
from campanile.calls.outcomes import Disposition, EndReason, trunk_failure
from campanile.campaigns.lifecycle import move
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import CampaignStatus
from campanile.capacity.anomalies import WITHIN, watch
from campanile.capacity.learning import learn
from campanile.clock import now
from campanile.db import transaction
from campanile.organizations.events import Event
from campanile.pacing.sweeps import close_expired
from support.attempt_rows import end_attempt, make_attempt
from support.factories import make_campaign, make_leads

pytestmark = pytest.mark.usefixtures("database")

D = Disposition
DEAD_NUMBER = (D.INVALID_NUMBER, trunk_failure(404))
NO_ROUTE = (D.TRUNK_FAILED, trunk_failure(403))
BUSY = (D.BUSY, trunk_failure(486))
REASON = "20 of the last 20 calls went to numbers that do not exist"


@pytest.fixture
def campaign() -> Campaign:
    with transaction() as session:
        made = make_campaign(session)
        make_leads(session, made, 90)
        return made


def call(campaign: Campaign, end: tuple[D, str]) -> str | None:
    """One call, and what ending it does; answers why the campaign paused, if it did."""
    with transaction() as session:
        attempt = make_attempt(session, campaign)
        end_attempt(session, attempt, *end)
        learn(session, attempt.id)
        return watch(session, attempt.id)


def calls(count: int, campaign: Campaign, end: tuple[D, str]) -> list[str | None]:
    return [call(campaign, end) for _ in range(count)]


def row(campaign: Campaign) -> Campaign:
    with transaction() as session:
        return session.get_one(Campaign, campaign.id)


def go_on(campaign: Campaign) -> None:
    with transaction() as session:
        move(session, session.get_one(Campaign, campaign.id), CampaignStatus.SCHEDULED)


def test_a_list_of_dead_numbers_pauses_it_after_twenty(campaign: Campaign) -> None:
    assert calls(20, campaign, DEAD_NUMBER) == [None] * 19 + [REASON]
    paused = row(campaign)
    assert (paused.status, paused.paused_reason) == (CampaignStatus.PAUSED, REASON)
    # Calls that were under way end; it is paused once.
    assert calls(3, campaign, DEAD_NUMBER) == [None] * 3
    with transaction() as session:
        (event,) = session.exec(
            select(Event).where(Event.kind == "campaign.paused_itself")
        ).all()
        assert event.organization_id == campaign.organization_id
        assert event.facts == {"campaign_id": str(campaign.id), "reason": REASON}


def test_a_person_who_resumes_it_restarts_the_count(campaign: Campaign) -> None:
    calls(20, campaign, DEAD_NUMBER)
    go_on(campaign)
    assert row(campaign).paused_reason == ""
    assert calls(20, campaign, DEAD_NUMBER) == [None] * 19 + [REASON]


def test_busy_people_never_pause_it(campaign: Campaign) -> None:
    assert calls(40, campaign, BUSY) == [None] * 40


def test_another_campaigns_calls_say_nothing(campaign: Campaign) -> None:
    with transaction() as session:
        other = make_campaign(session)
        make_leads(session, other, 60)
    calls(19, campaign, DEAD_NUMBER)
    calls(19, other, DEAD_NUMBER)
    assert row(campaign).status == row(other).status == CampaignStatus.SCHEDULED


def test_what_happened_long_ago_is_not_held_against_it(campaign: Campaign) -> None:
    calls(19, campaign, DEAD_NUMBER)
    with transaction() as session:
        session.execute(sa.update(Attempt).values(dialed_at=now() - WITHIN))
    assert calls(5, campaign, DEAD_NUMBER) == [None] * 5


def test_a_trunk_that_rests_needs_no_person(campaign: Campaign) -> None:
    # A burst on a dying trunk: all were on their way when its breaker opened.
    assert calls(40, campaign, NO_ROUTE) == [None] * 40


def test_a_caller_id_that_the_trunk_refuses_pauses_its_campaign_only(
    campaign: Campaign,
) -> None:
    with transaction() as session:
        other = make_campaign(session)
        make_leads(session, other, 60)
    reasons = []
    for _ in range(24):
        reasons.append(call(campaign, NO_ROUTE))
        call(other, BUSY)
    told = [reason for reason in reasons if reason]
    assert told == ["20 of the last 20 calls were refused by the trunk"]
    assert row(other).status == CampaignStatus.SCHEDULED


def test_one_lost_worker_with_all_its_calls_does_not_pause_it(
    campaign: Campaign,
) -> None:
    _lose(campaign, ["one worker"] * 40)
    assert row(campaign).status == CampaignStatus.SCHEDULED


def test_worker_after_worker_lost_pauses_it(campaign: Campaign) -> None:
    _lose(campaign, [f"worker {n}" for n in range(20)])
    assert row(campaign).paused_reason == (
        "20 of the last 20 calls were lost with their worker or gateway"
    )


def _lose(campaign: Campaign, workers: list[str]) -> None:
    with transaction() as session:
        for worker in workers:
            attempt = make_attempt(session, campaign, answered=True, worker_id=worker)
            assert abandon(session, attempt, quarantine=timedelta(seconds=90))
            assert attempt.end_reason == EndReason.INFRASTRUCTURE
            watch(session, attempt.id)


def test_the_sweep_that_closes_lost_calls_watches_too(campaign: Campaign) -> None:
    with transaction() as session:
        for n in range(20):
            make_attempt(
                session,
                campaign,
                worker_id=f"worker {n}",
                lease_until=now() - timedelta(seconds=1),
            )
    with transaction() as session:
        assert close_expired(session) == (0, 20)
    assert row(campaign).status == CampaignStatus.PAUSED
