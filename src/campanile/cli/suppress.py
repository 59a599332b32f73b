"""`campanile suppress`: the numbers that must not be rung."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlmodel import Session

from campanile.campaigns.models import Campaign
from campanile.cli.choosing import campaign_named
from campanile.cli.output import (
    AsJson,
    console,
    print_facts,
    print_json,
    print_rows,
    problems,
    warn,
)
from campanile.db import transaction
from campanile.dialing import do_not_call
from campanile.errors import Conflict, Invalid, NotFound
from campanile.leads import suppression
from campanile.leads.listed_numbers import (
    HINT,
    ListedNumber,
    e164,
    read_numbers,
    region_code,
)
from campanile.leads.models import Suppression
from campanile.leads.suppression import Scope
from campanile.organizations.models import Organization, default_organization

app = typer.Typer(
    help="The numbers that must not be rung.",
    no_args_is_help=True,
    add_completion=False,
)

BATCH = 10_000
SHOWN_REJECTS = 20
SKIP_MS = 120_000
"""For one campaign's waiting leads against the whole list; nobody waits for it."""

MOST_SHOWN = 1_000_000

Number = Annotated[
    str, typer.Argument(help="As +12125550100; with --region also as 212-555-0100.")
]
Region = Annotated[
    str | None,
    typer.Option(help="Country of numbers written without +, as US or GB."),
]
OfCampaign = Annotated[
    str | None, typer.Option("--campaign", "-c", help="In this campaign only.")
]
Everywhere = Annotated[
    bool, typer.Option("--everywhere", help="For every organisation here.")
]
Reason = Annotated[str, typer.Option(help="For whoever asks why.")]


@app.command()
def add(
    number: Number,
    region: Region = None,
    campaign: OfCampaign = None,
    everywhere: Everywhere = False,
    reason: Reason = "asked for by hand",
    as_json: AsJson = False,
) -> None:
    """Never ring a number again: from this moment, ringing calls included."""
    phone_number = _read(number, region)
    with transaction() as session:
        scope = _scope(session, campaign, everywhere)
        new = suppression.suppress(
            session,
            phone_number,
            root_id=scope.root_id,
            campaign_id=scope.campaign_id,
            reason=reason,
            source="command line",
        )
        warning = do_not_call.write_down(session, [phone_number], scope)
    facts = {"phone_number": phone_number, "scope": scope.words, "new": new}
    print_facts(facts, as_json=as_json)
    if warning:
        warn(warning)


@app.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="One number a line, or CSV or XLSX with a heading.")
    ],
    campaign: OfCampaign = None,
    everywhere: Everywhere = False,
    region: Region = None,
    phone_column: Annotated[
        str | None, typer.Option(help="Heading of the numbers.")
    ] = None,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Suppress every number of a file. What is read counts at once; again is no harm.

    Fails where no row of the file is a number.
    """
    numbers = read_numbers(file, default_region=region, phone_column=phone_column)
    with transaction() as session:
        scope = _scope(session, campaign, everywhere)
    tally = _Tally(scope, reason, f"file {file.name}")
    with _progress() as progress, ThreadPoolExecutor(1) as writer:
        task = progress.add_task("numbers", total=None)
        writing = writer.submit(tally.take, [])
        for batch in _batches(numbers):  # the next is read while one is written
            writing.result()
            writing = writer.submit(tally.take, batch)
            progress.update(task, completed=tally.listed)
        writing.result()
    skipped = _skip_leads(scope)
    if tally.warning:
        warn(tally.warning)
    if as_json:
        print_json(
            {
                "added": tally.added,
                "known": tally.listed - tally.added,
                "rejected": [
                    {"row": row.line, "reason": row.reason} for row in tally.rejected
                ],
                "leads_skipped": skipped,
                "scope": scope.words,
            }
        )
    else:
        _tell(tally, skipped)
    if tally.rejected and not tally.listed:
        warn(f"No row of {file.name} is a number: nobody was suppressed.")
        if region is None:
            warn(f"Hint: {HINT} (--region).")
        raise typer.Exit(1)


def _tell(tally: "_Tally", skipped: int) -> None:
    console.print(
        f"{tally.added} numbers added, {tally.listed - tally.added} were there already; "
        f"{skipped} waiting leads skipped."
    )
    for row in tally.rejected[:SHOWN_REJECTS]:
        console.print(f"  row {row.line}: {row.reason}", markup=False, soft_wrap=True)
    hidden = len(tally.rejected) - SHOWN_REJECTS
    if hidden > 0:
        console.print(f"  … and {hidden} more that are no numbers (--json has all)")


@dataclass(slots=True)
class _Tally:
    """Takes batch after batch of a file, each in a transaction of its own."""

    scope: Scope
    reason: str
    source: str
    added: int = 0
    listed: int = 0
    rejected: list[ListedNumber] = field(default_factory=list)
    warning: str = ""
    """the last one, where the ledger did not take a batch"""

    def take(self, batch: list[ListedNumber]) -> None:
        good = [row.phone_number for row in batch if row.phone_number is not None]
        self.rejected += [row for row in batch if row.phone_number is None]
        with transaction() as session:
            self.added += suppression.suppress_many(
                session, good, self.scope, reason=self.reason, source=self.source
            )
            warning = do_not_call.write_down(session, good, self.scope)
        self.warning = warning or self.warning
        self.listed += len(good)


@app.command("list")
def list_(
    number: Annotated[str | None, typer.Option(help="Only this one.")] = None,
    region: Region = None,
    limit: Annotated[
        int, typer.Option(min=1, max=MOST_SHOWN, help="Show at most so many.")
    ] = 100,
    offset: Annotated[
        int, typer.Option(min=0, max=2**31 - 1, help="After so many.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Show who is not rung and why, the newest first."""
    wanted = _read(number, region) if number else None
    with transaction() as session:
        root_id = default_organization(session).root_id
        found = suppression.entries(
            session, root_id, phone_number=wanted, limit=limit, offset=offset
        )
        total = suppression.count_entries(session, root_id, phone_number=wanted)
        rows = [_row(session, entry) for entry in found]
    headings = ["number", "scope", "campaign", "reason", "source", "since"]
    print_rows(headings, rows, as_json=as_json)
    if not as_json and total > offset + len(rows):
        console.print(f"{total} in all; see --limit and --offset.")


