"""Every table, imported once: what migrations compare the database with."""

from sqlmodel import SQLModel

from campanile.agents.models import Agent
from campanile.calls.models import Attempt, Report
from campanile.campaigns.models import Campaign
from campanile.capacity.models import WorkerLease
from campanile.leads.models import Lead, Suppression
from campanile.numbers.models import DialProfile, PhoneNumber
from campanile.organizations.models import Organization
from campanile.trunks.models import Trunk

metadata = SQLModel.metadata

__all__ = [
    "Agent",
    "Attempt",
    "Campaign",
    "DialProfile",
    "Lead",
    "Organization",
    "PhoneNumber",
    "Report",
    "Suppression",
    "Trunk",
    "WorkerLease",
    "metadata",
]
