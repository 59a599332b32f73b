"""Find what a person names on the command line: by id, by name, or the only one."""

from typing import TypeVar
from uuid import UUID

from sqlmodel import Session, select

from campanile.agents.models import Agent
from campanile.campaigns.models import Campaign
from campanile.errors import Conflict, NotFound
from campanile.organizations.models import Organization
from campanile.trunks.models import Trunk

Named = TypeVar("Named", Agent, Campaign, Organization, Trunk)


def campaign_named(session: Session, text: str) -> Campaign:
    return _named(session, Campaign, text, "campaign")


def agent_named(session: Session, text: str) -> Agent:
    return _named(session, Agent, text, "agent")


def organization_named(session: Session, text: str) -> Organization:
    return _named(session, Organization, text, "organization")


def trunk_named(session: Session, text: str) -> Trunk:
    return _named(session, Trunk, text, "trunk")


def _named(session: Session, kind: type[Named], text: str, noun: str) -> Named:
    try:
        found = session.get(kind, UUID(text))
        matches = [found] if found else []
    except ValueError:
        matches = list(session.exec(select(kind).where(kind.name == text)).all())
    if not matches:
        names = sorted(row.name for row in session.exec(select(kind)).all())
        raise NotFound(
            f"there is no {noun} {text!r}",
            hint=f"there are: {', '.join(names)}"
            if names
            else f"create one with `campanile {noun} create`",
        )
    if len(matches) > 1:
        ids = ", ".join(str(row.id) for row in matches)
        raise Conflict(f"several {noun}s are called {text!r}", hint=f"use an id: {ids}")
    return matches[0]