@app.command()
def remove(
    number: Number,
    region: Region = None,
    campaign: OfCampaign = None,
    everywhere: Everywhere = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Yes, it may be rung again.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take a number off the list. Leads that were skipped for it stay skipped."""
    phone_number = _read(number, region)
    with transaction() as session:
        scope = _scope(session, campaign, everywhere)
        if not yes:
            raise Conflict(
                f"{phone_number} could be rung again", hint="add --yes if that is meant"
            )
        gone = suppression.unsuppress(session, phone_number, scope)
        if gone is None:
            raise NotFound(
                f"{phone_number} is not on the list of this scope",
                hint=f"see `campanile suppress list --number {phone_number}`",
            )
    facts = {"phone_number": phone_number, "scope": scope.words, "removed": True}
    print_facts(facts, as_json=as_json)
    warning = do_not_call.write_lift(gone.id)
    if warning:
        warn(warning)


def _read(number: str, region: str | None) -> str:
    return e164(number, None if region is None else region_code(region))


def _scope(session: Session, campaign: str | None, everywhere: bool) -> Scope:
    if campaign is None:
        root_id = default_organization(session).root_id
        return Scope(root_id=None if everywhere else root_id)
    if everywhere:
        raise Invalid("--campaign and --everywhere exclude each other")
    row = campaign_named(session, campaign)
    root_id = session.get_one(Organization, row.organization_id).root_id
    return Scope(root_id, row.id)


def _skip_leads(scope: Scope) -> int:
    with transaction() as session:
        campaigns = suppression.campaigns_bound(session, scope)
    skipped = 0
    for campaign in campaigns:
        with transaction() as session:
            session.execute(sa.text(f"SET LOCAL statement_timeout = {SKIP_MS}"))
            skipped += suppression.skip_suppressed(session, campaign)
    return skipped


def _batches(rows: Iterator[ListedNumber]) -> Iterator[list[ListedNumber]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _progress() -> Progress:
    """On the error stream, so that --json stays alone on the other."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.completed:,.0f} {task.description}"),
        TimeElapsedColumn(),
        console=problems,
        transient=True,
    )


def _row(session: Session, entry: Suppression) -> tuple[object, ...]:
    campaign = session.get(Campaign, entry.campaign_id) if entry.campaign_id else None
    return (
        entry.phone_number,
        suppression.scope_of(entry).words,
        campaign.name if campaign else None,
        entry.reason,
        entry.source,
        entry.created_at.isoformat(timespec="seconds"),
    )
