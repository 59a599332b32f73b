"""The spreadsheet and the CSV say what the rows say, and run nothing."""

import csv
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
from sqlmodel import select

from campanile.calls.models import Attempt
from campanile.clock import now
from campanile.db import transaction
from campanile.leads.importing import import_rows
from campanile.leads.lists import Row
from campanile.leads.models import Lead
from campanile.organizations.models import default_organization
from campanile.results.files import write_results
from campanile.results.progress import progress
from campanile.trunks.models import Trunk
from support.factories import LEASE, make_campaign

pytestmark = pytest.mark.usefixtures("database")

SCHEMA = {"type": "object", "properties": {"confirmed": {}, "satisfaction": {}}}
AGENT = {"analysis_plan": {"structured_data_plan": {"schema": SCHEMA}}}


def test_a_campaigns_results_open_and_agree(tmp_path: Path) -> None:
    with transaction() as session:
        campaign = make_campaign(session, agent=AGENT)
        rows = [
            Row(2, "+12125550101", {"name": "=1+1", "city": "Delft"}),
            Row(3, "+12125550102", {"name": "Bob", "city": ""}),
        ]
        import_rows(session, campaign, rows)
        _talked(session, campaign)
    with transaction() as session:
        files = write_results(session, campaign, tmp_path / "out")
        state = progress(session, campaign)

    assert [file.name for file in files] == ["results.xlsx", "results.csv"]
    book = openpyxl.load_workbook(files[0])
    assert book.sheetnames == ["Leads", "Attempts", "Summary"]
    headings, first, second = book["Leads"].values
    lead = dict(zip(headings, first, strict=True))
    assert lead == {
        "phone_number": "+12125550101",
        "name": "=1+1",
        "city": "Delft",
        "status": "completed",
        "disposition": "completed",
        "attempts": 1,
        "answered_by": "human",
        "duration_seconds": 20,
        "end_reason": "assistant_end_call",
        "reason": None,
        "confirmed": True,
        "satisfaction": 8,
        "summary": "Fine.",
        "recording": "a.wav",
    }
    assert book["Leads"].cell(2, 2).data_type == "s"  # text, not a formula
    assert second[headings.index("status")] == "pending"
    assert len(list(book["Attempts"].values)) == 2
    assert ("answered attempts", 1, 1) in list(book["Summary"].values)

    with files[1].open(encoding="utf-8-sig") as file:
        lines = list(csv.DictReader(file))
    assert lines[0]["name"] == "'=1+1"  # disarmed
    assert lines[0]["phone_number"] == "+12125550101"  # a number stays a number
    assert (state.leads, state.done, state.waiting, state.answer_rate) == (2, 1, 1, 1.0)


def _talked(session, campaign) -> None:  # type: ignore[no-untyped-def]
    lead = session.exec(select(Lead).order_by(Lead.position)).first()
    lead.status, lead.disposition, lead.attempts = "completed", "completed", 1
    organization = default_organization(session)
    answered = now() - timedelta(seconds=20)
    session.add(
        Attempt(
            organization_id=organization.id,
            root_id=organization.id,
            campaign_id=campaign.id,
            lead_id=lead.id,
            trunk_id=session.exec(select(Trunk.id)).one(),
            number=1,
            phone_number=lead.phone_number,
            caller_id="+12125550100",
            state="reported",
            disposition="completed",
            answered_by="human",
            end_reason="assistant_end_call",
            structured={"confirmed": True, "satisfaction": 8},
            summary="Fine.",
            recording="a.wav",
            lease_until=now() + LEASE,
            dialed_at=answered,
            answered_at=answered,
            ended_at=answered + timedelta(seconds=20),
        )
    )


def test_a_campaign_without_leads_still_gives_files(tmp_path: Path) -> None:
    with transaction() as session:
        files = write_results(session, make_campaign(session), tmp_path)
    assert openpyxl.load_workbook(files[0]).sheetnames == [
        "Leads",
        "Attempts",
        "Summary",
    ]
