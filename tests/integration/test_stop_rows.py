"""Stops as rows: who may stop whom, how strictly, and until when."""

import json
from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select
from typer.testing import CliRunner

from campanile.api.app import create_app
from campanile.cli.main import app
from campanile.db import transaction
from campanile.errors import CampanileError
from campanile.organizations.events import Event
from campanile.organizations.models import Organization, default_organization
from campanile.organizations.stops import (
    StopScope,
    lift,
    lineage,
    stop,
    stop_for,
    stops_in_force,
)
from support.factories import make_campaign

pytestmark = pytest.mark.usefixtures("database")


def in_force_for(
    *, organizations: Sequence[UUID] = (), campaign: UUID | None = None
) -> str | None:
    with transaction() as session:
        found = stop_for(
            session,
            organization_ids=organizations,
            campaign_id=campaign,
            trunk_id=None,
        )
        return None if found is None else found.reason


def test_a_stop_of_everything_stops_every_call_until_it_is_lifted() -> None:
    assert in_force_for() is None
    with transaction() as session:
        stop(session, StopScope.EVERYTHING, reason="fire drill")
    assert in_force_for() == "fire drill"
    with transaction() as session:
        assert lift(session, StopScope.EVERYTHING) == 1
        assert lift(session, StopScope.EVERYTHING) == 0
    assert in_force_for() is None


def test_a_campaigns_stop_leaves_the_other_campaigns_alone() -> None:
    ours, other = uuid4(), uuid4()
    with transaction() as session:
        stop(session, StopScope.CAMPAIGN, ours, reason="wrong list")
    assert in_force_for(campaign=ours) == "wrong list"
    assert in_force_for(campaign=other) is None


def test_a_parents_stop_holds_for_its_children_and_not_the_other_way() -> None:
    with transaction() as session:
        root = default_organization(session)
        child = Organization(name="child", parent_id=root.id, root_id=root.id)
        session.add(child)
        session.flush()
        grandchild = Organization(name="g", parent_id=child.id, root_id=root.id)
        session.add(grandchild)
        session.flush()
        assert lineage(session, grandchild.id) == [grandchild.id, child.id, root.id]
        stop(session, StopScope.ORGANIZATION, child.id, reason="unpaid")
        below, above = lineage(session, grandchild.id), lineage(session, root.id)
    assert in_force_for(organizations=below) == "unpaid"
    assert in_force_for(organizations=above) is None


def test_a_loop_of_parents_made_by_mistake_is_walked_once() -> None:
    with transaction() as session:
        root = default_organization(session)
        child = Organization(name="child", parent_id=root.id, root_id=root.id)
        session.add(child)
        session.flush()
        root.parent_id = child.id
        session.flush()
        assert set(lineage(session, child.id)) == {root.id, child.id}


def test_a_second_stop_may_only_make_the_first_one_stricter() -> None:
    with transaction() as session:
        stop(session, StopScope.EVERYTHING, hang_up=True, reason="first")
        again = stop(session, StopScope.EVERYTHING)
        assert (again.hang_up, again.reason) == (True, "first")
        assert len(stops_in_force(session)) == 1


def test_the_strictest_of_several_is_named() -> None:
    campaign = uuid4()
    with transaction() as session:
        stop(session, StopScope.EVERYTHING, reason="quiet please")
        stop(session, StopScope.CAMPAIGN, campaign, hang_up=True, reason="at once")
    assert in_force_for(campaign=campaign) == "at once"


def test_what_was_stopped_and_lifted_is_told() -> None:
    with transaction() as session:
        stop(session, StopScope.EVERYTHING, reason="why not")
        lift(session, StopScope.EVERYTHING)
    with transaction() as session:
        told = session.exec(select(Event).order_by(Event.created_at)).all()  # type: ignore[arg-type]
    assert [event.kind for event in told] == ["stop.made", "stop.lifted"]
    assert told[0].facts["reason"] == "why not"


def campanile(*words: str) -> list[dict[str, object]]:
    """What the command prints with --json."""
    done = CliRunner().invoke(app, [*words, "--json"], catch_exceptions=False)
    return json.loads(done.output)  # type: ignore[no-any-return]


def test_the_command_stops_shows_and_lifts() -> None:
    with transaction() as session:
        make_campaign(session, name="reminders")
    (made,) = campanile("stop", "--campaign", "reminders", "--hang-up")
    assert (made["stopped"], made["name"], made["hang_up"]) == (
        "campaign",
        "reminders",
        True,
    )
    campanile("stop", "--all", "--reason", "wrong list")
    shown = campanile("stop", "--list")
    assert [row["stopped"] for row in shown] == ["campaign", "everything"]
    campanile("stop", "--campaign", "reminders", "--lift")
    assert campanile("stop", "--all", "--lift") == []


@pytest.mark.parametrize(
    "words", [[], ["--all", "--trunk", "t"], ["--campaign", "nobody's"]]
)
def test_a_stop_that_names_no_one_thing_is_refused(words: list[str]) -> None:
    with pytest.raises(CampanileError):
        campanile("stop", *words)
    with transaction() as session:
        assert stops_in_force(session) == []


def test_the_api_stops_shows_and_lifts() -> None:
    with transaction() as session:
        campaign_id = str(make_campaign(session).id)
    with TestClient(create_app(), base_url="http://127.0.0.1/api/v1") as api:
        wanted = {"scope": "campaign", "target_id": campaign_id, "hang_up": True}
        made = api.post("/stops", json=wanted)
        assert made.status_code == 201
        stop_id = made.json()["stop"]["id"]
        assert api.get("/stops").json()["stops"] == [made.json()["stop"]]
        assert api.post("/stops", json={"scope": "trunk"}).status_code == 422
        strange = {"scope": "trunk", "target_id": campaign_id}
        assert api.post("/stops", json=strange).status_code == 404
        nobodys = {"scope": "everything", "target_id": campaign_id}
        assert api.post("/stops", json=nobodys).status_code == 422
        assert api.delete(f"/stops/{stop_id}").status_code == 200
        assert api.delete(f"/stops/{stop_id}").status_code == 404
        assert api.get("/stops").json() == {"stops": []}
