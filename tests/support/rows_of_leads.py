"""Leads with numbers of a test's choosing."""

from sqlmodel import Session

from campanile.campaigns.models import Campaign
from campanile.leads.importing import import_rows
from campanile.leads.lists import Row


def import_numbers(
    session: Session, campaign: Campaign, *, first: int, count: int
) -> None:
    """`count` leads from +1 212 555 0`first` on (three digits, 100 to 199)."""
    rows = [Row(n, f"+12125550{first + n}", {"name": f"L{n}"}) for n in range(count)]
    report = import_rows(session, campaign, rows)
    assert report.added == count, report
