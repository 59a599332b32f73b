"""`number show`: what was done with a number, by what right, and what may be done now."""

import json
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner

from campanile.calls.models import Attempt, LedgerDial
from campanile.calls.outcomes import Disposition
from campanile.calls.states import AttemptState
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import CampaignStatus
from campanile.cli.numbers import app
from campanile.clock import now
from campanile.db import transaction
from campanile.errors import Invalid
from campanile.leads.importing import import_rows
from campanile.leads.lists import Row
from campanile.leads.models import Lead
from campanile.leads.states import LeadStatus
from campanile.leads.suppression import suppress
from campanile.organizations.models import default_organization
from campanile.organizations.stops import StopScope, stop
from campanile.trunks.models import Trunk
from support.factories import leads_of, make_campaign

pytestmark = pytest.mark.usefixtures("database")

NUMBER = "+12085550101"  # Idaho: several zones
EVIDENCE = {
    "rules": "2026-11-22",
    "zones": ["America/Boise"],
    "jurisdictions": ["US-ID"],
    "local_times": {"America/Boise": "2026-11-20T10:15:00-07:00"},
    "binding": ["us.hours"],
}


@pytest.fixture
def a_weekday_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The legal clock shows Wednesday 2026-12-02 12:00 in Boise."""
    noon = datetime(2026, 12, 2, 19, tzinfo=UTC)
    offset = (noon - datetime.now(UTC)).total_seconds()
    monkeypatch.setenv("CAMPANILE_CLOCK_OFFSET", str(offset))


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def a_lead(session: Session, campaign_name: str, **values: Any) -> Lead:
    said = values.pop("said", {})
    campaign = make_campaign(session, name=campaign_name, **values)
    import_rows(session, campaign, [Row(2, NUMBER, {}, said)])
    return leads_of(session, campaign)[0]


def an_attempt(session: Session, lead: Lead, **values: Any) -> Attempt:
    trunk = session.exec(select(Trunk)).first()
    assert trunk is not None
    root_id = default_organization(session).root_id
    wanted: dict[str, Any] = {
        "id": uuid4(),
        "number": 1,
        "state": AttemptState.REPORTED,
        "dialed_at": now() - timedelta(days=2),
        "lease_until": now(),
        "decision": EVIDENCE,
        **values,
    }
    attempt = Attempt(
        organization_id=lead.organization_id,
        root_id=root_id,
        campaign_id=lead.campaign_id,
        lead_id=lead.id,
        trunk_id=trunk.id,
        phone_number=lead.phone_number,
        caller_id="+12125550100",
        **wanted,
    )
    session.add(attempt)
    session.flush()
    return attempt


def test_every_attempt_of_every_campaign_is_told_with_what_allowed_it() -> None:
    with transaction() as session:
        first = a_lead(session, "spring", said={"timezone": "America/Boise"})
        second = a_lead(session, "summer")
        an_attempt(session, first, disposition=Disposition.NO_ANSWER)
        opted = an_attempt(
            session,
            second,
            disposition=Disposition.OPTED_OUT,
            dialed_at=now() - timedelta(days=1),
        )
        an_attempt(
            session,
            second,
            state=AttemptState.VOID,
            dialed_at=None,
            decision=None,
            error="outside calling hours",
        )
        root_id = default_organization(session).root_id
        suppress(
            session,
            NUMBER,
            root_id=root_id,
            reason="asked on a call",
            source=f"call {opted.id}",
        )
        session.add(
            LedgerDial(
                attempt_id=uuid4(),
                root_id=root_id,
                phone_number=NUMBER,
                campaign_id=first.campaign_id,
                lead_id=first.id,
                dialed_at=now() - timedelta(days=9),
            )
        )
    told = json.loads(run("show", "+1 208-555-0101", "--json"))
    assert [a["campaign"] for a in told["attempts"]] == ["spring", "summer", "summer"]
    assert told["attempts"][0]["decision"] == EVIDENCE
    assert told["attempts"][2]["why_not"] == "outside calling hours"
    assert [a["attempt_id"] for a in told["opt_outs"]] == [str(opted.id)]
    assert told["suppressions"][0]["source"] == f"call {opted.id}"
    assert len(told["ledger_dials"]) == 1
    assert {"America/Boise", "America/Los_Angeles"} <= set(told["zones"])
    spring, summer = told["leads"]
    assert (spring["zones"], spring["place_source"]) == (["America/Boise"], "zone")
    assert summer["place_source"] == "number"
    assert {lead["rule"] for lead in told["leads"]} == {"number.suppressed"}
    for_people = run("show", NUMBER)
    for words in (
        "Fri 10:15 America/Boise; us.hours 2026-11-22",
        "not dialed: outside calling hours",
        "suppressed (organisation)",
        "opted out on the call of",
        "or only the dial ledger knows it",
        "as its zone says",
        "never to be rung: the number is on the suppression list",
    ):
        assert words in for_people, for_people


@pytest.mark.usefixtures("a_weekday_noon")
def test_the_decision_of_this_moment_is_told_per_campaign() -> None:
    said = {
        "timezone": "America/Boise",
        "consent_basis": "written",
        "consent_text": "Yes, ring me.",
        "consent_source": "form 7",
        "consent_at": "2026-05-01",
    }
    with transaction() as session:
        a_lead(session, "open", said=said, consent_required=True)
        a_lead(session, "without consent", consent_required=True)
        waits = a_lead(session, "waits", said={"timezone": "America/Boise"})
        waits.next_attempt_at = now() + timedelta(hours=1)
        capped = a_lead(session, "capped", said=said, max_calls_per_24h=1)
        an_attempt(session, capped, dialed_at=now() - timedelta(hours=1))
    told = json.loads(run("show", NUMBER, "--json"))
    rules = {lead["campaign"]: lead["rule"] for lead in told["leads"]}
    assert rules == {
        "open": "",
        "without consent": "consent.missing",
        "waits": "lead.gap",
        "capped": "cap.24h",
    }
    assert [lead["may_dial"] for lead in told["leads"]] == [True, False, False, False]
    assert told["leads"][0]["consent"]["text"] == "Yes, ring me."
    for_people = run("show", NUMBER)
    assert "consent: written at 2026-05-01" in for_people
    assert "may be rung now" in for_people
    assert "no consent is on record" in for_people


def standing() -> dict[str, Any]:
    (told,) = json.loads(run("show", NUMBER, "--json"))["leads"]
    assert isinstance(told, dict)
    return told


BOISE = {"timezone": "America/Boise"}
CLOSED = {"schedule_start_time": time(16), "schedule_end_time": time(18)}
"""Hours of New York; it is 14:00 there at noon in Boise."""


@pytest.mark.usefixtures("a_weekday_noon")
@pytest.mark.parametrize(
    ("lead_status", "campaign_status"),
    [
        (LeadStatus.SKIPPED, CampaignStatus.SCHEDULED),
        (LeadStatus.COMPLETED, CampaignStatus.PAUSED),
        (LeadStatus.FAILED, CampaignStatus.COMPLETED),
        (LeadStatus.PENDING, CampaignStatus.CANCELLED),
        (LeadStatus.PENDING, CampaignStatus.COMPLETED),
    ],
)
@pytest.mark.parametrize("hours", [{}, CLOSED])
def test_what_is_over_is_never_rung_and_no_instant_is_told(
    lead_status: LeadStatus, campaign_status: CampaignStatus, hours: dict[str, Any]
) -> None:
    with transaction() as session:
        lead = a_lead(session, "spring", said=BOISE, **hours)
        session.get_one(Campaign, lead.campaign_id).status = campaign_status
        lead.status, lead.reason = lead_status, "removed"
    told = standing()
    assert (told["may_dial"], told["for_good"], told["until"]) == (False, True, None)
    over = (
        f"the lead is {lead_status}: removed"
        if lead_status != LeadStatus.PENDING
        else f"the campaign is {campaign_status}"
    )
    assert f"never to be rung: {over}" in run("show", NUMBER)


@pytest.mark.usefixtures("a_weekday_noon")
@pytest.mark.parametrize("status", [CampaignStatus.DRAFT, CampaignStatus.PAUSED])
def test_a_campaign_that_does_not_run_hides_no_reason_of_the_law(
    status: CampaignStatus,
) -> None:
    with transaction() as session:
        lead = a_lead(session, "spring", said=BOISE, status=status, **CLOSED)
        campaign_id = lead.campaign_id
    told = standing()
    assert (told["may_dial"], told["for_good"]) == (False, False)
    assert told["held"] == f"the campaign is {status}"
    assert told["rule"] == "window.campaign"
    opens = datetime.fromisoformat(told["until"]) - now()
    assert abs(opens - timedelta(hours=2)) < timedelta(seconds=10)
    words = run("show", NUMBER)
    assert f"not to be rung now: the campaign is {status}; but for that until" in words
    assert "outside the campaign's own hours (window.campaign)" in words
    with transaction() as session:
        stop(session, StopScope.CAMPAIGN, campaign_id, reason="a complaint")
    assert standing()["held"] == (
        f"the campaign is {status} and a stop is in force: a complaint"
    )


@pytest.mark.usefixtures("a_weekday_noon")
def test_a_stop_and_a_pause_of_its_own_are_told_without_an_instant() -> None:
    with transaction() as session:
        lead = a_lead(session, "spring", said=BOISE)
        stop(session, StopScope.CAMPAIGN, lead.campaign_id, reason="a complaint")
        a_lead(
            session,
            "summer",
            said=BOISE,
            status=CampaignStatus.PAUSED,
            paused_reason="many failed",
        )
    spring, summer = json.loads(run("show", NUMBER, "--json"))["leads"]
    for told in (spring, summer):
        assert (told["may_dial"], told["for_good"]) == (False, False)
        assert (told["rule"], told["until"]) == ("", None)
    assert spring["held"] == "a stop is in force: a complaint"
    assert summer["held"] == "the campaign is paused: many failed"
    words = run("show", NUMBER)
    assert (
        "not to be rung now: a stop is in force: a complaint; but for that it might be"
        in words
    )


@pytest.mark.usefixtures("a_weekday_noon")
def test_what_is_forbidden_for_good_is_so_whatever_the_campaign_does() -> None:
    with transaction() as session:
        a_lead(session, "spring", consent_required=True, status=CampaignStatus.PAUSED)
    told = standing()
    assert (told["rule"], told["for_good"]) == ("consent.missing", True)
    assert "never to be rung: the campaign requires consent" in run("show", NUMBER)


@pytest.mark.usefixtures("a_weekday_noon")
def test_a_lead_that_is_being_called_is_not_told_to_be_lost() -> None:
    with transaction() as session:
        a_lead(session, "spring", said=BOISE).status = LeadStatus.CALLING
    told = standing()
    assert (told["held"], told["for_good"]) == ("a call to it is under way", False)


@pytest.mark.usefixtures("a_weekday_noon")
def test_the_instant_told_suits_the_next_try_and_the_hours_together() -> None:
    with transaction() as session:
        late = a_lead(session, "spring", said=BOISE, **CLOSED)
        late.next_attempt_at = now() + timedelta(hours=3)  # the window is open then
        early = a_lead(session, "summer", said=BOISE, **CLOSED)
        early.next_attempt_at = now() + timedelta(hours=1)
        after = a_lead(session, "autumn", said=BOISE, schedule_end_time=time(15))
        after.next_attempt_at = now() + timedelta(hours=2)  # it has closed then
    told = json.loads(run("show", NUMBER, "--json"))["leads"]
    waits = [datetime.fromisoformat(one["until"]) - now() for one in told]
    expected = [timedelta(hours=3), timedelta(hours=2), timedelta(hours=20)]
    for wait, hours in zip(waits, expected, strict=True):
        assert abs(wait - hours) < timedelta(seconds=10)
    rules = [one["rule"] for one in told]
    assert rules == ["window.campaign", "window.campaign", "lead.gap"]


def test_a_number_that_nobody_knows_is_told_so() -> None:
    told = run("show", "+442079460001")
    for words in ("never rung", "on no suppression list", "a lead of no campaign"):
        assert words in told
    with pytest.raises(Invalid):
        run("show", "nobody")
