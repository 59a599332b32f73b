"""What people see of trunks and breakers, and what they can do about them."""

import json
from uuid import UUID

import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner

from campanile.calls.outcomes import Disposition, EndReason, trunk_failure
from campanile.campaigns.lifecycle import pause_itself
from campanile.campaigns.models import Campaign
from campanile.capacity.learning import learn
from campanile.capacity.models import Breaker, BreakerKind, BreakerState
from campanile.cli import breakers as breaker_command
from campanile.cli import trunks as trunk_command
from campanile.cli.doctor import _breakers as look_at_breakers
from campanile.db import transaction
from campanile.errors import CampanileError, Unavailable
from campanile.organizations.events import Event
from campanile.organizations.stops import StopScope, stop
from campanile.results.progress import progress
from campanile.results.trunks import trunk_reports
from campanile.trunks import switch
from campanile.trunks.models import Trunk
from support.attempt_rows import end_attempt, make_attempt
from support.factories import make_campaign, make_leads

pytestmark = pytest.mark.usefixtures("database")

D = Disposition
run = CliRunner()


@pytest.fixture
def campaign() -> Campaign:
    with transaction() as session:
        made = make_campaign(session)
        make_leads(session, made, 20)
        return made


def trunk_id() -> UUID:
    with transaction() as session:
        return session.exec(select(Trunk.id)).one()


def call(
    campaign: Campaign, disposition: D, reason: str, code: int | None, **how: bool
) -> None:
    with transaction() as session:
        attempt = make_attempt(session, campaign, **how)  # type: ignore[arg-type]
        end_attempt(session, attempt, disposition, reason, sip_code=code)
        learn(session, attempt.id)


def fail_five_times(campaign: Campaign) -> None:
    for _ in range(5):
        call(campaign, D.CONGESTION, trunk_failure(503), 503)


def hindrances(campaign: Campaign) -> list[str]:
    with transaction() as session:
        found = session.get_one(Campaign, campaign.id)
        return progress(session, found).hindrances


def test_the_report_tells_answers_failures_and_the_latest_codes(
    campaign: Campaign,
) -> None:
    call(campaign, D.COMPLETED, EndReason.CUSTOMER_HANGUP, 200, answered=True)
    call(campaign, D.NO_ANSWER, EndReason.RING_TIMEOUT, 487, rang=True)
    call(campaign, D.TRUNK_FAILED, trunk_failure(500), 500)
    call(campaign, D.BUSY, trunk_failure(486), 486)
    with transaction() as session:
        (report,) = trunk_reports(session)
    assert (report.calls, report.answered, report.failed) == (4, 1, 1)
    assert (report.answer_rate, report.failure_share) == (0.25, 0.25)
    assert report.codes == [486, 500, 487, 200]
    assert report.state == "well"


def test_a_trunk_is_taken_out_of_service_once_and_put_back(campaign: Campaign) -> None:
    with transaction() as session:
        line = session.exec(select(Trunk)).one()
        assert switch.disable(session, line.id)
        assert not switch.disable(session, line.id)
    with transaction() as session:
        (report,) = trunk_reports(session)
        assert report.state == "disabled"
    assert hindrances(campaign) == ["trunk t is disabled"]
    with transaction() as session:
        assert switch.enable(session, line.id)
        kinds = session.exec(select(Event.kind).order_by(Event.created_at)).all()  # type: ignore[arg-type]
        assert kinds == ["trunk.disabled", "trunk.enabled"]
    assert hindrances(campaign) == []


def test_status_and_doctor_say_what_rests_why_and_until_when(
    campaign: Campaign,
) -> None:
    assert look_at_breakers() == "nothing rests after failures"
    fail_five_times(campaign)
    (sentence,) = hindrances(campaign)
    assert sentence.startswith(
        "trunk t rests: 5 failures in a row, the last: it answered 503; next try at "
    )
    with pytest.raises(Unavailable, match="trunk t rests"):
        look_at_breakers()


def test_status_says_what_stops_or_paused_a_campaign(campaign: Campaign) -> None:
    with transaction() as session:
        assert pause_itself(session, campaign.id, "18 of the last 20 calls …")
        assert not pause_itself(session, campaign.id, "again")
        stop(session, StopScope.CAMPAIGN, campaign.id, reason="wrong script")
    assert hindrances(campaign) == [
        "it paused itself: 18 of the last 20 calls …",
        "calls of campaign are stopped: wrong script",
    ]


def test_the_commands_show_and_reset(campaign: Campaign) -> None:
    fail_five_times(campaign)
    shown = run.invoke(breaker_command.app, ["list", "--json"])
    (row,) = json.loads(shown.stdout)
    assert (row["kind"], row["name"], row["state"]) == ("trunk", "t", "open")
    (report,) = json.loads(run.invoke(trunk_command.app, ["list", "--json"]).stdout)
    assert (report["failed"], report["codes"]) == (5, [503] * 5)
    assert "503 503" in run.invoke(trunk_command.app, ["list"]).stdout
    assert run.invoke(breaker_command.app, ["reset", "trunk", "t"]).exit_code == 0
    with transaction() as session:
        assert _state(session) == BreakerState.CLOSED
    again = run.invoke(breaker_command.app, ["reset", "trunk", "t"])
    assert isinstance(again.exception, CampanileError)
    assert "Everything is well." in run.invoke(breaker_command.app, ["list"]).stdout


def test_the_commands_disable_and_enable(campaign: Campaign) -> None:
    assert run.invoke(trunk_command.app, ["disable", "t"]).exit_code == 0
    twice = run.invoke(trunk_command.app, ["disable", "t"])
    assert isinstance(twice.exception, CampanileError)
    assert run.invoke(trunk_command.app, ["enable", str(trunk_id())]).exit_code == 0


def _state(session: Session) -> BreakerState:
    line = session.exec(select(Trunk)).one()
    return session.get_one(Breaker, (BreakerKind.TRUNK, str(line.id))).state
