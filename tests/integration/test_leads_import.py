"""Lists become leads: each number once, each refused row with its reason."""

import pytest
from sqlmodel import select

from campanile.campaigns.lifecycle import CampaignFrozen
from campanile.campaigns.states import CampaignStatus
from campanile.db import transaction
from campanile.leads.importing import import_rows
from campanile.leads.lists import Row
from campanile.leads.models import Lead
from campanile.numbers.models import DialProfile
from support.factories import make_campaign

pytestmark = pytest.mark.usefixtures("database")


def test_rows_become_leads_in_buckets_of_their_zones() -> None:
    rows = [
        Row(2, "212 555 0101", {"name": "Anna"}),
        Row(3, "+12085550102", {}),  # Idaho: two zones
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
        "+12085550102": ("America/Boise", "America/Los_Angeles"),
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
