"""Numbers that must not be rung: in force at once, in every scope, whoever says it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlmodel import Session, select
from typer.testing import CliRunner

from campanile.api.app import create_app
from campanile.cli.suppress import app
from campanile.db import engine, transaction
from campanile.errors import CampanileError
from campanile.leads.models import Lead, Suppression
from campanile.leads.states import LeadStatus
from campanile.leads.suppression import (
    Scope,
    skip_suppressed,
    suppress,
    suppress_many,
    suppression_of,
    unsuppress,
)
from campanile.organizations.events import Event
from campanile.organizations.models import Organization, default_organization
from support.factories import leads_of, make_campaign, make_leads

pytestmark = pytest.mark.usefixtures("database")

NUMBER = "+12125550101"
"""of the first lead that the factory makes"""


@pytest.fixture
def api() -> Iterator[TestClient]:
    with TestClient(create_app(), base_url="http://127.0.0.1/api/v1") as client:
        yield client


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def statuses(session: Session) -> dict[str, list[str]]:
    """The states of the number's lead in each campaign, by its name."""
    rows = session.execute(
        sa.text(
            "SELECT c.name, l.status FROM lead l JOIN campaign c ON c.id = l.campaign_id"
            " WHERE l.phone_number = :number"
        ),
        {"number": NUMBER},
    )
    return {row.name: row.status for row in rows}


def two_campaigns_and_a_stranger(session: Session) -> tuple[Organization, Organization]:
    """Campaigns `a`, and `b` of a child organisation, and `c` of another root."""
    ours = default_organization(session)
    child = Organization(name="child", parent_id=ours.id, root_id=ours.id)
    stranger = Organization(name="stranger", root_id=ours.id)
    stranger.root_id = stranger.id
    session.add_all([child, stranger])
    session.flush()
    for name, owner in (("a", ours), ("b", child), ("c", stranger)):
        campaign = make_campaign(session, name=name)
        campaign.organization_id = owner.id
        session.flush()
        make_leads(session, campaign, 2)
    return ours, stranger


@pytest.mark.parametrize(
    ("scope", "skipped"), [("campaign", "a"), ("organisation", "ab"), ("all", "abc")]
)
def test_a_suppression_skips_the_waiting_leads_of_its_scope(
    scope: str, skipped: str
) -> None:
    with transaction() as session:
        ours, _ = two_campaigns_and_a_stranger(session)
        campaign = session.exec(sa.text("SELECT id FROM campaign WHERE name = 'a'"))  # type: ignore[call-overload]
        suppress(
            session,
            NUMBER,
            root_id=None if scope == "all" else ours.id,
            campaign_id=campaign.scalar_one() if scope == "campaign" else None,
        )
    with transaction() as session:
        expected = {name: "skipped" if name in skipped else "pending" for name in "abc"}
        assert statuses(session) == expected
        rest = session.exec(select(Lead).where(Lead.phone_number != NUMBER)).all()
        assert {lead.status for lead in rest} == {LeadStatus.PENDING}


def test_a_lead_that_is_being_called_or_was_is_left_as_it_is() -> None:
    with transaction() as session:
        campaign = make_campaign(session)
        first, second = make_leads(session, campaign, 2)
        first.status, second.status = LeadStatus.CALLING, LeadStatus.COMPLETED
        root_id = default_organization(session).id
        for lead in (first, second):
            suppress(session, lead.phone_number, root_id=root_id)
    with transaction() as session:
        found = [lead.status for lead in leads_of(session, campaign)]
        assert found == [LeadStatus.CALLING, LeadStatus.COMPLETED]


def test_a_lead_that_somebody_is_claiming_keeps_nobody_waiting() -> None:
    with transaction() as session:
        campaign = make_campaign(session)
        make_leads(session, campaign, 1)
        root_id = default_organization(session).id
    with Session(engine()) as claiming:
        claiming.exec(select(Lead).with_for_update()).all()
        with transaction() as session:
            assert suppress(session, NUMBER, root_id=root_id)
    with transaction() as session:
        assert suppression_of(session, NUMBER, root_id=root_id, campaign_id=campaign.id)


