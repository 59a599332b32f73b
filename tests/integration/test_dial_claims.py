"""Between the claim and the INVITE: one winner, the law at that moment, a full record."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlmodel import select

from campanile import clock
from campanile.calls.lifecycle import Ending, abandon, finish, renew, report
from campanile.calls.models import Attempt, Report
from campanile.calls.outcomes import Disposition
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import CampaignStatus
from campanile.capacity.send_times import reserve
from campanile.config import settings
from campanile.db import transaction
from campanile.dialing.decision import Go, Stay, claim_dial
from campanile.dialing.ledger import Ledger
from campanile.leads.models import Lead, Suppression
from campanile.leads.states import LeadStatus
from campanile.pacing import sweeps
from campanile.trunks.models import Trunk
from support.attempts import claim_lead, noon_in_new_york
from support.factories import LEASE, make_campaign, make_leads, make_trunk

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    book = Ledger(tmp_path / "dials.ndjson")
    yield book
    book.close()


@pytest.fixture
def attempt_id(monkeypatch: pytest.MonkeyPatch) -> UUID:
    """A claimed attempt, at noon in New York."""
    monkeypatch.setenv("CAMPANILE_CLOCK_OFFSET", str(noon_in_new_york()))
    settings.cache_clear()
    with transaction() as session:
        (lead,) = make_leads(session, make_campaign(session, retry_delay_seconds=60), 1)
        return claim_lead(session, lead)


def dial(attempt_id: UUID, ledger: Ledger, worker: str = "w") -> Go | Stay:
    return claim_dial(attempt_id, worker_id=worker, lease=LEASE, ledger=ledger)


def row(attempt_id: UUID) -> tuple[Attempt, Lead]:
    with transaction() as session:
        attempt = session.get_one(Attempt, attempt_id)
        return attempt, session.get_one(Lead, attempt.lead_id)


def test_of_many_workers_with_the_same_message_one_dials(
    attempt_id: UUID, ledger: Ledger, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(8) as pool:
        decisions = list(
            pool.map(lambda n: dial(attempt_id, ledger, f"w{n}"), range(16))
        )
    assert sum(isinstance(d, Go) for d in decisions) == 1
    attempt, lead = row(attempt_id)
    assert (attempt.state, attempt.charged, lead.attempts) == ("dialing", True, 1)
    lines = (tmp_path / "dials.ndjson").read_text().splitlines()
    assert [json.loads(line).get("attempt") for line in lines] == [
        None,  # the ledger's name
        str(attempt_id),
    ]


def test_a_number_suppressed_after_the_claim_is_not_rung(
    attempt_id: UUID, ledger: Ledger, tmp_path: Path
) -> None:
    attempt, _ = row(attempt_id)
    with transaction() as session:
        session.add(
            Suppression(root_id=attempt.root_id, phone_number=attempt.phone_number)
        )
    assert dial(attempt_id, ledger) == Stay("the number is on the suppression list")
    attempt, lead = row(attempt_id)
    assert (attempt.state, lead.status, lead.attempts) == ("void", "skipped", 0)
    assert lead.reason == "the number is on the suppression list"
    assert len((tmp_path / "dials.ndjson").read_text().splitlines()) == 1


def test_a_campaign_paused_after_the_claim_keeps_its_lead(
    attempt_id: UUID, ledger: Ledger
) -> None:
    with transaction() as session:
        session.execute(sa.update(Campaign).values(status=CampaignStatus.PAUSED))
    assert isinstance(dial(attempt_id, ledger), Stay)
    attempt, lead = row(attempt_id)
    assert (attempt.state, lead.status) == ("void", "pending")
    assert lead.next_attempt_at > clock.now()


def test_the_hour_that_closed_after_the_claim_moves_the_lead_to_the_next_opening(
    attempt_id: UUID, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    offset = float(settings().clock_offset)
    monkeypatch.setenv(
        "CAMPANILE_CLOCK_OFFSET", str(offset + 10 * 3600)
    )  # ten at night
    settings.cache_clear()
    assert dial(attempt_id, ledger) == Stay("outside calling hours")
    _, lead = row(attempt_id)
    legal = lead.next_attempt_at + clock.clock_offset()
    opens = legal.astimezone(ZoneInfo("America/New_York"))
    assert (opens.hour, opens.minute) == (8, 0)


def test_an_outcome_is_written_once_and_moves_the_lead(
    attempt_id: UUID, ledger: Ledger
) -> None:
    dial(attempt_id, ledger)
    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(lambda _: _end(attempt_id, Disposition.BUSY), range(4)))
    assert won.count(True) == 1
    attempt, lead = row(attempt_id)
    assert (attempt.state, lead.status, lead.disposition) == (
        "ended",
        "pending",
        "busy",
    )
    wait = lead.next_attempt_at - clock.now()
    assert timedelta(seconds=55) < wait <= timedelta(seconds=60)


def _end(attempt_id: UUID, disposition: Disposition) -> bool:
    with transaction() as session:
        return finish(
            session, attempt_id, Ending(disposition, "trunk_486", sip_code=486)
        )


def test_congestion_gives_the_attempt_back(attempt_id: UUID, ledger: Ledger) -> None:
    dial(attempt_id, ledger)
    _end(attempt_id, Disposition.CONGESTION)
    attempt, lead = row(attempt_id)
    assert (attempt.charged, lead.attempts, lead.refunds) == (False, 0, 1)


def test_who_opts_out_is_suppressed_with_the_outcome(
    attempt_id: UUID, ledger: Ledger
) -> None:
    dial(attempt_id, ledger)
    _end(attempt_id, Disposition.OPTED_OUT)
    attempt, lead = row(attempt_id)
    with transaction() as session:
        listed = session.exec(select(Suppression)).one()
    assert (listed.root_id, listed.phone_number) == (
        attempt.root_id,
        attempt.phone_number,
    )
    assert lead.status == LeadStatus.COMPLETED


def test_a_lost_workers_call_is_unknown_and_its_number_rests(
    attempt_id: UUID, ledger: Ledger
) -> None:
    dial(attempt_id, ledger)
    with transaction() as session:
        session.execute(sa.update(Attempt).values(lease_until=clock.now()))
    with transaction() as session:
        assert sweeps.close_expired(session) == (0, 1)
    attempt, lead = row(attempt_id)
    assert (attempt.state, attempt.disposition) == ("ended", "unknown")
    rests = attempt.quarantine_until
    assert rests == attempt.renewed_at + timedelta(
        seconds=settings().quarantine_seconds
    )
    assert lead.next_attempt_at >= rests - timedelta(seconds=1)


def test_a_late_outcome_replaces_unknown_until_the_report_is_written(
    attempt_id: UUID, ledger: Ledger
) -> None:
    dial(attempt_id, ledger)
    with transaction() as session:
        abandon(session, session.get_one(Attempt, attempt_id), quarantine=LEASE)
    assert _end(attempt_id, Disposition.COMPLETED)
    assert row(attempt_id)[0].disposition == Disposition.COMPLETED
    with transaction() as session:
        assert report(session, session.get_one(Attempt, attempt_id), {})
    assert not _end(attempt_id, Disposition.BUSY)


def test_an_orphans_report_waits_for_its_worker_to_come_back(
    attempt_id: UUID, ledger: Ledger
) -> None:
    dial(attempt_id, ledger)
    with transaction() as session:
        abandon(session, session.get_one(Attempt, attempt_id), quarantine=LEASE)
    with transaction() as session:
        assert sweeps.due_reports(session) == []
        long_ago = clock.now() - timedelta(seconds=settings().orphan_report_seconds + 1)
        session.execute(sa.update(Attempt).values(renewed_at=long_ago))
        assert sweeps.due_reports(session) == [attempt_id]
        assert sweeps.due_reports(session) == []  # leased to that job


def test_each_attempt_has_exactly_one_report(attempt_id: UUID, ledger: Ledger) -> None:
    dial(attempt_id, ledger)
    _end(attempt_id, Disposition.BUSY)

    def write(_: int) -> bool:
        with transaction() as session:
            return report(session, session.get_one(Attempt, attempt_id), {})

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(write, range(8))).count(True) == 1
    with transaction() as session:
        assert len(session.exec(select(Report)).all()) == 1


def test_only_its_own_worker_renews_a_call(attempt_id: UUID, ledger: Ledger) -> None:
    dial(attempt_id, ledger, "mine")
    with transaction() as session:
        assert renew(session, "other", [attempt_id], lease=LEASE) == set()
        assert renew(session, "mine", [attempt_id], lease=LEASE) == {attempt_id}
    with transaction() as session:
        abandon(session, session.get_one(Attempt, attempt_id), quarantine=LEASE)
        assert renew(session, "mine", [attempt_id], lease=LEASE) == set()


def test_send_instants_of_a_trunk_keep_their_distance() -> None:
    with transaction() as session:
        trunk = make_trunk(session, calls_per_second=20.0)

    def one(_: int) -> float:
        with transaction() as session:
            reserve(session, trunk.id)
            # The row moved on by one distance; that is where the instant stands.
            return session.get_one(Trunk, trunk.id).next_send_at.timestamp()

    with ThreadPoolExecutor(8) as pool:
        instants = sorted(pool.map(one, range(40)))
    gaps = [b - a for a, b in pairwise(instants)]
    assert min(gaps) > 0.0534  # 1/20 + 7 %
    for start in instants:
        assert sum(start <= t < start + 1 for t in instants) <= 20
