"""Who is marked as opted out in a list is not rung: not by another row, not as a lead
from before, not after a restore."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select
from typer.testing import CliRunner

from campanile.api.app import create_app
from campanile.campaigns.models import Campaign
from campanile.cli.leads import app
from campanile.db import transaction
from campanile.dialing.ledger import Ledger
from campanile.leads.importing import ImportReport, import_rows
from campanile.leads.lists import Row, read_rows
from campanile.leads.models import Lead, Suppression
from campanile.leads.states import LeadStatus
from campanile.leads.suppression import SKIPPED_BECAUSE, suppress
from campanile.numbers.subdivisions import of_area_code
from support.factories import leads_of, make_campaign, make_leads

pytestmark = pytest.mark.usefixtures("database")

ANN, BOB = "+12125550101", "+12125550102"
AREAS = [area for area in range(301, 1000) if of_area_code(str(area))]
MANY = [f"+1{area}55501{n:02}" for area in AREAS[:25] for n in range(100)]
YES, NO = {"consent_basis": "written"}, {"consent_basis": "withdrawn"}


@pytest.fixture
def campaign() -> Campaign:
    with transaction() as session:
        return make_campaign(session, name="recall")


@pytest.fixture
def api() -> Iterator[TestClient]:
    with TestClient(create_app(), base_url="http://127.0.0.1/api/v1") as client:
        yield client


def bring(
    campaign: Campaign, rows: Sequence[Row], *, default_region: str | None = None
) -> ImportReport:
    with transaction() as session:
        return import_rows(session, campaign, rows, default_region=default_region)


def waiting(campaign: Campaign) -> list[str]:
    with transaction() as session:
        pending = select(Lead.phone_number).where(
            Lead.campaign_id == campaign.id, Lead.status == LeadStatus.PENDING
        )
        return list(session.exec(pending))


def suppressed() -> list[str]:
    with transaction() as session:
        return sorted(row.phone_number for row in session.exec(select(Suppression)))


def in_ledger(path: Path) -> set[str]:
    book = Ledger(path)
    found = {line.get("suppressed") for _, line in book.read(0, 100) if line}
    book.close()
    return {number for number in found if number}


@pytest.mark.parametrize("first", [YES, NO])
@pytest.mark.parametrize("rows_between", [0, 1000])  # in one batch, in two
def test_a_row_that_says_no_speaks_for_every_row_of_the_number(
    campaign: Campaign, first: dict[str, str], rows_between: int
) -> None:
    second = NO if first is YES else YES
    rows = [
        Row(2, ANN, {}, first),
        *[Row(3 + n, MANY[n], {}, YES) for n in range(rows_between)],
        Row(1100, "(212) 555-0101", {}, second),
        Row(1101, BOB, {}, YES),
    ]
    report = bring(campaign, rows, default_region="US")
    assert report.opted_out == {ANN}
    assert (report.suppressed, report.skipped) == (1, 1)
    assert [reason for _, reason in report.rejected] == [
        "consent_basis 'withdrawn' says that this person is not to be called"
    ]
    assert ANN not in waiting(campaign)
    assert BOB in waiting(campaign)
    assert suppressed() == [ANN]


def test_a_lead_from_before_whose_consent_was_withdrawn_is_rung_no_more(
    campaign: Campaign,
) -> None:
    bring(campaign, [Row(2, ANN, {}, YES), Row(3, BOB, {}, YES)])
    report = bring(campaign, [Row(2, ANN, {}, NO), Row(3, BOB, {}, YES)])
    assert (report.added, report.duplicates, report.skipped) == (0, 1, 1)
    assert waiting(campaign) == [BOB]
    with transaction() as session:
        entry = session.exec(select(Suppression)).one()
        ann, _ = leads_of(session, campaign)
    assert (entry.phone_number, entry.campaign_id) == (ANN, campaign.id)
    assert (entry.reason, entry.source) == ("marked as opted out", "a list of leads")
    assert (ann.status, ann.reason) == (LeadStatus.SKIPPED, SKIPPED_BECAUSE)
    again = bring(campaign, [Row(2, ANN, {}, NO)])
    assert (again.opted_out, again.suppressed, again.skipped) == ({ANN}, 0, 0)


def test_other_campaigns_keep_their_leads(campaign: Campaign) -> None:
    with transaction() as session:
        other = make_campaign(session, name="other")
        make_leads(session, other, 1)
    assert bring(campaign, [Row(2, ANN, {}, NO)]).skipped == 0
    assert waiting(other) == [ANN]


@pytest.mark.parametrize(
    "columns",
    [{"timezone": "Mars"}, {"state": "Zilch"}, {"country": "Atlantis"}],
)
def test_a_no_counts_whatever_else_is_wrong_with_its_row(
    campaign: Campaign, columns: dict[str, str]
) -> None:
    bring(campaign, [Row(2, ANN, {}, YES)])
    report = bring(campaign, [Row(2, ANN, {}, {**columns, **NO})])
    assert len(report.rejected) == 1
    assert waiting(campaign) == []


def test_a_column_that_is_a_mere_variable_says_no_for_nobody(
    campaign: Campaign, tmp_path: Path
) -> None:
    file = tmp_path / "leads.csv"
    file.write_text(f"phone,consent_basis\n{ANN},withdrawn\n")
    rows = list(read_rows(file, only_variables=["consent_basis"]))
    assert bring(campaign, rows).opted_out == set()
    assert waiting(campaign) == [ANN]


def test_thousands_at_once_are_as_good_as_one(campaign: Campaign) -> None:
    bring(campaign, [Row(n, number, {}, YES) for n, number in enumerate(MANY)])
    with transaction() as session:  # one is known already, in the whole tree
        suppress(session, MANY[0], root_id=campaign.organization_id)
    rows = [Row(n, number, {}, NO) for n, number in enumerate(MANY)]
    report = bring(campaign, rows)
    assert (report.suppressed, report.skipped) == (2500, 2499)
    assert waiting(campaign) == []


@pytest.mark.parametrize("dry", [True, False])
def test_the_command_tells_how_many_and_the_ledger_knows_them(
    campaign: Campaign, tmp_path: Path, ledger_path: Path, *, dry: bool
) -> None:
    bring(campaign, [Row(2, ANN, {}, YES)])
    file = tmp_path / "leads.csv"
    file.write_text(f"phone,consent_basis\n{ANN},opted out\n{BOB},written\n")
    arguments = ["import", str(file), "-c", "recall", *(["--dry-run"] if dry else [])]
    told = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
    assert told.exit_code == 0, told.output
    counts = json.loads(told.stdout)
    assert [counts[key] for key in ("opted_out", "suppressed", "leads_skipped")] == [
        *(1, 1, 1)
    ]
    assert waiting(campaign) == ([ANN] if dry else [BOB])
    assert suppressed() == ([] if dry else [ANN])
    assert in_ledger(ledger_path) == (set() if dry else {ANN})
    said = CliRunner().invoke(app, arguments, catch_exceptions=False).stdout
    verb = "would be" if dry else "are"
    assert f"1 numbers marked as opted out {verb} suppressed" in " ".join(said.split())


def test_a_ledger_that_cannot_be_written_is_told_and_keeps_nobody_rung(
    campaign: Campaign, tmp_path: Path, ledger_path: Path
) -> None:
    ledger_path.mkdir(parents=True)
    file = tmp_path / "leads.csv"
    file.write_text(f"phone,consent_basis\n{ANN},DNC\n{BOB},written\n")
    result = CliRunner().invoke(app, ["import", str(file), "-c", "recall"])
    assert result.exit_code == 0, result.output
    assert "not in the dial ledger" in " ".join(result.stderr.split())
    assert suppressed() == [ANN]


def test_the_api_refuses_the_lead_and_keeps_its_no(
    campaign: Campaign, api: TestClient, ledger_path: Path
) -> None:
    path = f"/campaigns/{campaign.id}/leads"
    assert api.post(path, json={"phone_number": ANN, **YES}).status_code == 201
    refused = api.post(path, json={"phone_number": ANN, **NO})
    assert refused.status_code == refused.json()["status"] == 422
    assert "not to be called" in refused.json()["message"]
    assert refused.json()["details"] == [f"{ANN} is suppressed in this campaign"]
    assert waiting(campaign) == []
    assert suppressed() == [ANN]
    assert in_ledger(ledger_path) == {ANN}


def test_a_campaign_with_an_opted_out_lead_is_not_half_made(
    campaign: Campaign, api: TestClient
) -> None:
    leads = [{"phone_number": ANN, **YES}, {"phone_number": ANN, **NO}]
    body = {"name": "new", "agent_id": str(campaign.agent_id), "leads": leads}
    refused = api.post("/campaigns", json=body)
    assert refused.status_code == 422
    assert "not to be called" in refused.json()["message"]
    assert len(api.get("/campaigns").json()["campaigns"]) == 1
    assert suppressed() == []