def test_a_thousand_numbers_at_once_are_as_good_as_one_by_one() -> None:
    with transaction() as session:
        campaign = make_campaign(session)
        make_leads(session, campaign, 20)
        scope = Scope(default_organization(session).root_id)
        listed = [f"+1212555{n:04}" for n in range(101, 111)]
        assert suppress_many(session, listed, scope) == 10
        assert suppress_many(session, listed, scope) == 0
        assert skip_suppressed(session, campaign) == 10
        assert skip_suppressed(session, campaign) == 0
        session.expire_all()
        skipped = [
            lead.phone_number
            for lead in leads_of(session, campaign)
            if lead.status == LeadStatus.SKIPPED
        ]
        assert skipped == listed


def test_taking_an_entry_back_leaves_those_of_other_scopes_and_an_event() -> None:
    with transaction() as session:
        root_id = default_organization(session).root_id
        suppress(session, NUMBER, root_id=None)
        suppress(session, NUMBER, root_id=root_id, reason="asked on a call")
        assert unsuppress(session, NUMBER, Scope(root_id))
        assert not unsuppress(session, NUMBER, Scope(root_id))
    with transaction() as session:
        left = session.exec(select(Suppression)).one()
        assert left.root_id is None
        event = session.exec(select(Event)).one()
        assert event.kind == "suppression.removed"
        assert event.facts["reason"] == "asked on a call"


def test_the_commands_add_list_and_remove() -> None:
    with transaction() as session:
        campaign = make_campaign(session, name="recall")
        make_leads(session, campaign, 1)
    said = json.loads(run("add", "+1 212-555-0101", "--json"))
    assert said == {"phone_number": NUMBER, "scope": "organisation", "new": True}
    run("add", NUMBER, "--campaign", "recall", "--reason", "complained")
    run("add", NUMBER, "--everywhere")
    rows = json.loads(run("list", "--number", NUMBER, "--json"))
    assert sorted(row["scope"] for row in rows) == [
        "campaign",
        "everywhere",
        "organisation",
    ]
    assert {row["campaign"] for row in rows} == {None, "recall"}
    with pytest.raises(CampanileError, match="could be rung again"):
        run("remove", NUMBER)
    run("remove", NUMBER, "--yes")
    assert len(json.loads(run("list", "--json"))) == 2
    with pytest.raises(CampanileError, match="not on the list of this scope"):
        run("remove", NUMBER, "--yes")
    assert "recall" in run("list")


def test_a_file_is_imported_and_its_bad_rows_are_named(tmp_path: Path) -> None:
    with transaction() as session:
        campaign = make_campaign(session, name="recall")
        make_leads(session, campaign, 3)
    file = tmp_path / "dnc.txt"
    file.write_text("+12125550101\n+12125550102\nnobody\n+12125550101\n")
    told = json.loads(run("import", str(file), "--json"))
    assert (told["added"], told["known"], told["leads_skipped"]) == (2, 1, 2)
    assert [row["row"] for row in told["rejected"]] == [3]
    again = run("import", str(file))
    assert "0 numbers added, 3 were there already" in again
    assert "row 3: 'nobody' is no phone number" in again
    with transaction() as session:
        waiting = [
            lead.phone_number
            for lead in leads_of(session, campaign)
            if lead.status == LeadStatus.PENDING
        ]
    assert waiting == ["+12125550103"]


def test_an_import_that_suppresses_nobody_fails(tmp_path: Path) -> None:
    file = tmp_path / "dnc.csv"
    file.write_text("name,phone\nAnn,2125550101\nBob,2125550102\n")
    for json_too in ([], ["--json"]):
        result = CliRunner().invoke(app, ["import", str(file), *json_too])
        assert result.exit_code == 1, result.output
        assert "--region" in result.stderr
    assert json.loads(result.stdout)["added"] == 0
    run("import", str(file), "--region", "us")
    run("import", str(file), "--region", "us")  # known already: that is no failure
    with transaction() as session:
        assert len(session.exec(select(Suppression)).all()) == 2


