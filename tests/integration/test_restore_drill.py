"""The drill: a backup is taken, two hundred people are rung, the backup is put back."""

import time
from collections import Counter
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from campanile import clock
from campanile.calls.lifecycle import advance
from campanile.calls.models import Attempt
from campanile.calls.outcomes import Disposition
from campanile.calls.states import AttemptState
from campanile.config import settings
from campanile.db import transaction
from campanile.dialing.accounts import OptOut, record
from campanile.dialing.decision import Go
from campanile.dialing.ledger import Ledger
from campanile.dialing.preflight import reconcile_ledger
from campanile.leads.importing import import_rows
from campanile.leads.lists import Row
from campanile.leads.models import Lead, Suppression
from campanile.leads.states import LeadStatus
from support.attempts import (
    claim_lead,
    dial,
    end,
    noon_in_new_york,
    shift_legal_clock,
)
from support.backups import Backup
from support.factories import make_campaign, make_trunk

RUNG, OTHERS = 200, 20
AREAS = (212, 646, 917)
"""of New York City; a hundred fictional numbers each"""


@pytest.fixture
def leads(database: str, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    shift_legal_clock(monkeypatch, noon_in_new_york())
    rows = [
        Row(n + 1, f"+1{AREAS[n // 100]}555{100 + n % 100:04}", {})
        for n in range(RUNG + OTHERS)
    ]
    with transaction() as session:
        trunk = make_trunk(session, calls_per_second=1000.0)
        campaign = make_campaign(session, trunk=trunk, retry_delay_seconds=3600)
        assert import_rows(session, campaign, rows).added == len(rows)
        return list(session.exec(select(Lead.id).order_by(col(Lead.position))).all())


def ring(lead_id: UUID, ledger: Ledger, attempt_id: UUID | None = None) -> UUID | None:
    """Claim and dial; answers the attempt if an INVITE may be sent."""
    with transaction() as session:
        lead = session.get_one(Lead, lead_id)
        if attempt_id is None and lead.status != LeadStatus.PENDING:
            return None
        attempt_id = attempt_id or claim_lead(session, lead)
    return attempt_id if isinstance(dial(attempt_id, ledger), Go) else None


def call_everybody(
    leads: list[UUID], claimed: dict[UUID, UUID], ledger: Ledger, dice: Random
) -> None:
    """Each call ends somehow; some are still up when the database is lost."""
    for lead_id in leads:
        attempt_id = ring(lead_id, ledger, claimed.get(lead_id))
        assert attempt_id is not None
        outcome = dice.choice([*Disposition, None])
        if outcome in (Disposition.COMPLETED, Disposition.VOICEMAIL_LEFT, None):
            moment = clock.now()
            ledger.answered(attempt_id, t=moment.timestamp())
            with transaction() as session:
                advance(session, attempt_id, AttemptState.ANSWERED, answered_at=moment)
        if outcome is Disposition.OPTED_OUT:
            record(OptOut(attempt_id=attempt_id), ledger=ledger)
        if outcome is not None:
            end(attempt_id, outcome)


def drill(leads: list[UUID], ledger: Ledger, put_back: Backup, dice: Random) -> None:
    """Until the backup is back. Twenty people were claimed when it was taken."""
    rung = leads[:RUNG]
    with transaction() as session:
        claimed = {
            lead_id: claim_lead(session, session.get_one(Lead, lead_id))
            for lead_id in dice.sample(rung, 20)
        }
    put_back.take()
    call_everybody(rung, claimed, ledger, dice)
    put_back.restore()


def rung_again(leads: list[UUID], ledger: Ledger) -> Counter[bool]:
    """Everybody is tried, due or not, and every message comes again: how many of those
    who had been rung (True) and of the others (False) are dialed."""
    with transaction() as session:
        left = dict(
            session.execute(
                select(col(Attempt.lead_id), col(Attempt.id)).where(
                    Attempt.state == AttemptState.CLAIMED
                )
            ).all()
        )
    found: Counter[bool] = Counter()
    for n, lead_id in enumerate(leads):
        if ring(lead_id, ledger, left.get(lead_id)):
            found[n < RUNG] += 1
    return found


def test_of_two_hundred_nobody_is_rung_again_inside_their_gap(
    leads: list[UUID], ledger: Ledger, put_back: Backup
) -> None:
    seed = time.time_ns()
    drill(leads, ledger, put_back, Random(seed))
    reconcile_ledger()
    again = Ledger(settings().ledger_path)  # the processes were started anew, too
    assert rung_again(leads, again) == {False: OTHERS}, f"seed {seed}"
    with transaction() as session:
        calling = session.execute(
            sa.select(sa.func.count()).where(
                col(Lead.status) == LeadStatus.CALLING,
                col(Lead.id).in_(leads[:RUNG]),
            )
        ).scalar_one()
        asked = len(session.exec(select(Suppression)).all())
    assert calling == 0
    opted_out = sum(
        line is not None and "suppressed" in line for _, line in again.read(0, 10_000)
    )
    assert asked == opted_out
    again.close()


def test_the_claim_itself_sees_to_it_when_no_process_was_started_anew(
    leads: list[UUID], ledger: Ledger, put_back: Backup
) -> None:
    drill(leads, ledger, put_back, Random(7))
    assert rung_again(leads, ledger) == {False: OTHERS}


def test_without_the_ledger_the_same_drill_rings_people_again(
    leads: list[UUID], ledger: Ledger, put_back: Backup, tmp_path: Path
) -> None:
    """That the drill can fail: the file is what it hangs by."""
    drill(leads, ledger, put_back, Random(7))
    lost = Ledger(tmp_path / "another.ndjson")
    assert rung_again(leads, lost)[True] == RUNG
    lost.close()
