"""Lists become leads: each number once, each refused row with its reason."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from campanile.campaigns.lifecycle import CampaignFrozen
from campanile.campaigns.states import CampaignStatus
from campanile.db import transaction
from campanile.leads.importing import import_rows
from campanile.leads.lists import Row, read_rows
from campanile.leads.models import Lead
from campanile.numbers.models import DialProfile
from campanile.numbers.profiles import place_of_profile
from support.factories import leads_of, make_campaign

pytestmark = pytest.mark.usefixtures("database")


def test_rows_become_leads_in_buckets_of_their_zones() -> None:
    rows = [
        Row(2, "212 555 0101", {"name": "Anna"}),
        Row(3, "+12085550102", {}),  # Idaho: several zones
        Row(4, "(212) 555-0101", {}),  # the first one again
        Row(5, "call me", {}),
        Row(6, "+442079460001", {}),
    ]
    with transaction() as session:
        report = import_rows(session, make_campaign(session), rows, default_region="US")
    assert (report.added, report.duplicates) == (3, 1)
    assert [line for line, _ in report.rejected] == [5]
    with transaction() as session:
        profiles = {p.id: tuple(p.zones) for p in session.exec(select(DialProfile))}
        found = {
            lead.phone_number: profiles[lead.profile_id]
            for lead in session.exec(select(Lead).order_by(Lead.position))
        }
    assert found == {
        "+12125550101": ("America/New_York",),
        "+12085550102": ("America/Boise", "America/Denver", "America/Los_Angeles"),
        "+442079460001": ("Europe/London",),
    }


def test_importing_the_same_list_again_adds_nobody() -> None:
    rows = [Row(n, f"+1212555{n:04}", {}) for n in range(100, 200)]
    with transaction() as session:
        campaign = make_campaign(session)
        assert import_rows(session, campaign, rows).added == 100
        again = import_rows(session, campaign, rows)
    assert (again.added, again.duplicates) == (0, 100)


def test_a_campaign_that_has_ended_takes_nobody() -> None:
    with transaction() as session:
        ended = make_campaign(session, status=CampaignStatus.COMPLETED)
        with pytest.raises(CampaignFrozen):
            import_rows(session, ended, [Row(2, "+12125550101", {})])


def test_one_number_five_hundred_times_is_one_lead() -> None:
    rows = [Row(n, "+12125550101", {"n": str(n)}) for n in range(2, 502)]
    with transaction() as session:
        campaign = make_campaign(session)
        report = import_rows(session, campaign, rows)
        assert (report.added, report.duplicates, report.rejected) == (1, 499, [])
        assert leads_of(session, campaign)[0].variables == {"n": "2"}


def test_columns_decide_place_times_and_consent_and_stay_variables(
    tmp_path: Path,
) -> None:
    file = tmp_path / "leads.csv"
    file.write_text(
        "phone,name,Time Zone,Not Before,consent_basis,country\n"
        "+12125550101,Ann,America/Denver,2026-12-01,written,\n"
        "020 7946 0001,Bob,,,,United Kingdom\n"
        "+12125550102,Cy,Mars/Olympus,,,\n"
        "+12125550103,Di,,01/12/2026,,\n"
        "+12125550102,Cy again,,,no,\n"
    )
    with transaction() as session:
        campaign = make_campaign(session)
        report = import_rows(session, campaign, read_rows(file))
        ann, bob, cy = leads_of(session, campaign)
        place = place_of_profile(session.get_one(DialProfile, ann.profile_id))
    assert (report.added, report.duplicates) == (3, 0)
    assert [line for line, _ in report.rejected] == [4, 5]
    assert "Mars/Olympus" in report.rejected[0][1]
    assert (place.zones, ann.place_source) == (("America/Denver",), "zone")
    assert ann.variables["time_zone"] == "America/Denver"
    assert ann.not_before == datetime(2026, 12, 1, 7, tzinfo=UTC)
    assert (ann.consent_basis, bob.consent_basis, cy.consent_basis) == (
        "written",
        None,
        None,
    )
    assert bob.phone_number == "+442079460001"


def test_a_column_may_be_kept_a_mere_variable(tmp_path: Path) -> None:
    file = tmp_path / "leads.csv"
    file.write_text("phone,state\n+12125550101,waiting for parts\n")
    with transaction() as session:
        campaign = make_campaign(session)
        report = import_rows(session, campaign, read_rows(file))
        assert (report.added, len(report.rejected)) == (0, 1)
        rows = read_rows(file, only_variables=["State"])
        assert import_rows(session, campaign, rows).added == 1
