"""`campanile leads`: bring a list into a campaign."""

from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session

from campanile.campaigns.models import Campaign
from campanile.cli.choosing import campaign_named
from campanile.cli.output import AsJson, console, print_json, warn
from campanile.db import transaction
from campanile.dialing import do_not_call
from campanile.leads.importing import ImportReport, import_rows, own_scope
from campanile.leads.listed_numbers import region_code
from campanile.leads.lists import read_rows

app = typer.Typer(
    help="The people to ring.", no_args_is_help=True, add_completion=False
)

SHOWN_REJECTS = 20


class _DryRun(Exception):
    """Rolls the transaction back; nothing is wrong."""


@app.callback()
def _group() -> None:
    """The people to ring."""


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX with a column of numbers.")],
    campaign: Annotated[str, typer.Option("--campaign", "-c", help="Name or id.")],
    region: Annotated[
        str | None,
        typer.Option(help="Country of numbers written without +, as US or GB."),
    ] = None,
    phone_column: Annotated[
        str | None, typer.Option(help="Heading of the numbers.")
    ] = None,
    only_variable: Annotated[
        list[str] | None,
        typer.Option(
            help="A column that is a mere variable, though its heading (timezone, "
            "state, postcode, country, not_before, consent_basis, …) has a meaning."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Check the list, add nobody.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add the people of a list to a campaign; rows that cannot be rung are named.

    Who is marked as opted out in any row is suppressed in the campaign.

    Fails where no row of the list can be.
    """
    warning = ""
    try:
        with transaction() as session:
            into = campaign_named(session, campaign)
            report = import_rows(
                session,
                into,
                read_rows(
                    file,
                    phone_column=phone_column,
                    only_variables=only_variable or (),
                ),
                default_region=None if region is None else region_code(region),
                source=f"file {file.name}",
            )
            if dry_run:
                raise _DryRun
            warning = _write_down(session, into, report)
    except _DryRun:
        pass
    if warning:
        warn(warning)
    if as_json:
        print_json(
            {
                "added": report.added,
                "duplicates": report.duplicates,
                "rejected": [
                    {"row": line, "reason": reason} for line, reason in report.rejected
                ],
                "opted_out": len(report.opted_out),
                "suppressed": report.suppressed,
                "leads_skipped": report.skipped,
                "dry_run": dry_run,
            }
        )
    else:
        _tell(report, dry_run=dry_run)
    if report.rejected and not report.added and not report.duplicates:
        raise typer.Exit(1)


def _write_down(session: Session, campaign: Campaign, report: ImportReport) -> str:
    """The ledger's own batches; answers what a person has to be told."""
    numbers, scope = sorted(report.opted_out), own_scope(session, campaign)
    warnings = [
        do_not_call.write_down(session, numbers[n : n + do_not_call.BATCH], scope)
        for n in range(0, len(numbers), do_not_call.BATCH)
    ]
    return next(filter(None, warnings), "")


def _tell(report: ImportReport, *, dry_run: bool) -> None:
    verb = "would be added" if dry_run else "added"
    console.print(
        f"{report.added} leads {verb}, {report.duplicates} were there already."
    )
    if report.opted_out:
        console.print(
            f"{len(report.opted_out)} numbers marked as opted out "
            f"{'would be' if dry_run else 'are'} suppressed in this campaign, "
            f"{report.skipped} waiting leads skipped with them."
        )
    for line, reason in report.rejected[:SHOWN_REJECTS]:
        console.print(f"  row {line}: {reason}", markup=False, soft_wrap=True)
    hidden = len(report.rejected) - SHOWN_REJECTS
    if hidden > 0:
        console.print(
            f"  … and {hidden} more rows that cannot be rung (--json has all)"
        )
