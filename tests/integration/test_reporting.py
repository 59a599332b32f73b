"""A report goes out in the end, whatever its analysis stumbles over."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel import select

from campanile import clock
from campanile.agents.models import Agent
from campanile.analysis.reporting import TRIES, write_report
from campanile.calls.models import Attempt, Report
from campanile.calls.outcomes import Disposition
from campanile.calls.states import AttemptState
from campanile.db import transaction
from campanile.pacing.sweeps import due_reports
from support.attempts import claim_lead
from support.factories import make_campaign, make_leads

pytestmark = pytest.mark.usefixtures("database")

HELLO = {"role": "user", "text": "Hello?", "at": 1.0}


@pytest.fixture
def ended() -> UUID:
    """An attempt with a conversation, whose agent's configuration is no longer valid."""
    with transaction() as session:
        lead = make_leads(session, make_campaign(session), 1)[0]
        attempt = session.get_one(
            Attempt,
            claim_lead(
                session,
                lead,
                state=AttemptState.ENDED,
                disposition=Disposition.COMPLETED,
                ended_at=clock.now(),
                messages=[HELLO],
            ),
        )
        session.exec(select(Agent)).one().config = {"name": 7, "of": "another version"}
        return attempt.id


def reports() -> list[Report]:
    with transaction() as session:
        return list(session.exec(select(Report)).all())


def lease_runs_out(attempt_id: UUID) -> None:
    with transaction() as session:
        attempt = session.get_one(Attempt, attempt_id)
        attempt.analysis_until = clock.now() - timedelta(seconds=1)


def test_an_analysis_that_always_fails_is_given_up_and_says_why(ended: UUID) -> None:
    for _ in range(TRIES):
        assert reports() == []
        with transaction() as session:
            assert due_reports(session) == [ended]
        write_report(ended)
        lease_runs_out(ended)
    assert len(reports()) == 1
    with transaction() as session:
        attempt = session.get_one(Attempt, ended)
        assert attempt.state == AttemptState.REPORTED
        assert "ValidationError" in (attempt.analysis_error or "")
        assert due_reports(session) == []


def test_one_that_kills_its_process_each_time_is_left_out(ended: UUID) -> None:
    for _ in range(TRIES):
        with transaction() as session:
            assert due_reports(session) == [ended]
        lease_runs_out(ended)  # and nobody came to the report
    with transaction() as session:
        assert due_reports(session) == [ended]
    write_report(ended)
    assert len(reports()) == 1
