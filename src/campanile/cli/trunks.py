"""`campanile trunk`: how the trunks do, and taking one out of service."""

from dataclasses import asdict
from typing import Annotated

import typer

from campanile.cli.choosing import trunk_named
from campanile.cli.output import AsJson, console, print_json, print_rows
from campanile.db import transaction
from campanile.errors import Conflict
from campanile.results.trunks import TrunkReport, trunk_reports
from campanile.trunks import switch

app = typer.Typer(
    help="The carriers' lines that calls leave through.",
    no_args_is_help=True,
    add_completion=False,
)

Name = Annotated[str, typer.Argument(help="The trunk's name or id.")]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Show the trunks and how they did in the last hour."""
    with transaction() as session:
        reports = trunk_reports(session)
    if as_json:
        print_json([asdict(report) for report in reports])
        return
    print_rows(
        ["name", "address", "state", "calls", "answered", "failed", "codes", "reason"],
        [_row(report) for report in reports],
        as_json=False,
    )


def _row(report: TrunkReport) -> tuple[object, ...]:
    reason = report.reason
    if report.retry_at is not None:
        reason = f"{reason}; next try at {report.retry_at}"
    return (
        report.name,
        report.address,
        report.state,
        report.calls,
        f"{report.answer_rate:.0%}",
        f"{report.failure_share:.0%}",
        " ".join(map(str, report.codes)),
        reason,
    )


@app.command()
def disable(name: Name) -> None:
    """Let no new call leave through it; calls under way go on."""
    with transaction() as session:
        if not switch.disable(session, trunk_named(session, name).id):
            raise Conflict(f"trunk {name!r} is disabled already")
    console.print(f"No new call leaves through {name}.")


@app.command()
def enable(name: Name) -> None:
    """Put it back into service."""
    with transaction() as session:
        if not switch.enable(session, trunk_named(session, name).id):
            raise Conflict(f"trunk {name!r} is in service already")
    console.print(f"Calls leave through {name} again.")
