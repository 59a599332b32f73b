"""`campanile stop`: the brake. What it stops stays stopped until it is lifted."""

from typing import Annotated
from uuid import UUID

import typer
from sqlmodel import Session, SQLModel

from campanile.campaigns.models import Campaign
from campanile.cli.choosing import campaign_named, organization_named, trunk_named
from campanile.cli.output import AsJson, console, print_rows
from campanile.db import transaction
from campanile.errors import Invalid
from campanile.organizations import stops
from campanile.organizations.models import Organization
from campanile.organizations.stops import Stop, StopScope
from campanile.trunks.models import Trunk


def stop(
    everything: Annotated[
        bool, typer.Option("--all", help="Every call of everybody.")
    ] = False,
    organization: Annotated[
        str, typer.Option(help="Name or id; its children stop with it.")
    ] = "",
    trunk: Annotated[str, typer.Option(help="Name or id.")] = "",
    campaign: Annotated[str, typer.Option(help="Name or id.")] = "",
    hang_up: Annotated[
        bool, typer.Option("--hang-up", help="Close live conversations too.")
    ] = False,
    reason: Annotated[str, typer.Option(help="For whoever asks why.")] = "",
    lift: Annotated[
        bool, typer.Option("--lift", help="Let the calls of that scope go out again.")
    ] = False,
    show: Annotated[
        bool, typer.Option("--list", help="Show what is stopped; change nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Ring nobody new and cancel what rings, until --lift. A restart changes nothing.

    Within a second for new calls, within five for ringing ones. Conversations go on
    unless --hang-up is given.
    """
    with transaction() as session:
        if not show:
            scope, target = _chosen(session, everything, organization, trunk, campaign)
            if not lift:
                stops.stop(session, scope, target, hang_up=hang_up, reason=reason)
            elif not stops.lift(session, scope, target):
                raise Invalid("that is not stopped", hint="see `campanile stop --list`")
        rows = [_row(session, found) for found in stops.stops_in_force(session)]
    if rows or as_json:
        headings = ["stopped", "name", "hang_up", "since", "reason"]
        print_rows(headings, rows, as_json=as_json)
    else:
        console.print("Nothing is stopped.")


def _chosen(
    session: Session, everything: bool, organization: str, trunk: str, campaign: str
) -> tuple[StopScope, UUID | None]:
    if [everything, organization != "", trunk != "", campaign != ""].count(True) != 1:
        raise Invalid(
            "say what: one of --all, --organization, --trunk, --campaign",
            hint="`campanile stop --list` shows what is stopped",
        )
    if organization:
        return StopScope.ORGANIZATION, organization_named(session, organization).id
    if trunk:
        return StopScope.TRUNK, trunk_named(session, trunk).id
    if campaign:
        return StopScope.CAMPAIGN, campaign_named(session, campaign).id
    return StopScope.EVERYTHING, None


_KINDS: dict[StopScope, type[SQLModel]] = {
    StopScope.ORGANIZATION: Organization,
    StopScope.TRUNK: Trunk,
    StopScope.CAMPAIGN: Campaign,
}


def _row(session: Session, found: Stop) -> tuple[str, str, bool, str, str]:
    name = ""
    if kind := _KINDS.get(found.scope):
        name = str(getattr(session.get(kind, found.target_id), "name", found.target_id))
    since = f"{found.created_at:%Y-%m-%d %H:%M:%S} UTC"
    return (found.scope.value, name, found.hang_up, since, found.reason)
