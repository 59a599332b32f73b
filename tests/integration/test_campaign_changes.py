"""What a person decides about a campaign, by command and by API; also while it runs."""

import json
from collections.abc import Iterator
from datetime import date, time
from decimal import Decimal

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError
from sqlmodel import select
from typer.testing import CliRunner

from campanile.api.app import create_app
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import CampaignStatus
from campanile.cli.campaigns import app
from campanile.db import transaction
from campanile.errors import CampanileError, Invalid, NotFound
from campanile.leads.states import LeadStatus
from support.factories import leads_of, make_campaign, make_leads

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def api() -> Iterator[TestClient]:
    with TestClient(create_app(), base_url="http://127.0.0.1/api/v1") as client:
        yield client


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def kept(name: str) -> Campaign:
    with transaction() as session:
        return session.exec(select(Campaign).where(Campaign.name == name)).one()


def test_create_takes_every_limit_a_campaign_can_have() -> None:
    with transaction() as session:
        make_campaign(session)
    run(
        *("create", "spring", "--agent", "Ada", "--timezone", "America/Chicago"),
        *("--hours", "mon-fri 09:00-17:00, sat 22:00-02:00"),
        *("--from", "2028-02-29", "--until", "2028-03-31"),
        *("--region", "us", "--region", "CA", "--subject", "loans"),
        *("--consent-required", "--max-per-24h", "2", "--max-per-day", "1"),
        *("--max-per-week", "3", "--max-lifetime", "9", "--max-minutes", "600"),
        *("--max-minutes-per-day", "60", "--max-spend", "99.50"),
        *("--max-spend-per-day", "10", "--cost-per-minute", "0.12"),
        *("--caller-id", "+1 212 555 0100"),
    )
    row = kept("spring")
    assert row.status == CampaignStatus.DRAFT
    assert (row.schedule_start_time, row.schedule_end_time) == (time(9), time(17))
    assert row.weekly_hours is not None
    assert row.weekly_hours["saturday"] == ["22:00", "02:00"]
    assert row.weekly_hours["sunday"] is None
    assert (row.start_date, row.end_date) == (date(2028, 2, 29), date(2028, 3, 31))
    assert (row.regions, row.subject, row.consent_required) == (
        ["CA", "US"],
        "loans",
        True,
    )
    caps = (row.max_calls_per_24h, row.max_calls_per_day, row.max_calls_per_week)
    assert (*caps, row.max_calls_lifetime) == (2, 1, 3, 9)
    assert (row.max_minutes, row.max_minutes_per_day) == (600, 60)
    money = (row.max_spend, row.max_spend_per_day, row.cost_per_minute)
    assert money == (Decimal("99.5"), Decimal(10), Decimal("0.12"))
    assert row.number_id is not None


