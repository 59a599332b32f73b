"""Serve the API on loopback; other addresses wait for API keys."""

import asyncio
import socket

import uvicorn

from campanile.api.app import create_app
from campanile.config import settings
from campanile.errors import Invalid
from campanile.readiness import announce

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def serve() -> None:
    host, port = settings().api_host, settings().api_port
    if host not in LOOPBACK:
        raise Invalid(
            f"CAMPANILE_API_HOST is {host}, but the API knows no keys yet",
            hint="leave it at 127.0.0.1",
        )
    listener = socket.create_server((host, port))
    config = uvicorn.Config(create_app(), log_config=None, access_log=False)
    asyncio.run(_serve(uvicorn.Server(config), listener))


async def _serve(server: uvicorn.Server, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    announce("api", url=f"http://{host}:{port}")
    await server.serve(sockets=[listener])