def test_a_region_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "dnc.txt"
    file.write_text("+12125550101\n")
    for command in (["import", str(file)], ["add", NUMBER], ["remove", NUMBER]):
        with pytest.raises(CampanileError, match="'XX' is no country"):
            run(*command, "--region", "XX")


def test_what_stands_in_a_rejected_row_is_shown_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "dnc.txt"
    file.write_text("+12125550101\n[/red]\n")
    assert "'[/red]' is no phone number" in run("import", str(file))


def test_a_number_is_written_without_its_country_where_a_region_is_named() -> None:
    with pytest.raises(CampanileError) as refused:
        run("add", "2125550101")
    assert "region" in refused.value.hint
    said = json.loads(run("add", "212-555-0101", "--region", "US", "--json"))
    assert said["phone_number"] == NUMBER
    rows = json.loads(run("list", "--number", "2125550101", "--region", "US", "--json"))
    assert len(rows) == 1
    run("remove", "2125550101", "--region", "US", "--yes")
    assert json.loads(run("list", "--json")) == []


@pytest.mark.parametrize("option", ["--limit", "--offset"])
def test_a_page_that_no_list_has_is_refused(option: str, api: TestClient) -> None:
    twenty_digits = "9" * 20
    result = CliRunner().invoke(app, ["list", option, twenty_digits])
    assert result.exit_code == 2, result.output
    assert option in result.stderr
    answer = api.get("/suppressions", params={option[2:]: twenty_digits})
    assert answer.status_code == 422
    assert option[2:] in answer.json()["details"][0]


def test_the_api_adds_lists_and_removes(api: TestClient) -> None:
    with transaction() as session:
        campaign = make_campaign(session)
        make_leads(session, campaign, 1)
        suppress(session, "+12125550199", root_id=None)
    body = {"phone_number": "+1 212 555 0101", "reason": "wrote a letter"}
    made = api.post("/suppressions", json=body)
    assert made.status_code == 201, made.text
    entry = made.json()["suppression"]
    assert (entry["phone_number"], entry["scope"]) == (NUMBER, "organisation")
    assert api.post("/suppressions", json=body).json()["suppression"] == entry
    scoped = {**body, "campaign_id": str(campaign.id)}
    assert api.post("/suppressions", json=scoped).json()["suppression"][
        "campaign_id"
    ] == str(campaign.id)
    everything = api.get("/suppressions").json()
    assert everything["pagination"]["total"] == 3
    one = api.get("/suppressions", params={"phone_number": NUMBER}).json()
    assert one["pagination"]["total"] == 2
    assert api.delete(f"/suppressions/{entry['id']}").json() == {"success": True}
    assert api.delete(f"/suppressions/{entry['id']}").status_code == 404
    local = {"phone_number": "2125550102", "region": "us"}
    assert api.post("/suppressions", json=local).status_code == 201
    for nowhere in ({}, {"region": "XX"}):
        answer = api.post(
            "/suppressions", json={"phone_number": "2125550102", **nowhere}
        )
        assert (answer.status_code, bool(answer.json()["hint"])) == (422, True)
    bad = api.post("/suppressions", json={"phone_number": "nobody"})
    assert bad.status_code == 422
    lead = api.get(f"/campaigns/{campaign.id}/leads").json()["leads"][0]
    assert (lead["status"], lead["reason"]) == (
        "skipped",
        "the number is on the suppression list",
    )


def test_the_api_cannot_free_a_number_that_binds_everybody(api: TestClient) -> None:
    with transaction() as session:
        make_campaign(session)
        suppress(session, NUMBER, root_id=None)
        entry = session.exec(select(Suppression)).one()
    assert api.delete(f"/suppressions/{entry.id}").status_code == 404
