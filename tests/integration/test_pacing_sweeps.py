"""What the sweeps repair, and what they leave alone, on a real database."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from campanile import clock
from campanile.calls.models import Attempt
from campanile.calls.states import AttemptState
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import CampaignStatus
from campanile.clock import now
from campanile.config import settings
from campanile.db import engine, transaction
from campanile.leads.importing import import_rows
from campanile.leads.lists import Row
from campanile.leads.models import Lead
from campanile.leads.states import LeadStatus
from campanile.pacing import endings, sweeps
from campanile.pacing.tick import Pacer
from support.factories import make_campaign, make_leads, make_worker

pytestmark = pytest.mark.usefixtures("database")

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def a_weekday_noon_in_new_york(monkeypatch: pytest.MonkeyPatch) -> None:
    today = clock.now().replace(hour=17, minute=0, second=0, microsecond=0)
    wednesday = today + timedelta(days=(2 - today.weekday()) % 7)
    monkeypatch.setenv(
        "CAMPANILE_CLOCK_OFFSET", str((wednesday - clock.now()).total_seconds())
    )
    settings.cache_clear()


def one_claimed() -> UUID:
    with transaction() as session:
        make_leads(session, make_campaign(session), 1)
        make_worker(session)
    with transaction() as session:
        (attempt,) = Pacer().tick(session)
    return attempt


def change(model: type[Attempt | Lead | Campaign], **values: object) -> None:
    with transaction() as session:
        session.execute(sa.update(model).values(**values))


def the_lead() -> Lead:
    with transaction() as session:
        return session.exec(select(Lead)).one()


def the_campaign() -> Campaign:
    with transaction() as session:
        return session.exec(select(Campaign)).one()


@contextmanager
def somebody_else() -> Iterator[Session]:
    """A transaction that is open while the block runs."""
    with Session(engine()) as session:
        yield session
        session.rollback()


# Lost messages


@pytest.mark.parametrize(
    ("age", "told"),
    [(0.5, False), (3.5, True), (5.0, False), (9.9, True), (18.2, True), (25.0, False)],
)
def test_an_attempt_that_nobody_takes_is_told_of_again(age: float, told: bool) -> None:
    attempt = one_claimed()
    change(Attempt, claimed_at=now() - timedelta(seconds=age))
    with transaction() as session:
        found = sweeps.not_taken(session, every=1.0)
    assert found == ([attempt] if told else [])


def test_of_an_attempt_that_was_taken_or_ran_out_nobody_is_told() -> None:
    one_claimed()
    change(Attempt, claimed_at=now() - timedelta(seconds=3.5), lease_until=now())
    with transaction() as session:
        assert sweeps.not_taken(session, every=1.0) == []
    change(Attempt, lease_until=now() + MINUTE, state=AttemptState.DIALING)
    with transaction() as session:
        assert sweeps.not_taken(session, every=1.0) == []


# Leads in limbo


def test_a_lead_whose_call_does_not_exist_waits_for_a_retry() -> None:
    one_claimed()
    change(Attempt, state=AttemptState.VOID, ended_at=now() - MINUTE)
    with transaction() as session:
        assert len(sweeps.return_lost(session, before=now())) == 1
    lead = the_lead()
    assert lead.status == LeadStatus.PENDING
    assert lead.next_attempt_at > now() + timedelta(minutes=59)


def test_a_lead_whose_lost_call_was_answered_is_left_to_a_person() -> None:
    one_claimed()
    change(Attempt, state=AttemptState.REPORTED, answered_at=now(), ended_at=now())
    with transaction() as session:
        assert len(sweeps.return_lost(session, before=now())) == 1
    assert the_lead().status == LeadStatus.FAILED
    assert "by hand" in the_lead().reason


@pytest.mark.parametrize("state", ["claimed", "dialing", "ringing", "answered"])
def test_a_lead_with_a_live_call_is_left_alone(state: str) -> None:
    one_claimed()
    change(Attempt, state=state)
    with transaction() as session:
        assert sweeps.return_lost(session, before=now() + MINUTE) == []


def test_a_call_that_has_just_ended_is_given_time() -> None:
    one_claimed()
    change(Attempt, state=AttemptState.ENDED, ended_at=now())
    with transaction() as session:
        assert sweeps.return_lost(session, before=now() - MINUTE) == []


# Campaigns that are over


def test_a_campaign_is_not_complete_while_somebody_adds_leads() -> None:
    with transaction() as session:
        make_leads(session, make_campaign(session), 1)
        session.execute(sa.update(Lead).values(status=LeadStatus.COMPLETED))
    campaign = the_campaign()
    with somebody_else() as adding:
        import_rows(adding, campaign, [Row(2, "+12125550177", {})])
        with transaction() as session:
            assert endings.complete_drained(session) == 0
    with transaction() as session:
        assert endings.complete_drained(session) == 1  # they gave up


def test_a_campaign_is_not_complete_while_a_list_is_being_read() -> None:
    """A spreadsheet of a million rows takes a minute before its first row is written."""
    with transaction() as session:
        make_leads(session, make_campaign(session), 1)
        session.execute(sa.update(Lead).values(status=LeadStatus.COMPLETED))
    campaign = the_campaign()
    completed = []

    def slowly() -> Iterator[Row]:
        with transaction() as session:
            completed.append(endings.complete_drained(session))
        yield Row(2, "+12125550177", {})

    with somebody_else() as adding:
        import_rows(adding, campaign, slowly())
        adding.commit()
    assert completed == [0]
    with transaction() as session:
        assert endings.complete_drained(session) == 0


@pytest.mark.parametrize("status", ["cancelled", "completed"])
def test_who_waits_in_a_campaign_that_has_ended_is_skipped(status: str) -> None:
    with transaction() as session:
        make_leads(session, make_campaign(session), 3)
    change(Campaign, status=status)
    with transaction() as session:
        assert endings.skip_ended(session) == 3
        leads = session.exec(select(Lead)).all()
        assert {(lead.status, lead.reason) for lead in leads} == {
            (LeadStatus.SKIPPED, f"the campaign was {status}")
        }


def test_skipping_goes_on_batch_by_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "SKIPPED", 2)
    with transaction() as session:
        make_leads(session, make_campaign(session), 5)
    change(Campaign, status=CampaignStatus.CANCELLED)
    for expected in (2, 2, 1, 0):
        with transaction() as session:
            assert endings.skip_ended(session) == expected


@pytest.mark.parametrize(
    ("window", "days_ago", "skipped"),
    [
        (("09:00", "17:00"), 0, 0),  # its last day
        (("09:00", "11:00"), 0, 1),  # its last day, and the window has closed
        (("09:00", "17:00"), 1, 1),
        (("20:00", "13:00"), 1, 0),  # the night that began on its last day
        (("20:00", "11:00"), 1, 1),
        (("09:00", "17:00"), 30, 1),
    ],
)
def test_when_the_last_day_is_over_nobody_waits_any_longer(
    window: tuple[str, str], days_ago: int, skipped: int
) -> None:
    today = clock.legal_now().date()  # noon in New York
    with transaction() as session:
        campaign = make_campaign(
            session,
            schedule_start_time=window[0],
            schedule_end_time=window[1],
            end_date=today - timedelta(days=days_ago),
        )
        make_leads(session, campaign, 1)
    with transaction() as session:
        assert endings.skip_overdue(session) == skipped
        assert endings.complete_drained(session) == skipped
