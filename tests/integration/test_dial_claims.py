"""Between the claim and the INVITE: one winner, the law at that moment, a full record."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from campanile import clock
from campanile.calls.models import Attempt, LedgerDial
from campanile.calls.outcomes import Disposition
from campanile.calls.states import AttemptState
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import CampaignStatus
from campanile.capacity.send_times import (
    AHEAD_SECONDS,
    NEAR_SECONDS,
    UNSURE_SECONDS,
    NotNear,
    seconds_until_near,
)
from campanile.config import settings
from campanile.db import transaction
from campanile.dialing.clock_guard import ClockGuard
from campanile.dialing.decision import Go, Stay, claim_dial, still_allowed
from campanile.dialing.ledger import Ledger
from campanile.leads.models import Lead, Suppression
from campanile.leads.states import LeadStatus
from campanile.organizations.models import Organization
from campanile.organizations.stops import StopScope, stop
from campanile.trunks.models import Trunk
from support.attempts import (
    claim_lead,
    dial,
    end,
    noon_in_new_york,
    rows_of,
    shift_legal_clock,
)
from support.factories import LEASE, make_campaign, make_leads

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def attempt_id(monkeypatch: pytest.MonkeyPatch) -> UUID:
    """A claimed attempt, at noon in New York."""
    shift_legal_clock(monkeypatch, noon_in_new_york())
    with transaction() as session:
        (lead,) = make_leads(session, make_campaign(session, retry_delay_seconds=60), 1)
        return claim_lead(session, lead)


def again(attempt_id: UUID) -> UUID:
    """The same lead's next attempt, whatever its `next_attempt_at` says."""
    _, lead = rows_of(attempt_id)
    with transaction() as session:
        return claim_lead(session, lead)


def change(table: type[Any], **values: object) -> None:
    with transaction() as session:
        session.execute(sa.update(table).values(**values))


def test_of_many_workers_with_the_same_message_one_dials(
    attempt_id: UUID, ledger: Ledger, ledger_path: Path
) -> None:
    with ThreadPoolExecutor(8) as pool:
        decisions = list(
            pool.map(lambda n: dial(attempt_id, ledger, f"w{n}"), range(16))
        )
    assert sum(isinstance(d, Go) for d in decisions) == 1
    attempt, lead = rows_of(attempt_id)
    assert (attempt.state, attempt.charged, lead.attempts) == ("dialing", True, 1)
    lines = ledger_path.read_text().splitlines()
    assert [json.loads(line).get("attempt") for line in lines] == [
        None,  # the ledger's name
        str(attempt_id),
    ]


def test_a_reservation_that_ran_out_is_not_dialed_though_no_sweep_came_yet(
    attempt_id: UUID, ledger: Ledger
) -> None:
    change(Attempt, lease_until=clock.now() - timedelta(seconds=1))
    assert isinstance(dial(attempt_id, ledger), Stay)
    attempt, lead = rows_of(attempt_id)
    assert (attempt.state, lead.attempts) == ("claimed", 0)


def test_of_many_claims_to_one_number_through_two_campaigns_one_dials(
    attempt_id: UUID, ledger: Ledger
) -> None:
    """The unique index on live attempts is set aside: the number's own lock and its
    caps must do, as they do when one call has just ended."""
    change(Organization, max_calls_per_day=1)
    with transaction() as session:
        session.execute(sa.text("DROP INDEX uq_attempt_live_number"))
        (other,) = make_leads(session, make_campaign(session, name="other"), 1)
        rivals = [claim_lead(session, other) for _ in range(7)]
    with ThreadPoolExecutor(8) as pool:
        decisions = list(pool.map(lambda a: dial(a, ledger), [attempt_id, *rivals]))
    assert sum(isinstance(d, Go) for d in decisions) == 1


def test_a_dial_keeps_why_it_was_lawful_and_what_it_was_about(
    attempt_id: UUID, ledger: Ledger
) -> None:
    change(Campaign, subject="renewal")
    dial(attempt_id, ledger)
    attempt, _ = rows_of(attempt_id)
    assert attempt.subject == "renewal"
    assert attempt.decision is not None
    assert attempt.decision["zones"] == ["America/New_York"]
    assert "rules" in attempt.decision
    assert attempt.reserved_seconds is not None


def test_a_number_suppressed_after_the_claim_is_not_rung(
    attempt_id: UUID, ledger: Ledger, ledger_path: Path
) -> None:
    attempt, _ = rows_of(attempt_id)
    with transaction() as session:
        session.add(
            Suppression(root_id=attempt.root_id, phone_number=attempt.phone_number)
        )
    reason = "the number is on the suppression list"
    assert dial(attempt_id, ledger) == Stay(reason)
    attempt, lead = rows_of(attempt_id)
    assert (attempt.state, lead.status, lead.attempts) == ("void", "skipped", 0)
    assert (lead.reason, attempt.error) == (reason, f"number.suppressed — {reason}")
    assert '"attempt"' not in ledger_path.read_text()


