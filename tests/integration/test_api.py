"""The HTTP API over a real database: shapes, states and errors of the platform."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from campanile.api.app import create_app
from campanile.campaigns.models import Campaign
from campanile.db import transaction
from support.factories import make_campaign

pytestmark = pytest.mark.usefixtures("database")

NUMBER = "+12125550101"


@pytest.fixture
def api() -> Iterator[TestClient]:
    with TestClient(create_app(), base_url="http://127.0.0.1/api/v1") as client:
        yield client


@pytest.fixture
def agent_id() -> str:
    with transaction() as session:
        return str(make_campaign(session, name="of the factory").agent_id)


def create(api: TestClient, agent_id: str, **more: object) -> dict[str, object]:
    answer = api.post(
        "/campaigns", json={"name": "recall", "agent_id": agent_id, **more}
    )
    assert answer.status_code == 201, answer.text
    campaign: dict[str, object] = answer.json()["campaign"]
    return campaign


def test_a_campaign_is_created_as_a_draft_with_the_platforms_defaults(
    api: TestClient, agent_id: str
) -> None:
    campaign = create(api, agent_id, leads=[{"phone_number": NUMBER}])
    assert campaign["status"] == "draft"
    assert campaign["schedule_start_time"] == "09:00:00"
    assert campaign["timezone"] == "Europe/Amsterdam"
    assert (campaign["total_leads"], campaign["completed_leads"]) == (1, 0)
    assert api.get(f"/campaigns/{campaign['id']}").json()["campaign"] == campaign
    assert campaign in api.get("/campaigns").json()["campaigns"]


def test_a_campaign_whose_zone_is_gone_is_still_shown_and_mended(
    api: TestClient, agent_id: str
) -> None:
    path = f"/campaigns/{create(api, agent_id)['id']}"
    refused = api.patch(path, json={"timezone": "Factory"})
    assert refused.status_code == 422
    with transaction() as session:
        session.execute(sa.update(Campaign).values(timezone="Factory"))
    shown = api.get("/campaigns").json()["campaigns"]
    assert {campaign["timezone"] for campaign in shown} == {"Factory"}
    mended = api.patch(path, json={"timezone": "Europe/Paris"})
    assert mended.json()["campaign"]["timezone"] == "Europe/Paris"


def test_status_starts_pauses_and_cancels(api: TestClient, agent_id: str) -> None:
    path = f"/campaigns/{create(api, agent_id)['id']}"
    for status in ("scheduled", "paused", "scheduled", "cancelled"):
        answer = api.patch(path, json={"status": status})
        assert answer.json()["campaign"]["status"] == status
    refused = api.patch(path, json={"status": "scheduled"})
    assert refused.status_code == 409
    assert "cannot become scheduled" in refused.json()["message"]
    assert api.patch(path, json={"name": "new"}).status_code == 409


def test_completed_is_set_by_nobody_but_the_platform(
    api: TestClient, agent_id: str
) -> None:
    path = f"/campaigns/{create(api, agent_id)['id']}"
    assert api.patch(path, json={"status": "completed"}).status_code == 409


def test_leads_are_added_listed_and_removed(api: TestClient, agent_id: str) -> None:
    path = f"/campaigns/{create(api, agent_id)['id']}/leads"
    body = {"phone_number": NUMBER, "variables": {"name": "Ms Bos"}}
    lead = api.post(path, json=body).json()["lead"]
    assert (lead["status"], lead["variables"]) == ("pending", {"name": "Ms Bos"})
    assert api.post(path, json=body).status_code == 409  # once per campaign
    listed = api.get(path).json()
    assert listed["leads"] == [lead]
    assert listed["pagination"] == {"total": 1, "limit": 100, "offset": 0}
    assert api.delete(f"{path}/{lead['id']}").json() == {"success": True}
    assert api.get(path).json()["leads"] == []


def test_a_lead_may_say_where_it_is_and_by_whose_leave_it_is_rung(
    api: TestClient, agent_id: str
) -> None:
    path = f"/campaigns/{create(api, agent_id)['id']}/leads"
    body = {
        "phone_number": NUMBER,
        "variables": {"state": "waiting"},
        "timezone": "America/Denver",
        "not_before": "2026-12-01",
        "consent_basis": "written",
        "consent_at": "2026-05-01T12:00:00Z",
    }
    lead = api.post(path, json=body).json()["lead"]
    assert lead["not_before"] == "2026-12-01T07:00:00Z"
    assert (lead["consent_basis"], lead["consent_at"]) == (
        "written",
        "2026-05-01T12:00:00Z",
    )
    assert lead["variables"] == {"state": "waiting"}
    refused = api.post(
        path, json={"phone_number": "+12125550102", "timezone": "Mars/Olympus"}
    )
    assert refused.status_code == 422
    assert "Mars/Olympus" in refused.json()["message"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"name": ""}, "name"),
        ({"timezone": "Mars/Olympus"}, "not an IANA time zone"),
        (
            {"schedule_start_time": "18:00", "schedule_end_time": "18:00"},
            "are the same",
        ),
        ({"leads": [{"phone_number": "12"}]}, "no"),
    ],
)
def test_what_does_not_fit_is_explained(
    api: TestClient, agent_id: str, body: dict[str, object], says: str
) -> None:
    answer = api.post("/campaigns", json={"name": "x", "agent_id": agent_id, **body})
    problem = answer.json()
    assert answer.status_code == problem["status"] == 422
    assert says in str(problem["details"]) + problem["message"]
    assert {"error", "message", "details", "title", "type"} <= set(problem)
    assert len(api.get("/campaigns").json()["campaigns"]) == 1  # nothing half made


def test_what_is_not_there_is_404(api: TestClient) -> None:
    for path in (f"/campaigns/{uuid4()}", "/nothing"):
        answer = api.get(path)
        assert answer.status_code == 404
        assert answer.json()["error"] == "Not Found"


def test_a_running_campaign_cannot_be_deleted(api: TestClient, agent_id: str) -> None:
    path = f"/campaigns/{create(api, agent_id)['id']}"
    api.patch(path, json={"status": "scheduled"})
    assert api.delete(path).status_code == 409
    api.patch(path, json={"status": "paused"})
    assert api.delete(path).json() == {"success": True}
    assert api.get(path).status_code == 404
