"""How commands print: a table or lines for people, JSON for machines."""

import json
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]

console = Console(highlight=False)
problems = Console(stderr=True, highlight=False)


def warn(sentence: str) -> None:
    """On the error stream, so that --json stays alone on the other."""
    problems.print(sentence, style="yellow", markup=False)


def print_json(value: Any) -> None:
    """Dates as ISO 8601, ids and enums as text."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    console.out(text, highlight=False)  # nothing in it is markup


def print_rows(
    headings: Sequence[str], rows: Iterable[Sequence[Any]], *, as_json: bool
) -> None:
    """Rows under headings; as JSON, a list of objects with the headings as keys."""
    if as_json:
        print_json([dict(zip(headings, row, strict=True)) for row in rows])
        return
    table = Table(*headings, box=None, header_style="bold")
    for row in rows:
        table.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
    console.print(table)


def print_facts(facts: dict[str, Any], *, as_json: bool) -> None:
    """One thing with its properties."""
    if as_json:
        print_json(facts)
        return
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        told = "" if value is None else escape(str(value))
        console.print(f"[bold]{name:<{width}}[/]  {told}")
