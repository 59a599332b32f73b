"""How attempts end: once, with what it means for the lead, however late and often told."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import select

from campanile import clock
from campanile.calls.amendments import AMENDMENT, amend
from campanile.calls.lifecycle import (
    Ending,
    abandon,
    advance,
    release,
    renew,
    report,
    withdraw,
)
from campanile.calls.models import Attempt, Report
from campanile.calls.outcomes import Disposition
from campanile.calls.states import AttemptState
from campanile.campaigns.models import Campaign
from campanile.config import settings
from campanile.db import transaction
from campanile.dialing.decision import withdraw_dial
from campanile.dialing.ledger import Ledger
from campanile.leads.models import Lead, Suppression
from campanile.leads.states import LeadStatus
from campanile.pacing import sweeps
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
WORKER = "w"
"""who dials in these tests"""


@pytest.fixture
def claimed(monkeypatch: pytest.MonkeyPatch) -> UUID:
    """A claimed attempt, at noon in New York."""
    shift_legal_clock(monkeypatch, noon_in_new_york())
    with transaction() as session:
        (lead,) = make_leads(session, make_campaign(session, retry_delay_seconds=60), 1)
        return claim_lead(session, lead)


@pytest.fixture
def dialed(claimed: UUID, ledger: Ledger) -> UUID:
    dial(claimed, ledger)
    return claimed


def answer(attempt_id: UUID) -> None:
    with transaction() as session:
        moment = clock.now() - timedelta(seconds=30)
        assert advance(session, attempt_id, AttemptState.ANSWERED, answered_at=moment)


def give_up(attempt_id: UUID) -> bool:
    """As the sweep does with an attempt whose worker is gone."""
    with transaction() as session:
        attempt = session.get_one(Attempt, attempt_id)
        return abandon(session, attempt, quarantine=timedelta(seconds=90))


def write_report(attempt_id: UUID) -> bool:
    with transaction() as session:
        return report(session, session.get_one(Attempt, attempt_id), {})


def amended(attempt_id: UUID, disposition: Disposition) -> bool:
    with transaction() as session:
        return amend(session, attempt_id, Ending(disposition, "late"))


def test_an_outcome_is_written_once_and_moves_the_lead(dialed: UUID) -> None:
    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(lambda _: end(dialed, Disposition.BUSY), range(4)))
    assert won.count(True) == 1
    attempt, lead = rows_of(dialed)
    assert (attempt.state, lead.status, lead.disposition) == (
        "ended",
        "pending",
        "busy",
    )
    wait = lead.next_attempt_at - clock.now()
    assert timedelta(seconds=50) < wait <= timedelta(seconds=60)


def test_the_end_settles_what_the_call_used(dialed: UUID) -> None:
    answer(dialed)
    assert rows_of(dialed)[0].reserved_seconds is not None
    end(dialed, Disposition.COMPLETED)
    attempt, _ = rows_of(dialed)
    assert attempt.reserved_seconds is None
    assert attempt.billed_seconds in range(30, 36)


def test_what_nobody_answered_costs_nothing(dialed: UUID) -> None:
    end(dialed, Disposition.NO_ANSWER)
    attempt, _ = rows_of(dialed)
    assert (attempt.reserved_seconds, attempt.billed_seconds) == (None, 0)


def test_a_lost_call_that_was_answered_cost_what_it_lasted(dialed: UUID) -> None:
    answer(dialed)
    give_up(dialed)
    assert rows_of(dialed)[0].billed_seconds in range(30, 36)


def test_any_other_lost_call_cost_all_that_it_held(dialed: UUID) -> None:
    """Its worker may have been lost before the row was told of an answer."""
    held = rows_of(dialed)[0].reserved_seconds or 0
    give_up(dialed)
    assert rows_of(dialed)[0].billed_seconds == held > 0
    end(dialed, Disposition.NO_ANSWER)  # its worker comes back, and knows
    assert rows_of(dialed)[0].billed_seconds == 0


@pytest.mark.parametrize("told", [True, False])
def test_the_row_keeps_when_it_rang_and_was_answered_or_is_told_with_the_end(
    dialed: UUID, *, told: bool
) -> None:
    rang, answered = (clock.now() - timedelta(seconds=ago) for ago in (20, 10))
    if told:
        with transaction() as session:
            advance(session, dialed, AttemptState.RINGING, ringing_at=rang)
            advance(session, dialed, AttemptState.ANSWERED, answered_at=answered)
    late = timedelta(seconds=5) if told else timedelta()
    times = {"ringing_at": rang + late, "answered_at": answered + late}
    end(dialed, Disposition.COMPLETED, **times)
    attempt, _ = rows_of(dialed)
    assert (attempt.ringing_at, attempt.answered_at) == (rang, answered)


def test_a_release_frees_what_was_reserved_and_may_come_twice(claimed: UUID) -> None:
    def let_go(_: int) -> bool:
        with transaction() as session:
            return release(session, claimed, reason="not now", again_at=clock.now())

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(let_go, range(8))).count(True) == 1
    attempt, lead = rows_of(claimed)
    assert (attempt.state, lead.status, lead.attempts) == ("void", "pending", 0)


def test_a_dial_is_withdrawn_whole_once(dialed: UUID, ledger: Ledger) -> None:
    def take_back(_: int) -> bool:
        return withdraw_dial(
            dialed, worker_id=WORKER, reason="the trunk said no", ledger=ledger
        )

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(take_back, range(8))).count(True) == 1
    attempt, lead = rows_of(dialed)
    assert (attempt.state, attempt.dialed_at, attempt.charged) == ("void", None, False)
    assert attempt.reserved_seconds is None
    assert (lead.status, lead.attempts, lead.reason) == (
        "pending",
        0,
        "the trunk said no",
    )
    last = ledger.read(0, 100)[-1][1]
    assert last is not None
    assert last["withdrawn"] == str(dialed)


@pytest.mark.parametrize("state", [AttemptState.RINGING, AttemptState.ANSWERED])
def test_what_rang_cannot_be_withdrawn_nor_released(
    dialed: UUID, state: AttemptState
) -> None:
    with transaction() as session:
        assert advance(session, dialed, state)
        assert not withdraw(
            session, dialed, worker_id=WORKER, reason="", again_at=clock.now()
        )
        assert not release(session, dialed, reason="", again_at=clock.now())
    assert rows_of(dialed)[0].charged


def test_nobody_withdraws_the_dial_of_another_worker(
    dialed: UUID, ledger: Ledger
) -> None:
    """A doubled message whose claim broke off must not undo the call it doubled."""
    assert not withdraw_dial(dialed, worker_id="another", reason="", ledger=ledger)
    attempt, lead = rows_of(dialed)
    assert (attempt.state, attempt.charged, lead.attempts) == ("dialing", True, 1)


def test_a_sweep_never_withdraws(dialed: UUID) -> None:
    with transaction() as session:
        assert sweeps.close_expired(session, before=clock.now() + 2 * LEASE) == (0, 1)
    attempt, lead = rows_of(dialed)
    assert (attempt.state, attempt.disposition) == ("ended", "unknown")
    rests = attempt.quarantine_until
    assert rests == attempt.renewed_at + timedelta(
        seconds=settings().quarantine_seconds
    )
    assert (lead.status, lead.attempts) == ("pending", 1)
    assert lead.next_attempt_at >= rests - timedelta(seconds=1)
    with transaction() as session:
        assert not withdraw(
            session, dialed, worker_id=WORKER, reason="late", again_at=clock.now()
        )


def test_congestion_gives_the_attempt_back(dialed: UUID) -> None:
    end(dialed, Disposition.CONGESTION)
    attempt, lead = rows_of(dialed)
    assert (attempt.charged, lead.attempts, lead.refunds) == (False, 0, 1)
    assert lead.next_attempt_at > clock.now() + timedelta(minutes=4)


def test_after_six_refunds_in_a_day_the_lead_waits_for_the_next(dialed: UUID) -> None:
    now = clock.now()
    for hours in (23, 20, 15, 10, 5):
        _, lead = rows_of(dialed)
        with transaction() as session:
            claim_lead(
                session,
                lead,
                state=AttemptState.REPORTED,
                disposition=Disposition.CONGESTION,
                dialed_at=now - timedelta(hours=hours),
            )
    end(dialed, Disposition.CONGESTION)
    _, lead = rows_of(dialed)
    assert (lead.status, lead.reason) == ("pending", "congestion 6 times in a day")
    assert abs(lead.next_attempt_at - now - timedelta(hours=1)) < timedelta(seconds=30)


def test_who_opts_out_is_suppressed_with_the_outcome(dialed: UUID) -> None:
    end(dialed, Disposition.OPTED_OUT)
    attempt, lead = rows_of(dialed)
    with transaction() as session:
        listed = session.exec(select(Suppression)).one()
    assert (listed.root_id, listed.phone_number) == (
        attempt.root_id,
        attempt.phone_number,
    )
    assert lead.status == LeadStatus.COMPLETED


def test_who_asked_for_a_time_is_waited_for_until_then(
    dialed: UUID, ledger: Ledger
) -> None:
    ended_at = clock.now()
    in_a_bit = timedelta(seconds=20)  # inside the retry delay of a minute
    end(dialed, Disposition.CALLBACK, callback_in=in_a_bit, ended_at=ended_at)
    _, lead = rows_of(dialed)
    assert lead.callback_at == lead.next_attempt_at == ended_at + in_a_bit
    with transaction() as session:
        session.execute(sa.update(Lead).values(callback_at=clock.now()))
        second = claim_lead(session, lead, number=2)
    dial(second, ledger)
    assert rows_of(second)[0].state == AttemptState.DIALING
    end(second, Disposition.NO_ANSWER)
    assert rows_of(second)[1].callback_at is None


def test_only_its_own_worker_renews_a_call(claimed: UUID, ledger: Ledger) -> None:
    dial(claimed, ledger, "mine")
    with transaction() as session:
        assert renew(session, "other", [claimed], lease=LEASE) == set()
        assert renew(session, "mine", [claimed], lease=LEASE) == {claimed}
    give_up(claimed)
    with transaction() as session:
        assert renew(session, "mine", [claimed], lease=LEASE) == set()


def test_a_late_outcome_replaces_unknown_until_the_report_is_written(
    dialed: UUID,
) -> None:
    assert give_up(dialed)
    assert not give_up(dialed)
    assert end(dialed, Disposition.COMPLETED)
    attempt, lead = rows_of(dialed)
    assert (attempt.disposition, lead.status) == ("completed", "completed")
    assert attempt.quarantine_until is None
    assert write_report(dialed)
    assert not end(dialed, Disposition.BUSY)


def test_a_late_refund_is_given_once(dialed: UUID) -> None:
    give_up(dialed)
    assert end(dialed, Disposition.CONGESTION)
    assert not end(dialed, Disposition.CONGESTION)
    assert rows_of(dialed)[1].attempts == 0


def test_a_late_word_that_it_was_answered_ends_the_retries(dialed: UUID) -> None:
    give_up(dialed)
    assert rows_of(dialed)[1].status == LeadStatus.PENDING
    assert end(dialed, Disposition.UNKNOWN, answered_at=clock.now())
    _, lead = rows_of(dialed)
    assert (lead.status, lead.reason) == ("failed", "unknown: follow up by hand")
    assert not end(dialed, Disposition.UNKNOWN, answered_at=clock.now())


def test_a_late_outcome_leaves_a_lead_alone_that_is_being_rung_again(
    dialed: UUID,
) -> None:
    give_up(dialed)
    _, lead = rows_of(dialed)
    with transaction() as session:
        second = claim_lead(session, lead, number=2)
    assert end(dialed, Disposition.COMPLETED)
    attempt, lead = rows_of(second)
    assert (attempt.state, lead.status) == ("claimed", "calling")


@pytest.mark.parametrize(
    ("late", "status"),
    [
        (Disposition.COMPLETED, LeadStatus.COMPLETED),
        (Disposition.REJECTED, LeadStatus.FAILED),
        (Disposition.CONGESTION, LeadStatus.PENDING),
    ],
)
def test_a_late_outcome_may_only_keep_a_lead_from_a_third_call(
    dialed: UUID, late: Disposition, status: LeadStatus
) -> None:
    give_up(dialed)
    _, lead = rows_of(dialed)
    with transaction() as session:
        second = claim_lead(
            session, lead, number=2, state=AttemptState.DIALING, dialed_at=clock.now()
        )
    end(second, Disposition.BUSY)
    _, before = rows_of(second)
    assert end(dialed, late)
    _, after = rows_of(second)
    assert after.status == status
    assert after.next_attempt_at == before.next_attempt_at


def test_after_the_report_a_late_outcome_is_an_amendment(dialed: UUID) -> None:
    give_up(dialed)
    write_report(dialed)
    assert not end(dialed, Disposition.COMPLETED)
    assert amended(dialed, Disposition.COMPLETED)
    assert not amended(dialed, Disposition.BUSY)
    attempt, lead = rows_of(dialed)
    assert (attempt.state, attempt.disposition) == ("reported", "unknown")
    assert lead.status == LeadStatus.COMPLETED  # and so not rung a second time
    with transaction() as session:
        kinds = [row.kind for row in session.exec(select(Report)).all()]
    assert sorted(kinds) == [AMENDMENT, "end-of-call-report"]


@pytest.mark.parametrize("late", list(Disposition))
def test_an_amendment_never_brings_a_call_about(
    dialed: UUID, late: Disposition
) -> None:
    answer(dialed)
    give_up(dialed)
    write_report(dialed)
    _, before = rows_of(dialed)
    assert before.status == LeadStatus.FAILED
    amended(dialed, late)
    _, after = rows_of(dialed)
    assert after.status in (LeadStatus.FAILED, LeadStatus.COMPLETED)


def test_an_orphans_report_waits_for_its_worker_to_come_back(dialed: UUID) -> None:
    give_up(dialed)
    with transaction() as session:
        assert sweeps.due_reports(session) == []
        long_ago = clock.now() - timedelta(seconds=settings().orphan_report_seconds + 1)
        session.execute(sa.update(Attempt).values(renewed_at=long_ago))
        assert sweeps.due_reports(session) == [dialed]
        assert sweeps.due_reports(session) == []  # leased to that job


def test_each_attempt_has_exactly_one_report(dialed: UUID) -> None:
    end(dialed, Disposition.BUSY)
    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(lambda _: write_report(dialed), range(8)))
    assert won.count(True) == 1
    with transaction() as session:
        assert len(session.exec(select(Report)).all()) == 1


def test_a_lead_that_was_taken_away_meanwhile_stays_away(dialed: UUID) -> None:
    give_up(dialed)
    with transaction() as session:
        session.execute(sa.update(Lead).values(status="skipped", reason="removed"))
        session.execute(sa.update(Campaign).values(retry_delay_seconds=1))
    assert end(dialed, Disposition.BUSY)
    assert rows_of(dialed)[1].status == LeadStatus.SKIPPED
