"""`campanile rehearsal`: the simulated phone network and provider server, each by itself.

They are two processes, and neither needs the other's engines: so imports are local.
"""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from campanile import logs
from campanile.config import settings
from campanile.readiness import announce

app = typer.Typer(
    help="The simulated world, process by process.",
    no_args_is_help=True,
    add_completion=False,
)

Port = Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")]


@app.command()
def exchange(
    port: Port = 0,
    callees: Annotated[
        Path | None, typer.Option(help="A folder of callee files.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Fixes everything random.")] = 0,
    mute: Annotated[bool, typer.Option(help="Callees say nothing.")] = False,
    session_seconds: Annotated[
        float, typer.Option(min=1, max=86400, help="As Janus's session_timeout.")
    ] = 10,
) -> None:
    """A phone network of simulated callees, behind Janus's protocol."""
    from campanile.rehearsal.exchange.options import (  # noqa: PLC0415  as below
        ExchangeOptions,
    )
    from campanile.rehearsal.exchange.server import serve  # noqa: PLC0415

    logs.configure()
    options = ExchangeOptions(
        data_dir=settings().data_dir,
        port=port,
        callees=callees,
        seed=seed,
        mute=mute,
        session_seconds=session_seconds,
    )
    asyncio.run(serve(options, ready=lambda url: announce("exchange", url=url)))


@app.command()
def providers(
    port: Port = 0,
) -> None:
    """Deepgram, OpenAI and ElevenLabs over offline engines."""
    from campanile.rehearsal.provider_server.server import (  # noqa: PLC0415
        ProviderServerOptions,
        serve,
    )

    logs.configure()
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