def test_a_running_campaign_is_changed_and_loses_nothing() -> None:
    with transaction() as session:
        campaign = make_campaign(session, name="spring", subject="loans")
        called, _ = make_leads(session, campaign, 2)
        called.status, called.attempts = LeadStatus.CALLING, 1
    told = json.loads(
        run(
            *("set", "spring", "--concurrent", "3", "--start", "10:00"),
            *("--end", "02:00", "--subject", "none", "--max-per-24h", "0", "--json"),
        )
    )
    assert told["status"] == "scheduled"
    assert told["max_concurrent"] == 3
    row = kept("spring")
    assert (row.max_concurrent, row.subject, row.max_calls_per_24h) == (3, None, 0)
    assert (row.schedule_start_time, row.schedule_end_time) == (time(10), time(2))
    run("update", "spring", "--until", "2027-01-31")
    assert kept("spring").end_date == date(2027, 1, 31)
    run("set", "spring", "--until", "none")
    assert kept("spring").end_date is None
    with transaction() as session:
        states = [(lead.status, lead.attempts) for lead in leads_of(session, row)]
    assert states == [(LeadStatus.CALLING, 1), (LeadStatus.PENDING, 0)]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--start", "09:00", "--end", "09:00"], "are the same"),
        (["--start", "17:00"], "are the same"),  # as the end that it has
        (["--start", "25:00"], "'25:00' is no time of day"),
        (["--hours", "funday 9-17"], "'funday' is no day of the week"),
        (["--until", "2027-02-29"], "'2027-02-29' is no day of the calendar"),
        (["--from", "2027-02-02", "--until", "2027-02-01"], "is before start_date"),
        (["--until", "2026-01-01"], "end_date 2026-01-01 is before start_date"),
        (["--region", "Atlantis"], "'ATLANTIS' is no ISO 3166 region"),
        (["--timezone", "Mars/Olympus"], "is not an IANA time zone"),
        (["--concurrent", "0"], "greater than or equal to 1"),
        (["--concurrent", "none"], "max_concurrent"),
        (["--max-per-24h", "-1"], "greater than or equal to 0"),
        (["--concurrent", "99999999999"], "less than or equal to"),
        (["--attempts", "99999999999"], "less than or equal to"),
        (["--retry-delay", "99999999999"], "less than or equal to"),
        (["--ring-timeout", "99999999999"], "less than or equal to"),
        (["--max-per-24h", "99999999999"], "less than or equal to"),
        (["--max-per-day", "99999999999"], "less than or equal to"),
        (["--max-per-week", "99999999999"], "less than or equal to"),
        (["--max-lifetime", "99999999999"], "less than or equal to"),
        (["--max-minutes", "99999999999"], "less than or equal to"),
        (["--max-minutes-per-day", "99999999999"], "less than or equal to"),
        (["--max-spend", "123456789012"], "digits before the decimal point"),
        (["--cost-per-minute", "nan"], "finite number"),
        (["--from", "9999-12-31"], "start_date.*no year from 1900 to 2999"),
        (["--from", "0001-01-01"], "start_date.*no year from 1900 to 2999"),
        (["--until", "9999-12-31"], "end_date.*no year from 1900 to 2999"),
        (["--caller-id", "+12125550199"], "is none of ours"),
        ([], "nothing was given to change"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(
    options: list[str], sentence: str
) -> None:
    with transaction() as session:
        make_campaign(
            session,
            name="spring",
            schedule_end_time=time(17),
            start_date=date(2026, 11, 1),
        )
    with pytest.raises((CampanileError, ValidationError), match=f"(?s){sentence}"):
        run("set", "spring", *options)
    assert kept("spring").schedule_start_time == time(0)


def test_the_api_carries_the_extensions_under_the_same_names(api: TestClient) -> None:
    with transaction() as session:
        made = make_campaign(session, name="of the factory")
    body = {
        "name": "spring",
        "agent_id": str(made.agent_id),
        "weekly_hours": {"mon": ["9:00", "17:00"], "sunday": None},
        "start_date": "2026-12-01",
        "regions": ["us"],
        "consent_required": True,
        "max_calls_per_24h": 1,
    }
    campaign = api.post("/campaigns", json=body).json()["campaign"]
    assert campaign["weekly_hours"] == {"monday": ["09:00", "17:00"], "sunday": None}
    assert (campaign["regions"], campaign["consent_required"]) == (["US"], True)
    path = f"/campaigns/{campaign['id']}"
    changed = api.patch(path, json={"end_date": "2026-12-24", "max_minutes": 5})
    assert changed.json()["campaign"]["end_date"] == "2026-12-24"
    assert changed.json()["campaign"]["consent_required"] is True
    cleared = api.patch(path, json={"end_date": None, "weekly_hours": None})
    assert cleared.json()["campaign"]["end_date"] is None
    for bad in (
        {"end_date": "2026-11-30"},
        {"start_date": "2027-02-29"},
        {"weekly_hours": {"funday": None}},
        {"schedule_start_time": None},
        {"name": ""},
        {"regions": []},
        {"number_id": str(made.id)},
        {"max_calls_per_24h": 2**31},
        {"retry_delay_seconds": 99_999_999_999},
        {"start_date": "0001-01-01"},
        {"end_date": "9999-12-31"},
    ):
        answer = api.patch(path, json=bad)
        assert answer.status_code in (404, 422), bad
        assert answer.json()["message"], bad
    assert api.get(path).json()["campaign"]["name"] == "spring"


def test_a_campaign_that_was_made_before_there_were_bounds_can_be_read(
    api: TestClient,
) -> None:
    with transaction() as session:
        campaign = make_campaign(session, end_date=date(9999, 12, 31))
    told = api.get(f"/campaigns/{campaign.id}").json()
    assert told["campaign"]["end_date"] == "9999-12-31"
    assert len(api.get("/campaigns").json()["campaigns"]) == 1


@pytest.mark.parametrize("first", ["1900-01-01", "2999-12-31"])
def test_the_first_and_the_last_day_that_are_taken_can_be_checked(first: str) -> None:
    with transaction() as session:
        make_leads(session, make_campaign(session, name="spring"), 1)
    run("set", "spring", "--from", first)
    assert "1 leads wait" in run("check", "spring")


def test_a_campaign_calls_from_no_number_of_somebody_else() -> None:
    with transaction() as session:
        make_campaign(session, name="spring")
    with pytest.raises(NotFound):
        run("set", "spring", "--caller-id", "+442079460001")
    with pytest.raises(Invalid):
        run("set", "spring", "--caller-id", "nobody")
