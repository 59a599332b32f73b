"""`campaign check`: who, when, until when, with which words, and what is in the way."""

import json
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner

from campanile.calls.models import Attempt
from campanile.calls.outcomes import Disposition
from campanile.calls.states import AttemptState
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import CampaignStatus
from campanile.cli.campaigns import app
from campanile.clock import legal_now, now
from campanile.db import transaction
from campanile.leads.importing import import_rows
from campanile.leads.lists import Row
from campanile.leads.models import Lead
from campanile.leads.suppression import Scope, suppress_many
from campanile.numbers.models import PhoneNumber
from campanile.organizations.models import default_organization
from campanile.organizations.stops import StopScope, stop
from campanile.results.check import check
from campanile.results.forecast import Forecast, forecast
from campanile.trunks.models import Trunk
from support.factories import leads_of, make_campaign, make_leads, make_worker

pytestmark = pytest.mark.usefixtures("database", "a_weekday_noon")

PROMPT = "You call {{name}} about {{topic}}."


@pytest.fixture
def a_weekday_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The legal clock shows Wednesday 2026-12-02 12:00 in New York."""
    noon = datetime(2026, 12, 2, 17, tzinfo=UTC)
    offset = (noon - datetime.now(UTC)).total_seconds()
    monkeypatch.setenv("CAMPANILE_CLOCK_OFFSET", str(offset))


def counts(found: Forecast) -> dict[str, int]:
    return {reason.rule: reason.leads for reason in found.reasons}


def a_campaign(session: Session, **values: Any) -> Campaign:
    wanted = {"name": "recall", "status": CampaignStatus.DRAFT, **values}
    return make_campaign(session, **wanted)


def dialed(session: Session, lead: Lead, *, ago: timedelta, **values: Any) -> Attempt:
    """An attempt that was dialed and is over."""
    at = now() - ago
    wanted: dict[str, Any] = {
        "number": 1,
        "disposition": Disposition.NO_ANSWER,
        "ended_at": at + timedelta(seconds=30),
        "id": uuid4(),
        **values,
    }
    trunk = session.exec(select(Trunk)).first()
    assert trunk is not None
    attempt = Attempt(
        organization_id=lead.organization_id,
        root_id=default_organization(session).root_id,
        campaign_id=lead.campaign_id,
        lead_id=lead.id,
        trunk_id=trunk.id,
        phone_number=lead.phone_number,
        caller_id="+12125550100",
        state=AttemptState.REPORTED,
        charged=True,
        dialed_at=at,
        lease_until=at,
        **wanted,
    )
    session.add(attempt)
    session.flush()
    return attempt


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_every_lead_is_counted_once_with_its_own_reason() -> None:
    with transaction() as session:
        campaign = a_campaign(
            session, consent_required=True, regions=["US"], max_calls_per_24h=1
        )
        given = {"consent_basis": "written"}
        later, earlier = "2026-12-09", "2026-12-01"
        report = import_rows(
            session,
            campaign,
            [
                Row(2, "+12125550101", {}, given),
                Row(3, "+12125550102", {}),
                Row(4, "+12125550103", {}, {**given, "not_before": later}),
                Row(5, "+12125550104", {}, {**given, "not_after": earlier}),
                Row(6, "+12125550105", {}, given),  # suppressed
                Row(7, "+442079460001", {}, given),  # not of the region
                Row(8, "+18005550106", {}, given),  # toll-free
                Row(9, "+12125550107", {}, given),  # dialed an hour ago
                Row(10, "+12125550108", {}, given),  # waits for its next try
                Row(11, "+12125550109", {}, given),  # its attempts are used
                Row(12, "+19005550110", {}, given),  # premium rate
            ],
        )
        assert report.added == 11, report
        leads = {lead.phone_number: lead for lead in leads_of(session, campaign)}
        root = default_organization(session).root_id
        suppress_many(session, ["+12125550105"], Scope(root))
        dialed(session, leads["+12125550107"], ago=timedelta(hours=1))
        leads["+12125550108"].next_attempt_at = now() + timedelta(hours=2)
        leads["+12125550109"].attempts = 3
        session.flush()
        found = forecast(session, campaign)
    assert counts(found) == {
        "consent.missing": 1,
        "lead.not_before": 1,
        "lead.not_after": 1,
        "number.suppressed": 1,
        "region.not_allowed": 1,
        "zone.unknown": 1,
        "cap.24h": 1,
        "lead.gap": 1,
        "attempts.used": 1,
        "number.kind": 1,
    }
    assert (found.waiting, found.open_now, found.later, found.never) == (11, 1, 3, 7)


def test_a_cap_of_zero_lets_nobody_be_rung() -> None:
    with transaction() as session:
        campaign = a_campaign(session, max_calls_lifetime=0)
        make_leads(session, campaign, 3)
        found = forecast(session, campaign)
    assert (found.open_now, found.never) == (0, 3)


def test_the_first_instant_of_each_place_is_told_by_its_own_clock() -> None:
    with transaction() as session:
        campaign = a_campaign(
            session,
            schedule_start_time=time(14),
            schedule_end_time=time(18),
            timezone="America/New_York",
        )
        import_rows(
            session,
            campaign,
            [Row(2, "+12125550101", {}), Row(3, "+442079460001", {})],
        )
    told = run("check", "recall")
    assert "2 leads wait: 0 may be rung now" in told
    assert "America/New_York" in told
    assert "Wed 02 Dec 14:00" in told  # two hours from now
    assert "Europe/London" in told
    assert "Wed 02 Dec 19:00" in told  # the same instant
    assert "Nothing was started." in told


def test_the_end_and_the_bottleneck_follow_from_the_limits() -> None:
    with transaction() as session:
        campaign = a_campaign(session, max_concurrent=1, retry_delay_seconds=60)
        make_leads(session, campaign, 200)
        make_worker(session)
        slow = check(session, campaign).plan
        campaign.max_concurrent = 50
        faster = check(session, campaign).plan
    assert slow.end is not None
    assert faster.end is not None
    assert slow.bottleneck == "campaign max_concurrent"
    # Assumed: 45 s a call, three in ten settled, three attempts: 200 × 2.19 calls.
    assert slow.attempts == pytest.approx(438, abs=3)
    needed = (slow.end - now()).total_seconds()
    assert needed == pytest.approx(438 * 45, rel=0.1)
    assert faster.end < slow.end


def test_the_campaigns_own_calls_tell_how_long_one_takes() -> None:
    with transaction() as session:
        campaign = a_campaign(session)
        leads = make_leads(session, campaign, 60)
        for n, lead in enumerate(leads[:40]):
            ago = timedelta(hours=3)
            ended = now() - ago + timedelta(seconds=60)
            values: dict[str, Any] = {"ended_at": ended}
            if n % 2:
                values["disposition"] = Disposition.COMPLETED
                values["answered_at"] = now() - ago + timedelta(seconds=20)
            dialed(session, lead, ago=ago, **values)
        usual = check(session, campaign).plan.usual
    assert usual.attempts == 40
    assert (usual.answer_rate, usual.settled) == (0.5, 0.5)
    assert usual.seconds_per_attempt == pytest.approx(60, abs=0.1)
    assert usual.talk_seconds == pytest.approx(40, abs=0.1)


@pytest.mark.parametrize(
    ("values", "bottleneck"),
    [
        ({"max_minutes_per_day": 40}, "budget"),
        ({"schedule_start_time": time(9), "schedule_end_time": time(13)}, "hours"),
        ({"retry_delay_seconds": 36000, "max_concurrent": 500}, "retry delay"),
    ],
)
def test_the_bottleneck_is_what_would_help_most(
    values: dict[str, Any], bottleneck: str
) -> None:
    with transaction() as session:
        campaign = a_campaign(session, **values)
        make_leads(session, campaign, 900)
        make_worker(session, slots=500)
        found = check(session, campaign).plan
    assert bottleneck in found.bottleneck


def test_three_leads_show_the_words_and_what_is_missing_in_them() -> None:
    with transaction() as session:
        campaign = a_campaign(
            session,
            agent={"first_message": "Hello {{name}}, it is {{day}}."},
            system_message_template=PROMPT,
        )
        rows = [
            Row(n, f"+1212555{n:04}", {"name": f"L{n}", "topic": "teeth", "day": ""})
            for n in range(101, 110)
        ]
        import_rows(session, campaign, rows)
        samples = check(session, campaign).samples
    assert [s.phone_number for s in samples] == [
        "+12125550101",
        "+12125550106",
        "+12125550109",
    ]
    assert samples[0].prompt == "You call L101 about teeth."
    assert samples[0].first_message == "Hello L101, it is ."
    assert samples[0].unresolved == ["day"]
    told = run("check", "recall")
    assert "You call L109 about teeth." in told
    assert "left empty: day" in told


def test_what_is_in_the_way_is_said_in_sentences() -> None:
    with transaction() as session:
        campaign = a_campaign(
            session,
            agent={"first_message": "Hello."},
            max_spend=5,
            end_date=datetime(2026, 11, 1, tzinfo=UTC).date(),
        )
        make_leads(session, campaign, 1)
        stop(session, StopScope.CAMPAIGN, campaign.id, reason="a complaint")
        trunk = session.exec(select(Trunk)).one()
        trunk.is_active = False
        session.flush()
        found = "\n".join(check(session, campaign).obstacles)
    for sentence in (
        "last day was 2026-11-01",
        "no cost per minute",
        "a complaint",
        "is disabled",
        "OPENAI_API_KEY is not set",
        "no worker takes calls now",
    ):
        assert sentence in found, found
    assert "In the way:" in run("check", "recall")


def test_a_campaign_without_a_number_to_call_from_can_be_checked() -> None:
    with transaction() as session:
        campaign = a_campaign(session)
        make_leads(session, campaign, 1)
        for number in session.exec(select(PhoneNumber)):
            number.is_active = False
        session.flush()
        found = check(session, campaign)
    assert any("no number to call from" in sentence for sentence in found.obstacles)
    assert found.plan.end is not None


def test_a_dry_run_says_the_same_and_changes_nothing() -> None:
    with transaction() as session:
        campaign = a_campaign(session)
        make_leads(session, campaign, 2)
    told = json.loads(run("start", "recall", "--dry-run", "--json"))
    assert told["forecast"]["waiting"] == 2
    assert told["plan"]["bottleneck"]
    assert len(told["samples"]) == 2
    checked = json.loads(run("check", "recall", "--json"))
    assert checked["forecast"]["open_now"] == told["forecast"]["open_now"] == 2
    with transaction() as session:
        row = session.get_one(Campaign, campaign.id)
        assert row.status == CampaignStatus.DRAFT
        assert {lead.status for lead in leads_of(session, row)} == {"pending"}
    assert legal_now() > now()  # the legal clock of the fixture was in use
