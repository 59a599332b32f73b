"""The processes: all of them at once (`up`), or each by itself as a service runs it.

Scheduler and workers are separate packages above this library; their commands become
those programs (exec), so that the pid stays the one that was started.
"""

import asyncio
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from campanile import logs
from campanile.cli.output import console
from campanile.config import settings
from campanile.embedded import stack
from campanile.readiness import announce

rehearsal = typer.Typer(
    help="The simulated phone network and provider server, each by itself.",
    no_args_is_help=True,
)


class Queue(StrEnum):
    CALLS = "calls"
    JOBS = "jobs"


def register(app: typer.Typer) -> None:
    for command in (up, down, migrate, api, scheduler, worker):
        app.command(command.__name__)(command)
    app.add_typer(rehearsal, name="rehearsal")


def up() -> None:
    """Start everything on this machine: private servers, rehearsal, API, workers."""
    stack.up(settings().data_dir, tell=console.print)


def down() -> None:
    """Stop what `campanile up` started; running calls may say goodbye."""
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


@rehearsal.command()
def exchange(
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 0,
    callees: Annotated[
        Path | None, typer.Option(help="A folder of callee files.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Fixes everything random.")] = 0,
    mute: Annotated[bool, typer.Option(help="Callees say nothing.")] = False,
    session_seconds: Annotated[
        float, typer.Option(help="As Janus's session_timeout.")
    ] = 10,
) -> None:
    """A phone network of simulated callees, behind Janus's protocol."""
    logs.configure()
    from campanile.rehearsal.exchange.options import (  # noqa: PLC0415  heavy
        ExchangeOptions,
    )
    from campanile.rehearsal.exchange.server import serve  # noqa: PLC0415

    options = ExchangeOptions(
        data_dir=settings().data_dir,
        port=port,
        callees=callees,
        seed=seed,
        mute=mute,
        session_seconds=session_seconds,
    )
    asyncio.run(serve(options, ready=lambda url: announce("exchange", url=url)))


@rehearsal.command()
def providers(
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 0,
) -> None:
    """Deepgram, OpenAI and ElevenLabs over offline engines."""
    logs.configure()
    from campanile.rehearsal.provider_server.server import (  # noqa: PLC0415  heavy
        ProviderServerOptions,
        serve,
    )

    options = ProviderServerOptions(data_dir=settings().data_dir, port=port)
    asyncio.run(
        serve(
            options,
            ready=lambda url: announce("providers", **provider_addresses(url)),
        )
    )


def provider_addresses(url: str) -> dict[str, str]:
    """The rehearsal's one server, as each provider's setting names it."""
    return {
        "deepgram_url": url.replace("http", "ws", 1),
        "openai_url": f"{url}/v1",
        "elevenlabs_url": url,
    }
