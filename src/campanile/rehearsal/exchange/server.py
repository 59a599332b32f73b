"""The exchange's WebSocket server, and everything one process of it holds."""

import asyncio
import json
import random
from collections.abc import Callable
from typing import Any

import structlog
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as listen
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from campanile.rehearsal.exchange.core import Core
from campanile.rehearsal.exchange.options import ExchangeOptions
from campanile.rehearsal.exchange.protocol import Message, Refused, refusal
from campanile.rehearsal.exchange.signalling import Switchboard
from campanile.rehearsal.exchange.telephones import Telephones

log = structlog.get_logger()

REAP_EVERY_SECONDS = 0.25


async def serve(
    options: ExchangeOptions, *, ready: Callable[[str], None] = lambda _url: None
) -> None:
    """Run the simulated phone network until cancelled.

    `ready` is called once with the address, e.g. `ws://127.0.0.1:8188`, when calls can
    be taken: every sentence of the built-in callees has been spoken to the cache.
    """
    far_ends = Switchboard if options.signalling_only else Telephones
    async with far_ends.open(options) as telephones:
        core = Core(
            telephones,
            session_seconds=options.session_seconds,
            rng=random.Random(options.seed),
        )

        async def connection(socket: ServerConnection) -> None:
            await _converse(socket, core)

        async with listen(
            connection,
            options.host,
            options.port,
            subprotocols=[Subprotocol("janus-protocol")],
            compression=None,  # SDP is small and the machine is shared with sixty legs
            max_size=1 << 20,
        ) as server:
            port = server.sockets[0].getsockname()[1]
            ready(f"ws://{options.host}:{port}")
            while True:
                await asyncio.sleep(REAP_EVERY_SECONDS)
                core.reap()


async def _converse(socket: ServerConnection, core: Core) -> None:
    """One connection: requests in, answers and events out in the order they arose."""
    outbox: asyncio.Queue[Message] = asyncio.Queue()
    send = outbox.put_nowait
    writer = asyncio.create_task(_write(socket, outbox), name="exchange.writer")
    try:
        async for text in socket:
            try:
                core.ask(_parse(text), send)
            except Refused as error:
                send(refusal(error, 0, ""))
    except ConnectionClosed:
        log.info("exchange.connection_lost")
    finally:
        core.connection_lost(send)
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)


async def _write(socket: ServerConnection, outbox: asyncio.Queue[Message]) -> None:
    try:
        while True:
            await socket.send(json.dumps(await outbox.get()))
    except ConnectionClosed:
        pass  # the reader sees it too, and ends the sessions


def _parse(text: str | bytes) -> dict[str, Any]:
    try:
        request = json.loads(text)
    except ValueError as error:
        raise Refused(454, f"Invalid JSON ({error})") from error
    if not isinstance(request, dict):
        raise Refused(455, "Invalid JSON object")
    return request
