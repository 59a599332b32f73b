"""Every table, imported once: what migrations compare the database with."""

from sqlmodel import SQLModel

from campanile.agents.models import Agent
from campanile.calls.models import Attempt, LedgerDial, LedgerMark, Report
from campanile.campaigns.models import Campaign
from campanile.capacity.models import Breaker, WorkerLease
from campanile.leads.models import Lead, Suppression
from campanile.numbers.models import DialProfile, PhoneNumber
from campanile.organizations.events import Event
from campanile.organizations.models import Organization
from campanile.organizations.stops import Stop
from campanile.trunks.models import Trunk

metadata = SQLModel.metadata

__all__ = [
    "Agent",
    "Attempt",
    "Breaker",
    "Campaign",
    "DialProfile",
    "Event",
    "Lead",
    "LedgerDial",
    "LedgerMark",
    "Organization",
    "PhoneNumber",
    "Report",
    "Stop",
    "Suppression",
    "Trunk",
    "WorkerLease",
    "metadata",
]