def test_a_campaign_paused_after_the_claim_keeps_its_lead(
    attempt_id: UUID, ledger: Ledger
) -> None:
    change(Campaign, status=CampaignStatus.PAUSED)
    assert isinstance(dial(attempt_id, ledger), Stay)
    attempt, lead = rows_of(attempt_id)
    assert (attempt.state, lead.status) == ("void", "pending")
    assert lead.next_attempt_at > clock.now()


def test_the_hour_that_closed_after_the_claim_moves_the_lead_to_the_next_opening(
    attempt_id: UUID, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    shift_legal_clock(monkeypatch, settings().clock_offset + 10 * 3600)  # ten at night
    assert isinstance(dial(attempt_id, ledger), Stay)
    _, lead = rows_of(attempt_id)
    legal = lead.next_attempt_at + clock.clock_offset()
    opens = legal.astimezone(ZoneInfo("America/New_York"))
    assert (opens.hour, opens.minute) == (8, 0)


@pytest.mark.parametrize(
    ("table", "facts", "rule"),
    [
        (Campaign, {"consent_required": True}, "consent.missing"),
        (Campaign, {"regions": ["GB"]}, "region.not_allowed"),
        (Campaign, {"max_calls_per_day": 0}, "cap."),
        (Organization, {"max_calls_lifetime": 0}, "cap."),
        (Lead, {"attempts": 3}, "attempts.used"),
        (Trunk, {"is_active": False}, "stop"),
    ],
)
def test_every_fact_is_asked_for_in_the_claim(
    attempt_id: UUID,
    ledger: Ledger,
    table: type[Any],
    facts: dict[str, object],
    rule: str,
) -> None:
    change(table, **facts)
    assert isinstance(dial(attempt_id, ledger), Stay)
    attempt, lead = rows_of(attempt_id)
    assert attempt.error is not None
    assert attempt.error.startswith(rule)
    assert (lead.status, lead.attempts) != (LeadStatus.CALLING, 1)


def test_a_stop_is_obeyed_before_and_after_the_claim(
    attempt_id: UUID, ledger: Ledger
) -> None:
    assert isinstance(dial(attempt_id, ledger), Go)
    with transaction() as session:
        assert still_allowed(session, attempt_id) is None
    with transaction() as session:
        stop(session, StopScope.EVERYTHING, reason="wrong list")
    with transaction() as session:
        assert still_allowed(session, attempt_id) == "everything is stopped: wrong list"
    end(attempt_id, Disposition.BUSY)
    assert dial(again(attempt_id), ledger) == Stay("everything is stopped: wrong list")


def test_a_dial_given_up_while_its_process_stood_still_is_not_sent(
    attempt_id: UUID, ledger: Ledger
) -> None:
    dial(attempt_id, ledger)
    change(Attempt, lease_until=clock.now())
    with transaction() as session:
        assert still_allowed(session, attempt_id) == "its lease has run out"
    end(attempt_id, Disposition.UNKNOWN)
    with transaction() as session:
        assert still_allowed(session, attempt_id) == "the attempt is over"


def test_a_lead_that_is_due_by_mistake_is_left_alone_inside_its_gap(
    attempt_id: UUID, ledger: Ledger
) -> None:
    dial(attempt_id, ledger)
    end(attempt_id, Disposition.NO_ANSWER)
    second = again(attempt_id)
    assert dial(second, ledger) == Stay("its last call was too short a time ago")
    attempt, lead = rows_of(second)
    assert (attempt.state, lead.status) == ("void", "pending")
    ended, _ = rows_of(attempt_id)
    assert ended.ended_at is not None
    assert lead.next_attempt_at == ended.ended_at + timedelta(seconds=60)
    a_minute_ago = clock.now() - timedelta(seconds=60)
    change(Attempt, ended_at=a_minute_ago, dialed_at=a_minute_ago)
    assert isinstance(dial(again(attempt_id), ledger), Go)


def test_an_answered_call_that_was_lost_is_never_repeated_by_itself(
    attempt_id: UUID, ledger: Ledger
) -> None:
    dial(attempt_id, ledger)
    end(attempt_id, Disposition.UNKNOWN, answered_at=clock.now())
    long_ago = clock.now() - timedelta(days=30)
    change(Attempt, ended_at=long_ago, dialed_at=long_ago, quarantine_until=None)
    second = again(attempt_id)
    assert isinstance(dial(second, ledger), Stay)
    attempt, lead = rows_of(second)
    assert (attempt.state, lead.status) == ("void", LeadStatus.FAILED)
    assert "follow up by hand" in lead.reason


def test_a_refusal_that_names_a_past_instant_does_not_spin(
    attempt_id: UUID, ledger: Ledger
) -> None:
    dial(attempt_id, ledger)
    end(attempt_id, Disposition.NO_ANSWER)
    almost = clock.now() - timedelta(seconds=59.5)
    change(Attempt, ended_at=almost)
    second = again(attempt_id)
    assert isinstance(dial(second, ledger), Stay)
    assert rows_of(second)[1].next_attempt_at > clock.now() + timedelta(seconds=3)


def test_a_dial_that_only_the_ledger_knows_counts_for_the_caps(
    attempt_id: UUID, ledger: Ledger
) -> None:
    attempt, lead = rows_of(attempt_id)
    change(Campaign, max_calls_per_24h=1)
    with transaction() as session:
        session.add(
            LedgerDial(
                attempt_id=UUID(int=1),
                root_id=attempt.root_id,
                phone_number=attempt.phone_number,
                campaign_id=attempt.campaign_id,
                lead_id=lead.id,
                dialed_at=clock.now() - timedelta(hours=2),
            )
        )
    assert isinstance(dial(attempt_id, ledger), Stay)
    error = rows_of(attempt_id)[0].error
    assert error is not None
    assert error.startswith("cap.24h")


def test_a_rolling_day_is_counted_from_the_invite_which_left_after_its_claim(
    attempt_id: UUID, ledger: Ledger
) -> None:
    change(Campaign, max_calls_per_24h=1)
    dial(attempt_id, ledger)
    end(attempt_id, Disposition.NO_ANSWER)
    almost = clock.now() - timedelta(days=1, seconds=0.2)
    change(Attempt, dialed_at=almost, ended_at=almost)
    second = again(attempt_id)
    assert isinstance(dial(second, ledger), Stay)
    assert (rows_of(second)[0].error or "").startswith("cap.24h")


@pytest.mark.parametrize("which", ["set", "future"])
def test_nobody_is_dialed_by_a_clock_in_doubt(
    attempt_id: UUID, ledger: Ledger, which: str
) -> None:
    wall = time.time()
    if which == "future":
        ledger.answered(attempt_id, t=wall + 86400)
        guard = ClockGuard(wall=wall, monotonic=time.monotonic())
    else:
        guard = ClockGuard(wall=wall - 60, monotonic=time.monotonic())
    decision = claim_dial(
        attempt_id, worker_id="w", lease=LEASE, ledger=ledger, clock=guard
    )
    assert isinstance(decision, Stay)
    attempt, lead = rows_of(attempt_id)
    assert (attempt.state, lead.status) == ("void", "pending")
    assert attempt.error is not None
    assert attempt.error.startswith("clock — ")
    assert lead.next_attempt_at > clock.now() + timedelta(seconds=20)


def test_a_budget_is_asked_for_as_long_as_the_call_will_be_held_to(
    attempt_id: UUID, ledger: Ledger
) -> None:
    """By the agent that was read before it was changed to shorter calls."""
    change(Campaign, max_minutes=10)
    decision = claim_dial(
        attempt_id, worker_id="w", lease=LEASE, ledger=ledger, planned_seconds=3600
    )
    assert isinstance(decision, Stay)
    assert "minutes" in decision.reason


def test_on_an_idle_trunk_the_instant_is_near(attempt_id: UUID, ledger: Ledger) -> None:
    decision = dial(attempt_id, ledger)
    assert isinstance(decision, Go)
    assert decision.seconds <= AHEAD_SECONDS + UNSURE_SECONDS
    assert rows_of(attempt_id)[0].state == AttemptState.DIALING


def test_nothing_happens_to_a_claim_whose_instant_is_not_near(
    attempt_id: UUID, ledger: Ledger, ledger_path: Path
) -> None:
    in_a_second = clock.now() + timedelta(seconds=1)
    change(Trunk, next_send_at=in_a_second)
    with transaction() as session:
        away = seconds_until_near(session, rows_of(attempt_id)[0].trunk_id)
    assert 0.5 < away <= 1 - NEAR_SECONDS
    near = partial(dial, attempt_id, ledger, within=NEAR_SECONDS)
    with pytest.raises(NotNear):
        near()
    attempt, lead = rows_of(attempt_id)
    assert (attempt.state, attempt.charged, lead.attempts) == ("claimed", False, 0)
    assert len(ledger_path.read_text().splitlines()) == 1
    with transaction() as session:
        assert session.get_one(Trunk, attempt.trunk_id).next_send_at == in_a_second
    change(Trunk, next_send_at=clock.now() + timedelta(seconds=NEAR_SECONDS))
    decision = near()
    assert isinstance(decision, Go)
    assert decision.seconds <= NEAR_SECONDS + UNSURE_SECONDS
