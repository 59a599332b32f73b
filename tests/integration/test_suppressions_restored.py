"""Whom nobody may ring is not rung after a restore of a backup that does not know it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select
from typer.testing import CliRunner

from campanile.api.app import create_app
from campanile.calls.models import LedgerMark
from campanile.cli.suppress import app
from campanile.config import settings
from campanile.db import transaction
from campanile.dialing.accounts import OptOut, record
from campanile.dialing.decision import Go
from campanile.dialing.ledger import Ledger
from campanile.dialing.preflight import reconcile_ledger
from campanile.leads.models import Lead, Suppression
from campanile.leads.states import LeadStatus
from support.attempts import claim_lead, dial, noon_in_new_york, shift_legal_clock
from support.backups import Backup
from support.factories import make_campaign, make_leads

NUMBER = "+12125550101"
"""of the lead"""


@pytest.fixture
def lead(database: str, ledger_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    """One that waits to be dialed, at noon in New York."""
    shift_legal_clock(monkeypatch, noon_in_new_york())
    with transaction() as session:
        campaign = make_campaign(session, name="recall")
        return make_leads(session, campaign, 1)[0]


@pytest.fixture
def api() -> Iterator[TestClient]:
    with TestClient(create_app(), base_url="http://127.0.0.1/api/v1") as client:
        yield client


def add(api: TestClient, **values: Any) -> dict[str, Any]:
    made = api.post("/suppressions", json={"phone_number": NUMBER, **values})
    assert made.status_code == 201, made.text
    answer: dict[str, Any] = made.json()
    return answer


def run(*arguments: str) -> tuple[str, str]:
    """What the command says, and what it warns of."""
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout, " ".join(result.stderr.split())


def in_rows() -> list[Suppression]:
    with transaction() as session:
        return list(session.exec(select(Suppression)).all())


def now_in_rows(lead: Lead) -> Lead:
    with transaction() as session:
        return session.get_one(Lead, lead.id)


def rung(lead: Lead) -> bool:
    """Whether a process that starts now, on whatever rows there are, would ring it."""
    book = Ledger(settings().ledger_path)
    with transaction() as session:
        attempt_id = claim_lead(session, lead)
    decision = dial(attempt_id, book)
    book.close()
    return isinstance(decision, Go)


def made_unusable(ledger_path: Path) -> Callable[[], None]:
    """Nobody can write there, not even root, until what is answered is called."""
    ledger_path.parent.mkdir(exist_ok=True)
    aside = ledger_path.with_suffix(".aside")
    if ledger_path.exists():
        ledger_path.rename(aside)
    ledger_path.mkdir()

    def mended() -> None:
        ledger_path.rmdir()
        if aside.exists():
            aside.rename(ledger_path)

    return mended


# -- the drill ---------------------------------------------------------------------------


def test_without_a_suppression_the_same_restore_lets_the_lead_be_rung(
    lead: Lead, put_back: Backup
) -> None:
    """That the tests below can fail."""
    put_back.take()
    put_back.restore()
    assert rung(lead)


@pytest.mark.parametrize("for_one_campaign", [False, True])
def test_who_was_suppressed_through_the_api_since_the_backup_is_not_rung(
    lead: Lead, put_back: Backup, api: TestClient, *, for_one_campaign: bool
) -> None:
    put_back.take()
    scope = {"campaign_id": str(lead.campaign_id)} if for_one_campaign else {}
    said = add(api, reason="wrote a letter", **scope)
    assert said["warning"] is None
    put_back.restore()
    assert not rung(lead)
    (row,) = in_rows()
    assert str(row.id) == said["suppression"]["id"]
    assert row.reason == "wrote a letter"


@pytest.mark.parametrize("scope", [[], ["--everywhere"], ["--campaign", "recall"]])
def test_who_was_suppressed_by_command_since_the_backup_is_not_rung(
    lead: Lead, put_back: Backup, scope: list[str]
) -> None:
    put_back.take()
    _, warned = run("add", NUMBER, *scope)
    assert warned == ""
    before = in_rows()
    put_back.restore()
    assert not rung(lead)
    (row,), (was,) = in_rows(), before
    assert (row.root_id, row.campaign_id) == (was.root_id, was.campaign_id)


def test_a_list_that_was_imported_since_the_backup_is_back_as_a_whole(
    lead: Lead, put_back: Backup, tmp_path: Path
) -> None:
    listed = [f"+1{area}55501{n:02}" for area in range(200, 410) for n in range(100)]
    file = tmp_path / "dnc.txt"
    file.write_text("\n".join(listed))
    put_back.take()
    said, warned = run("import", str(file), "--json")
    assert (json.loads(said)["added"], warned) == (21_000, "")
    put_back.restore()
    reconcile_ledger()
    with transaction() as session:
        found = session.exec(select(Suppression.phone_number)).all()
    assert sorted(found) == listed
    assert now_in_rows(lead).status == LeadStatus.SKIPPED
    assert not rung(lead)


def test_a_list_imported_again_makes_the_ledger_no_longer(
    lead: Lead, ledger_path: Path, tmp_path: Path
) -> None:
    file = tmp_path / "dnc.txt"
    file.write_text(f"{NUMBER}\n+12125550102\n")
    run("import", str(file))
    before = ledger_path.stat().st_size
    run("import", str(file))
    run("add", NUMBER)
    assert ledger_path.stat().st_size == before


def by_api(api: TestClient) -> None:
    (row,) = in_rows()
    assert api.delete(f"/suppressions/{row.id}").status_code == 200


def by_command(_api: TestClient) -> None:
    assert run("remove", NUMBER, "--yes")[1] == ""


@pytest.mark.parametrize("lift", [by_api, by_command])
@pytest.mark.parametrize("backup_knows", [False, True])
def test_who_was_taken_off_the_list_since_the_backup_stays_off_it(
    lead: Lead,
    put_back: Backup,
    api: TestClient,
    *,
    lift: Callable[[TestClient], None],
    backup_knows: bool,
) -> None:
    if not backup_knows:
        put_back.take()
    run("add", NUMBER)
    if backup_knows:
        put_back.take()
    lift(api)
    put_back.restore()
    reconcile_ledger()
    assert in_rows() == []
    assert rung(lead)


def test_who_was_taken_off_and_put_on_again_is_not_rung(
    lead: Lead, put_back: Backup, api: TestClient
) -> None:
    add(api)
    put_back.take()
    by_api(api)
    again = add(api)["suppression"]["id"]
    put_back.restore()
    assert not rung(lead)
    assert [str(row.id) for row in in_rows()] == [again]


def test_a_spoken_opt_out_can_be_lifted_for_good(
    lead: Lead, ledger: Ledger, put_back: Backup
) -> None:
    with transaction() as session:
        attempt_id = claim_lead(session, lead)
    put_back.take()
    record(OptOut(attempt_id=attempt_id), ledger=ledger)
    record(OptOut(attempt_id=attempt_id), ledger=ledger)  # its account comes twice
    run("remove", NUMBER, "--yes")
    put_back.restore()
    reconcile_ledger()
    assert in_rows() == []


# -- a ledger that cannot be written -----------------------------------------------------


def test_a_ledger_that_cannot_be_written_keeps_nobody_from_the_list(
    lead: Lead, ledger_path: Path, api: TestClient, tmp_path: Path
) -> None:
    made_unusable(ledger_path)
    said = add(api)
    assert said["suppression"]["phone_number"] == NUMBER
    assert "in force, but not in the dial ledger" in said["warning"]
    assert now_in_rows(lead).status == LeadStatus.SKIPPED
    _, warned = run("add", "+12125550102")
    assert "in force, but not in the dial ledger" in warned
    file = tmp_path / "dnc.txt"
    file.write_text("+12125550103\n+12125550104\n")
    _, warned = run("import", str(file))
    assert "in force, but not in the dial ledger" in warned
    assert len(in_rows()) == 4


def test_what_the_ledger_missed_it_learns_at_the_next_start(
    lead: Lead, ledger_path: Path, put_back: Backup
) -> None:
    put_back.take()
    mended = made_unusable(ledger_path)
    run("add", NUMBER)
    mended()
    reconcile_ledger()
    put_back.restore()
    assert not rung(lead)


def test_what_the_ledger_missed_it_learns_when_it_is_said_again(
    lead: Lead, ledger_path: Path, put_back: Backup
) -> None:
    put_back.take()
    mended = made_unusable(ledger_path)
    run("add", NUMBER)
    mended()
    assert run("add", NUMBER)[1] == ""
    put_back.restore()
    assert not rung(lead)


def test_a_lift_that_the_ledger_missed_is_told(lead: Lead, ledger_path: Path) -> None:
    run("add", NUMBER)
    made_unusable(ledger_path)
    said, warned = run("remove", NUMBER, "--yes", "--json")
    assert json.loads(said)["removed"] is True
    assert "may be suppressed again" in warned
    assert in_rows() == []


def test_a_ledger_that_no_worker_reads_is_not_taken_for_the_one(lead: Lead) -> None:
    """A command that was given another data folder."""
    with transaction() as session:
        session.add(LedgerMark(ledger_id=str(uuid4()), position=1))
    _, warned = run("add", NUMBER)
    assert "not the one that the workers read" in warned
    (row,) = in_rows()
    assert row.ledger_id is None  # so that the workers' is told at their next start
