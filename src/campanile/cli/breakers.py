"""`campanile breaker`: what rests after failures, and how to say that it is mended."""

from typing import Annotated

import typer
from sqlmodel import Session

from campanile.capacity.breaker_rows import reset as reset_row
from campanile.capacity.breaker_rows import sick
from campanile.capacity.models import BreakerKind
from campanile.cli.choosing import agent_named, trunk_named
from campanile.cli.output import AsJson, console, print_rows
from campanile.db import transaction
from campanile.errors import Conflict
from campanile.results.hindrances import name as name_of

app = typer.Typer(
    help="Trunks, providers and agents that rest after failures.",
    no_args_is_help=True,
    add_completion=False,
)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Show what rests, why, and when a call tries it again."""
    with transaction() as session:
        rows = [
            (
                row.kind.value,
                name_of(session, row),
                row.state.value,
                row.retry_at and row.retry_at.isoformat(timespec="seconds"),
                row.reason,
            )
            for row in sick(session)
        ]
    if rows or as_json:
        headings = ["kind", "name", "state", "next_try", "reason"]
        print_rows(headings, rows, as_json=as_json)
    else:
        console.print("Everything is well.")


@app.command()
def reset(
    kind: Annotated[BreakerKind, typer.Argument(help="What it is.")],
    name: Annotated[str, typer.Argument(help="Its name; of trunk and agent also id.")],
) -> None:
    """Say that it is mended: calls need not wait for a probe."""
    with transaction() as session:
        if not reset_row(session, kind, _key(session, kind, name)):
            raise Conflict(
                f"{kind.value} {name!r} is well", hint="see `campanile breaker list`"
            )
    console.print(f"{kind.value} {name} may be called with again.")


def _key(session: Session, kind: BreakerKind, name: str) -> str:
    match kind:
        case BreakerKind.TRUNK:
            return str(trunk_named(session, name).id)
        case BreakerKind.AGENT:
            return str(agent_named(session, name).id)
        case BreakerKind.PROVIDER:
            return name
