"""What every route needs, as annotated aliases."""

from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlmodel import Session

from campanile.campaigns import lifecycle
from campanile.campaigns.models import Campaign
from campanile.db import transaction
from campanile.organizations.models import default_organization


def _session() -> Iterator[Session]:
    """One request, one transaction; committed when the route has returned."""
    with transaction() as session:
        yield session


# scope="function": commit before the answer leaves, or a client could read too early.
SessionDep = Annotated[Session, Depends(_session, scope="function")]


def _organization(session: SessionDep) -> UUID:
    """On loopback there is one organisation; API keys will choose it."""
    return default_organization(session).id


OrganizationDep = Annotated[UUID, Depends(_organization)]


def _campaign(
    campaign_id: UUID, session: SessionDep, organization: OrganizationDep
) -> Campaign:
    return lifecycle.find(session, organization, campaign_id)


CampaignDep = Annotated[Campaign, Depends(_campaign)]
