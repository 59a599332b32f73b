"""`campanile number`: the caller IDs, and the trunks they leave through."""

from dataclasses import asdict
from typing import Annotated

import typer
from sqlmodel import select

from campanile.cli.number_report import print_account
from campanile.cli.output import AsJson, print_facts, print_json, print_rows
from campanile.db import transaction
from campanile.numbers.models import PhoneNumber
from campanile.numbers.phones import parse
from campanile.organizations.models import default_organization
from campanile.results.number_account import account
from campanile.trunks.models import Trunk, TrunkLimits

app = typer.Typer(
    help="The numbers we call from, and what is known of any other.",
    no_args_is_help=True,
    add_completion=False,
)


@app.command()
def add(
    number: Annotated[
        str, typer.Argument(help="In international form, as +12125550100.")
    ],
    trunk: Annotated[
        str, typer.Option(help="SIP server of the carrier, host or host:port.")
    ] = "sip.invalid",
    channels: Annotated[int, typer.Option(help="Calls at once on the trunk.")] = 30,
    cps: Annotated[
        float, typer.Option(help="Calls per second the carrier allows.")
    ] = 5,
    as_json: AsJson = False,
) -> None:
    """Register a number that calls are made from. Adding it again changes its trunk."""
    e164 = parse(number).e164
    limits = TrunkLimits.model_validate({"channels": channels, "calls_per_second": cps})
    with transaction() as session:
        organization = default_organization(session)
        line = session.exec(
            select(Trunk).where(
                Trunk.organization_id == organization.id, Trunk.address == trunk
            )
        ).first()
        if line is None:
            line = Trunk(organization_id=organization.id, name=trunk, address=trunk)
        line.channels = limits.channels
        line.calls_per_second = limits.calls_per_second
        session.add(line)
        session.flush()
        found = session.exec(
            select(PhoneNumber).where(
                PhoneNumber.organization_id == organization.id,
                PhoneNumber.phone_number == e164,
            )
        ).first()
        row = found or PhoneNumber(
            organization_id=organization.id, phone_number=e164, trunk_id=line.id
        )
        row.trunk_id = line.id
        session.add(row)
        facts = {
            "id": row.id,
            "phone_number": e164,
            "trunk": line.address,
            "channels": line.channels,
            "calls_per_second": line.calls_per_second,
        }
    print_facts(facts, as_json=as_json)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Show the numbers and their trunks."""
    with transaction() as session:
        rows = session.exec(
            select(PhoneNumber, Trunk).join(Trunk, PhoneNumber.trunk_id == Trunk.id)  # type: ignore[arg-type]
        ).all()
    print_rows(
        ["number", "trunk", "channels", "calls_per_second", "active"],
        [
            (n.phone_number, t.address, t.channels, t.calls_per_second, n.is_active)
            for n, t in rows
        ],
        as_json=as_json,
    )


@app.command()
def show(
    number: Annotated[
        str, typer.Argument(help="Anybody's, in international form: +12125550101.")
    ],
    as_json: AsJson = False,
) -> None:
    """Tell all about a number: every attempt and what allowed it, consent, opt-outs,
    and what may be done with it now."""
    with transaction() as session:
        found = account(session, default_organization(session).root_id, number)
    if as_json:
        print_json(asdict(found))
    else:
        print_account(found)
