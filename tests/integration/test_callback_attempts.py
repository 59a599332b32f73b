"""Who asked to be called back is: at that time, and once beyond the last attempt."""

from datetime import timedelta
from random import Random
from uuid import UUID

import pytest
import sqlalchemy as sa

from campanile import clock
from campanile.calls.outcomes import Disposition
from campanile.calls.states import AttemptState
from campanile.db import transaction
from campanile.dialing.decision import Go, still_allowed
from campanile.dialing.ledger import Ledger
from campanile.leads.models import Lead
from campanile.leads.states import LeadStatus
from campanile.pacing.tick import Pacer
from support.attempts import (
    claim_lead,
    dial,
    end,
    noon_in_new_york,
    rows_of,
    shift_legal_clock,
)
from support.factories import make_campaign, make_leads, make_worker

pytestmark = pytest.mark.usefixtures("database")
SOON = timedelta(seconds=20)
DAY = timedelta(days=1)


@pytest.fixture
def only_attempt(monkeypatch: pytest.MonkeyPatch, ledger: Ledger) -> UUID:
    """The one attempt of a campaign that grants no other, dialed at noon in New York."""
    shift_legal_clock(monkeypatch, noon_in_new_york())
    with transaction() as session:
        campaign = make_campaign(session, retry_delay_seconds=60, max_attempts=1)
        (lead,) = make_leads(session, campaign, 1)
        attempt = claim_lead(session, lead)
    dial(attempt, ledger)
    return attempt


def when_it_is_time(attempt: UUID, number: int) -> UUID:
    """The lead's next attempt, claimed when it is due."""
    moment = clock.now()
    with transaction() as session:
        session.execute(
            sa.update(Lead).values(
                next_attempt_at=moment,
                callback_at=sa.case((Lead.callback_at.isnot(None), moment)),  # type: ignore[union-attr]
            )
        )
        # Every call is over for longer than the retry delay.
        for column in ("dialed_at", "ended_at", "quarantine_until"):
            session.execute(
                sa.text(f"UPDATE attempt SET {column} = {column} - interval '1 hour'")
            )
        return claim_lead(session, rows_of(attempt)[1], number=number)


def test_on_the_last_attempt_a_callback_is_kept(
    only_attempt: UUID, ledger: Ledger
) -> None:
    end(only_attempt, Disposition.CALLBACK, callback_in=SOON)
    _, lead = rows_of(only_attempt)
    assert (lead.status, lead.attempts) == (LeadStatus.PENDING, 1)
    assert lead.callback_at == lead.next_attempt_at
    extra = when_it_is_time(only_attempt, 2)
    assert isinstance(dial(extra, ledger), Go)
    with transaction() as session:
        assert still_allowed(session, extra) is None
    attempt, lead = rows_of(extra)
    assert (attempt.state, lead.attempts) == (AttemptState.DIALING, 2)


def test_the_tick_takes_a_lead_that_asked_on_its_last_attempt(
    only_attempt: UUID,
) -> None:
    end(only_attempt, Disposition.CALLBACK, callback_in=timedelta())
    with transaction() as session:
        make_worker(session)
    with transaction() as session:
        claimed = Pacer(shuffle=Random(1)).tick(session)
    assert len(claimed) == 1
    assert rows_of(only_attempt)[1].status == LeadStatus.CALLING


@pytest.mark.parametrize(
    ("disposition", "words"),
    [
        (Disposition.CALLBACK, "follow up by hand"),
        (Disposition.BUSY, "after all attempts"),
    ],
)
def test_there_is_no_third_call(
    only_attempt: UUID, ledger: Ledger, disposition: Disposition, words: str
) -> None:
    end(only_attempt, Disposition.CALLBACK, callback_in=SOON)
    extra = when_it_is_time(only_attempt, 2)
    dial(extra, ledger)
    end(extra, disposition, callback_in=SOON)
    _, lead = rows_of(extra)
    assert lead.status == LeadStatus.FAILED
    assert words in lead.reason


@pytest.mark.parametrize(
    "disposition", [Disposition.CONGESTION, Disposition.TRUNK_FAILED]
)
def test_an_extra_call_that_was_not_put_through_is_made_again(
    only_attempt: UUID, ledger: Ledger, disposition: Disposition
) -> None:
    end(only_attempt, Disposition.CALLBACK, callback_in=SOON)
    extra = when_it_is_time(only_attempt, 2)
    dial(extra, ledger)
    end(extra, disposition)
    _, lead = rows_of(extra)
    assert (lead.status, lead.attempts) == (LeadStatus.PENDING, 1)
    again = when_it_is_time(extra, 3)
    assert isinstance(dial(again, ledger), Go)
    end(again, Disposition.NO_ANSWER)
    _, lead = rows_of(again)
    assert (lead.status, lead.callback_at) == (LeadStatus.FAILED, None)


def test_nobody_is_dialed_beyond_the_limit_who_did_not_ask(
    only_attempt: UUID, ledger: Ledger
) -> None:
    end(only_attempt, Disposition.BUSY)
    second = when_it_is_time(only_attempt, 2)
    dial(second, ledger)
    attempt, _ = rows_of(second)
    assert attempt.state == AttemptState.VOID
    assert "attempts.used" in (attempt.error or "")


def test_what_was_not_understood_is_told_to_a_person_and_waits_a_day(
    only_attempt: UUID,
) -> None:
    ended_at = clock.now()
    end(
        only_attempt,
        Disposition.CALLBACK,
        callback_request="when I am back from sea",
        ended_at=ended_at,
    )
    _, lead = rows_of(only_attempt)
    assert lead.status == LeadStatus.PENDING
    assert lead.callback_at == lead.next_attempt_at == ended_at + DAY
    assert "when I am back from sea" in lead.reason
