"""`campanile calls`: what was dialed, and one call whole."""

from typing import Annotated
from uuid import UUID

import typer
from sqlmodel import col, select

from campanile.calls.models import Attempt
from campanile.cli.choosing import campaign_named
from campanile.cli.output import AsJson, console, print_facts, print_json, print_rows
from campanile.config import settings
from campanile.db import transaction
from campanile.errors import Invalid, NotFound
from campanile.results.rows import duration

app = typer.Typer(
    help="Calls: one try to reach somebody each.",
    no_args_is_help=True,
    add_completion=False,
)


@app.command("list")
def list_(
    campaign: Annotated[str | None, typer.Option("--campaign", "-c")] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="The newest so many.")
    ] = 50,
    as_json: AsJson = False,
) -> None:
    """Show calls, the newest first."""
    with transaction() as session:
        query = select(Attempt).where(col(Attempt.dialed_at).is_not(None))
        if campaign:
            query = query.where(
                Attempt.campaign_id == campaign_named(session, campaign).id
            )
        rows = session.exec(
            query.order_by(col(Attempt.dialed_at).desc()).limit(limit)
        ).all()
    print_rows(
        ["id", "number", "try", "state", "disposition", "answered_by", "seconds"],
        [
            (
                r.id,
                r.phone_number,
                r.number,
                r.state,
                r.disposition,
                r.answered_by,
                duration(r),
            )
            for r in rows
        ],
        as_json=as_json,
    )


@app.command()
def show(
    call: Annotated[str, typer.Argument(help="Its id.")], as_json: AsJson = False
) -> None:
    """Show one call: what was said, what came of it, where its recording lies."""
    try:
        call_id = UUID(call)
    except ValueError:
        raise Invalid(
            f"{call!r} is no call id", hint="`campanile calls list` has them"
        ) from None
    with transaction() as session:
        row = session.get(Attempt, call_id)
    if row is None:
        raise NotFound(f"there is no call {call}")
    if as_json:
        print_json(row.model_dump(mode="json"))
        return
    print_facts(
        {
            "number": row.phone_number,
            "from": row.caller_id,
            "state": row.state,
            "disposition": row.disposition,
            "answered by": row.answered_by,
            "end reason": row.end_reason,
            "dialed": row.dialed_at,
            "seconds": duration(row),
            "recording": row.recording and settings().recordings_dir / row.recording,
            "summary": row.summary,
            "structured": row.structured,
            "error": row.error or row.analysis_error,
        },
        as_json=False,
    )
    for message in row.messages:
        who = "callee" if message["role"] == "user" else "agent"
        cut = " [dim](interrupted)[/]" if message.get("interrupted") else ""
        console.print(
            f"  {message['at']:6.1f}  [bold]{who:<6}[/]  {message['text']}{cut}"
        )
