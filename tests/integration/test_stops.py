"""Stop means stop: for whom rings within seconds, for whom talks when it is said so."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from campanile.campaigns.models import Campaign
from campanile.campaigns.states import CampaignStatus
from campanile.db import transaction
from campanile.leads.suppression import suppress
from campanile.organizations.stops import StopScope, lift, stop
from campanile.trunks.models import Trunk
from support.call_worker import (
    PICKS_UP,
    RINGS_FOR_EVER,
    TOO_LONG_TO_WAIT,
    CallWorker,
    Surroundings,
    call_worker,
    lead_of,
    row,
)

pytestmark = pytest.mark.timeout(400)

CANCELLED_WITHIN = 5.0
CLOSED_WITHIN = 12.0


@pytest.fixture
def worker(
    database: str, redis_url: str, data_dir: Path, surroundings: Surroundings
) -> Iterator[CallWorker]:
    with call_worker(
        data_dir, surroundings, database_url=database, redis_url=redis_url
    ) as rig:
        rig.start()
        yield rig


def test_a_stop_cancels_what_rings_and_lets_conversations_go_on(
    worker: CallWorker,
) -> None:
    talks, rings = worker.ring(PICKS_UP[0]), worker.ring(RINGS_FOR_EVER[0])
    worker.wait_for("answer", talks)
    worker.wait_for("ringing", rings)
    stopped_at = time.time()
    with transaction() as session:
        stop(session, StopScope.EVERYTHING, reason="enough")
    cancel = worker.wait_for("cancel", rings)
    assert cancel["t"] - stopped_at < CANCELLED_WITHIN

    ended = worker.wait_for_state(rings, "ended")
    assert (ended.disposition, ended.end_reason) == ("no_answer", "stopped")
    lead = lead_of(rings)
    assert (lead.status, lead.attempts) == ("pending", 1)  # its phone has rung
    assert row(talks).state == "answered"
    assert worker.legs("bye", talks) == []


def test_a_stop_that_hangs_up_closes_conversations_with_a_sentence(
    worker: CallWorker,
) -> None:
    talks = worker.ring(PICKS_UP[0])
    worker.wait_for("answer", talks)
    time.sleep(3)  # let the greeting be said
    stopped_at = time.time()
    with transaction() as session:
        stop(session, StopScope.CAMPAIGN, worker.campaign_id, hang_up=True)
    bye = worker.wait_for("bye", talks)
    assert bye["t"] - stopped_at < CLOSED_WITHIN
    ended = worker.wait_for_state(talks, "ended")
    assert ended.end_reason == "stopped"
    assert ended.messages[-1]["text"].startswith("I have to go now")


def test_while_stopped_nobody_new_is_rung_not_even_after_a_restart(
    worker: CallWorker,
) -> None:
    with transaction() as session:
        stop(session, StopScope.EVERYTHING)
    first = worker.ring(RINGS_FOR_EVER[0])
    assert "stop" in (worker.wait_for_state(first, "void").error or "")
    worker.end()
    worker.wait()
    worker.start()
    second = worker.ring(RINGS_FOR_EVER[1])
    worker.wait_for_state(second, "void")
    assert worker.legs("invite") == []
    with transaction() as session:
        lift(session, StopScope.EVERYTHING)
    worker.wait_for("invite", worker.ring(RINGS_FOR_EVER[2]))


def test_an_invite_that_waits_for_its_instant_is_taken_back_by_a_stop(
    worker: CallWorker,
) -> None:
    worker.put_off(TOO_LONG_TO_WAIT)
    waits = worker.ring(RINGS_FOR_EVER[0])
    worker.wait_for_state(waits, "dialing")
    with transaction() as session:
        stop(session, StopScope.EVERYTHING)
    withdrawn = worker.wait_for_state(waits, "void")
    assert worker.legs("invite", waits) == []
    assert not withdrawn.charged
    lead = lead_of(waits)
    assert (lead.status, lead.attempts) == ("pending", 0)


def test_a_claim_that_waits_for_its_instant_is_not_decided_before(
    worker: CallWorker,
) -> None:
    worker.put_off(5.0)
    waits = worker.ring(RINGS_FOR_EVER[0])
    time.sleep(3.5)
    assert row(waits).state == "claimed"
    with transaction() as session:
        stop(session, StopScope.EVERYTHING, reason="wrong list")
    refused = worker.wait_for_state(waits, "void")
    assert "wrong list" in (refused.error or "")
    assert worker.legs("invite", waits) == []


def test_a_number_suppressed_while_it_rings_falls_silent_and_an_answered_one_goes_on(
    worker: CallWorker,
) -> None:
    talks, rings = worker.ring(PICKS_UP[0]), worker.ring(RINGS_FOR_EVER[0])
    worker.wait_for("answer", talks)
    worker.wait_for("ringing", rings)
    asked_at = time.time()
    with transaction() as session:
        root = row(rings).root_id
        for number in (PICKS_UP[0], RINGS_FOR_EVER[0]):
            suppress(session, number, root_id=root, reason="wrote to us")
    assert worker.wait_for("cancel", rings)["t"] - asked_at < CANCELLED_WITHIN
    ended = worker.wait_for_state(rings, "ended")
    assert (ended.disposition, ended.end_reason) == ("no_answer", "suppressed")
    assert row(talks).state == "answered"


def test_a_cancelled_campaign_and_a_disabled_trunk_cancel_what_rings(
    worker: CallWorker,
) -> None:
    first = worker.ring(RINGS_FOR_EVER[0])
    worker.wait_for("ringing", first)
    with transaction() as session:
        session.execute(sa.update(Trunk).values(is_active=False))
    worker.wait_for("cancel", first)
    assert worker.wait_for_state(first, "ended").end_reason == "trunk_disabled"
    with transaction() as session:
        session.execute(sa.update(Trunk).values(is_active=True))
    second = worker.ring(RINGS_FOR_EVER[1])
    worker.wait_for("ringing", second)
    with transaction() as session:
        session.execute(sa.update(Campaign).values(status=CampaignStatus.CANCELLED))
    worker.wait_for("cancel", second)
    assert worker.wait_for_state(second, "ended").end_reason == "campaign_cancelled"
