"""What `campaign check` tells of instants is what the legal decision tells of each lead,
though it asks once for many."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from campanile.campaigns.models import Campaign
from campanile.campaigns.states import CampaignStatus
from campanile.clock import now, real_instant
from campanile.db import transaction
from campanile.leads.importing import import_rows
from campanile.leads.lists import Row
from campanile.results.check import check
from campanile.results.forecast import Forecast, forecast
from support.factories import leads_of, make_campaign, make_leads, make_worker

pytestmark = pytest.mark.usefixtures("database", "a_weekday_noon")


@pytest.fixture
def a_weekday_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The legal clock shows Wednesday 2026-12-02 12:00 in New York."""
    offset = (at(12, 0) - datetime.now(UTC)).total_seconds()
    monkeypatch.setenv("CAMPANILE_CLOCK_OFFSET", str(offset))


def at(hour: int, minute: int) -> datetime:
    """Of that Wednesday, in New York."""
    return datetime(2026, 12, 2, hour + 5, minute, tzinfo=UTC)


def a_campaign(session: Session, **values: Any) -> Campaign:
    wanted: dict[str, Any] = {
        "status": CampaignStatus.DRAFT,
        "schedule_start_time": time(16, 5),
        "schedule_end_time": time(19),
        **values,
    }
    return make_campaign(session, **wanted)


def looked_at(campaign_values: dict[str, Any], *leads: dict[str, str]) -> Forecast:
    with transaction() as session:
        campaign = a_campaign(session, **campaign_values)
        rows = [Row(n, f"+12125550{100 + n}", {}, one) for n, one in enumerate(leads)]
        assert import_rows(session, campaign, rows).added == len(leads)
        return forecast(session, campaign)


def opens(found: Forecast) -> datetime:
    """By the legal clock; it ran on a little between the fixture and the look."""
    (opening,) = found.openings
    assert opening.opens is not None
    return opening.opens


def assert_about(moment: datetime, legal: datetime) -> None:
    assert abs((moment - real_instant(legal)).total_seconds()) < 2


def test_a_lead_whose_latest_moment_comes_after_the_window_opens_is_rung_later() -> (
    None
):
    found = looked_at({}, {"not_after": "2026-12-02 16:55"})
    assert (found.later, found.never) == (1, 0)
    assert_about(opens(found), at(16, 5))


def test_the_first_instant_is_the_earliest_of_the_leads_own() -> None:
    found = looked_at(
        {},
        {"not_before": "2026-12-02 17:58"},
        {"not_before": "2026-12-02 17:55"},
    )
    assert_about(opens(found), at(17, 55))
    assert {reason.leads for reason in found.reasons} == {2}


def test_the_next_try_of_a_lead_is_told_to_the_second() -> None:
    with transaction() as session:
        campaign = a_campaign(session, schedule_start_time=time(9))
        (lead,) = make_leads(session, campaign, 1)
        due = now() + timedelta(hours=2, minutes=17)
        lead.next_attempt_at = due
        session.flush()
        found = forecast(session, campaign)
    assert opens(found) == due


def test_a_next_try_after_the_window_is_told_for_when_it_opens_again() -> None:
    with transaction() as session:
        campaign = a_campaign(session, schedule_start_time=time(9))
        (lead,) = make_leads(session, campaign, 1)
        lead.next_attempt_at = real_instant(at(18, 0) + timedelta(hours=2))
        session.flush()
        found = forecast(session, campaign)
    assert (found.open_now, found.later, found.never) == (0, 1, 0)
    assert_about(opens(found), at(9, 0) + timedelta(days=1))


def test_a_next_try_after_a_leads_latest_moment_is_none() -> None:
    with transaction() as session:
        campaign = a_campaign(session, schedule_start_time=time(9))
        (lead,) = make_leads(session, campaign, 1)
        lead.next_attempt_at = real_instant(at(17, 0))
        lead.not_after = at(16, 30)
        session.flush()
        found = forecast(session, campaign)
    assert (found.open_now, found.later, found.never) == (0, 0, 1)
    assert [reason.rule for reason in found.reasons] == ["lead.not_after"]


def test_leads_of_one_hour_that_fare_differently_are_told_apart() -> None:
    found = looked_at(
        {},
        {"not_after": "2026-12-02 16:03"},
        {"not_after": "2026-12-02 16:04"},
        {"not_after": "2026-12-02 16:05"},  # excluded: a moment too early
        {"not_after": "2026-12-02 16:06"},
        {"not_after": "2026-12-02 16:55"},
    )
    assert (found.open_now, found.later, found.never) == (0, 2, 3)
    assert_about(opens(found), at(16, 5))


def test_so_are_those_that_may_begin_too_late() -> None:
    last_day = {"end_date": date(2026, 12, 2), "schedule_end_time": time(17, 30)}
    found = looked_at(
        last_day,
        {"not_before": "2026-12-02 17:10"},
        {"not_before": "2026-12-02 17:50"},
        {"not_before": "2026-12-02 17:10", "not_after": "2026-12-02 17:20"},
        {"not_before": "2026-12-02 17:50", "not_after": "2026-12-02 17:55"},
    )
    assert (found.later, found.never) == (2, 2)


def test_a_lead_that_can_be_rung_for_an_hour_only_is_planned_for() -> None:
    with transaction() as session:
        campaign = a_campaign(session)
        row = Row(1, "+12125550101", {}, {"not_after": "2026-12-02 16:55"})
        import_rows(session, campaign, [row])
        make_worker(session)
        found = check(session, campaign)
    assert found.plan.left == 0


def test_many_leads_with_moments_of_their_own_are_asked_about_by_the_hour() -> None:
    with transaction() as session:
        campaign = a_campaign(session)
        leads = make_leads(session, campaign, 600)
        for n, lead in enumerate(leads):
            lead.not_after = at(12, 0) + timedelta(days=1, minutes=n)
        session.flush()
        found = forecast(session, campaign)
        assert len(leads_of(session, campaign)) == 600
    assert found.waiting == found.later == 600
    assert len(found.callable) <= 11  # ten hours and the one that begins within
