"""The processes: all of them at once (`up`), or each by itself as a service runs it.

Scheduler and workers are separate packages above this library; their commands become
those programs (exec), so that the pid stays the one that was started.
"""

import os
import sys
from enum import StrEnum
from typing import Annotated

import typer

from campanile import logs
from campanile.cli.output import console
from campanile.config import settings


class Queue(StrEnum):
    CALLS = "calls"
    JOBS = "jobs"


def up() -> None:
    """Start everything on this machine: private servers, rehearsal, API, workers."""
    from campanile.embedded import stack  # noqa: PLC0415  only these two need it

    stack.up(settings().data_dir, tell=console.print)


def down() -> None:
    """Stop what `campanile up` started; running calls may say goodbye."""
    from campanile.embedded import stack  # noqa: PLC0415

    if stack.down(settings().data_dir):
        console.print("Stopped.")
    else:
        console.print("Nothing was running.")


def migrate() -> None:
    """Bring the database to the newest schema."""
    from campanile.db import migrate as to_newest  # noqa: PLC0415  alembic is slow

    to_newest()


def api() -> None:
    """Serve the HTTP API."""
    logs.configure()
    from campanile.api.serve import serve  # noqa: PLC0415  only this one needs FastAPI

    serve()


def scheduler() -> None:
    """Pace the calls: the tick and the sweeps."""
    _become("campanile_scheduler")


def worker(
    queue: Annotated[Queue, typer.Option(help="calls, or jobs (analysis, reports)")] = (
        Queue.CALLS
    ),
) -> None:
    """Hold calls, or do the jobs after them."""
    _become("campanile_workers", queue)


def _become(package: str, *arguments: str) -> None:
    os.execv(sys.executable, [sys.executable, "-m", package, *arguments])
