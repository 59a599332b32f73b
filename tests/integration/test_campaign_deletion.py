"""A campaign that is deleted takes no call off the wire and no call out of the count."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session, select
from typer.testing import CliRunner

from campanile import clock
from campanile.api.app import create_app
from campanile.calls.lifecycle import advance, release, report
from campanile.calls.models import Attempt, LedgerDial
from campanile.calls.outcomes import Disposition
from campanile.calls.states import AttemptState
from campanile.campaigns.lifecycle import move
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import CampaignStatus
from campanile.cli.numbers import app as numbers
from campanile.db import transaction
from campanile.dialing.decision import Go, Stay
from campanile.dialing.ledger import Ledger
from campanile.dialing.reconcile import reconcile
from campanile.leads.models import Lead
from support.attempts import (
    claim_lead,
    dial,
    end,
    noon_in_new_york,
    rows_of,
    shift_legal_clock,
)
from support.factories import make_campaign, make_leads

pytestmark = pytest.mark.usefixtures("database", "noon")


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    shift_legal_clock(monkeypatch, noon_in_new_york())


@pytest.fixture
def api() -> Iterator[TestClient]:
    with TestClient(create_app(), base_url="http://127.0.0.1/api/v1") as client:
        yield client


def waiting_lead(name: str, **limits: Any) -> Lead:
    """Of a campaign of its own, always with the same number."""
    with transaction() as session:
        campaign = make_campaign(session, name=name, **limits)
        return make_leads(session, campaign, 1)[0]


def claimed(lead: Lead) -> UUID:
    with transaction() as session:
        return claim_lead(session, lead)


def pause(lead: Lead) -> None:
    with transaction() as session:
        campaign = session.get_one(Campaign, lead.campaign_id)
        move(session, campaign, CampaignStatus.PAUSED)


def reported(attempt_id: UUID) -> None:
    with transaction() as session:
        assert report(session, session.get_one(Attempt, attempt_id), {})


def rung(lead: Lead, ledger: Ledger, disposition: Disposition) -> UUID:
    """A call from its claim to its report."""
    attempt_id = claimed(lead)
    assert isinstance(dial(attempt_id, ledger), Go)
    end(attempt_id, disposition)
    reported(attempt_id)
    return attempt_id


def deletion(api: TestClient, lead: Lead) -> tuple[int, dict[str, Any]]:
    answer = api.delete(f"/campaigns/{lead.campaign_id}")
    return answer.status_code, answer.json()


def dials_of_deleted_campaigns(session: Session) -> list[LedgerDial]:
    return list(session.exec(select(LedgerDial)).all())


@pytest.mark.parametrize(
    "state", ["claimed", "dialing", "ringing", "answered", "ended"]
)
def test_a_campaign_with_a_call_that_is_not_reported_yet_stays(
    api: TestClient, ledger: Ledger, state: str
) -> None:
    lead = waiting_lead("spring")
    attempt_id = claimed(lead)
    if state != "claimed":
        assert isinstance(dial(attempt_id, ledger), Go)
    if state in ("ringing", "answered"):
        with transaction() as session:
            assert advance(session, attempt_id, AttemptState(state))
    if state == "ended":
        assert end(attempt_id, Disposition.NO_ANSWER)
    pause(lead)
    status, problem = deletion(api, lead)
    assert status == 409
    assert problem["message"] == "1 call of campaign 'spring' is still under way"
    assert "try again" in str(problem)
    assert rows_of(attempt_id)[0].state == state


def test_a_campaign_whose_calls_are_reported_or_void_can_go(
    api: TestClient, ledger: Ledger
) -> None:
    lead = waiting_lead("spring")
    reservation = claimed(lead)
    with transaction() as session:
        release(session, reservation, reason="late", again_at=clock.now())
    attempt_id = rung(lead, ledger, Disposition.NO_ANSWER)
    pause(lead)
    assert deletion(api, lead) == (200, {"success": True})
    with transaction() as session:
        (kept,) = dials_of_deleted_campaigns(session)
        assert session.get(Attempt, attempt_id) is None
    assert (kept.attempt_id, kept.phone_number) == (attempt_id, lead.phone_number)


def test_a_number_rests_until_no_leg_can_be_left_over(
    api: TestClient, ledger: Ledger
) -> None:
    """A lost call is reported before its quarantine is over, which a dial alone, without
    its attempt, does not tell."""
    lead = waiting_lead("spring")
    attempt_id = rung(lead, ledger, Disposition.UNKNOWN)
    with transaction() as session:
        attempt = session.get_one(Attempt, attempt_id)
        attempt.quarantine_until = clock.now() + timedelta(seconds=20)
    pause(lead)
    assert deletion(api, lead)[0] == 409
    with transaction() as session:
        attempt = session.get_one(Attempt, attempt_id)
        attempt.quarantine_until = clock.now()
    assert deletion(api, lead)[0] == 200


@pytest.mark.parametrize(
    ("limit", "rule"),
    [
        ({"max_calls_per_24h": 1}, "cap.24h"),
        ({"retry_delay_seconds": 3600}, "lead.gap"),
    ],
)
def test_its_dials_count_for_the_caps_and_gaps_of_other_campaigns(
    api: TestClient, ledger: Ledger, limit: dict[str, int], rule: str
) -> None:
    lead = waiting_lead("spring")
    other = waiting_lead("summer", **limit)
    attempt_id = rung(lead, ledger, Disposition.NO_ANSWER)
    with transaction() as session:  # the quarantine of a dial is over
        attempt = session.get_one(Attempt, attempt_id)
        attempt.dialed_at = clock.now() - timedelta(minutes=5)
    pause(lead)
    assert deletion(api, lead)[0] == 200
    second = claimed(other)
    assert isinstance(dial(second, ledger), Stay)
    assert (rows_of(second)[0].error or "").startswith(rule)


def test_the_ledger_counts_none_of_them_a_second_time(
    api: TestClient, ledger: Ledger
) -> None:
    lead = waiting_lead("spring")
    rung(lead, ledger, Disposition.COMPLETED)
    pause(lead)
    deletion(api, lead)
    reconcile(ledger)
    with transaction() as session:
        assert len(dials_of_deleted_campaigns(session)) == 1


def test_who_asks_what_was_done_with_the_number_is_told_of_them(
    api: TestClient, ledger: Ledger
) -> None:
    lead = waiting_lead("spring")
    rung(lead, ledger, Disposition.COMPLETED)
    pause(lead)
    deletion(api, lead)
    shown = CliRunner().invoke(numbers, ["show", lead.phone_number, "--json"])
    told = json.loads(shown.stdout)
    assert [dial["campaign_id"] for dial in told["ledger_dials"]] == [
        str(lead.campaign_id)
    ]
    for_people = CliRunner().invoke(numbers, ["show", lead.phone_number]).stdout
    assert "never rung" not in for_people


def test_a_reservation_that_is_being_made_is_waited_for(api: TestClient) -> None:
    """The tick that saw the campaign running commits after somebody asked to delete."""
    lead = waiting_lead("spring")
    pause(lead)
    asked = Event()

    def delete() -> tuple[int, dict[str, Any]]:
        asked.set()
        return deletion(api, lead)

    with ThreadPoolExecutor(1) as thread:
        with transaction() as session:
            claim_lead(session, lead)
            answer = thread.submit(delete)
            asked.wait()
            with pytest.raises(TimeoutError):
                answer.result(timeout=0.4)
        assert answer.result()[0] == 409
