"""Servers that do exactly what a test tells them, wrong things above all."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson
from websockets.asyncio.server import ServerConnection, serve

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n"


@dataclass
class Request:
    head: str
    body: bytes

    @property
    def json(self):
        return orjson.loads(self.body)


@dataclass
class Exchange:
    """One request on one connection, seen from the server."""

    request: Request
    writer: asyncio.StreamWriter
    count: int
    """Which request of this server it is, from 1."""

    async def begin(self, kind: bytes = b"text/event-stream") -> None:
        self.writer.write(ANSWER % kind)
        await self.writer.drain()

    async def chunk(self, data: bytes) -> None:
        self.writer.write(b"%x\r\n%s\r\n" % (len(data), data))
        await self.writer.drain()

    async def end(self) -> None:
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()

    async def status(self, code: int, body: bytes = b"{}") -> None:
        self.writer.write(
            b"HTTP/1.1 %d No\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (code, len(body), body)
        )
        await self.writer.drain()

    async def json(self, value: object) -> None:
        await self.status(200, orjson.dumps(value))

    async def hang(self) -> None:
        await asyncio.Event().wait()

    def cut(self) -> None:
        self.writer.transport.abort()


@dataclass
class HttpServer:
    url: str = ""
    requests: list[Request] = field(default_factory=list)
    connections: int = 0


@asynccontextmanager
async def http_server(
    script: Callable[[Exchange], Awaitable[None]],
    *,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[HttpServer]:
    seen = HttpServer()
    handlers: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        handlers.add(asyncio.current_task())
        seen.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = next(
                    int(line.split(":")[1])
                    for line in head.lower().splitlines()
                    if line.startswith("content-length")
                )
                request = Request(head, await reader.readexactly(length))
                seen.requests.append(request)
                await script(Exchange(request, writer, len(seen.requests)))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    seen.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield seen
    finally:
        server.close()
        for handler in handlers:
            handler.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)


@asynccontextmanager
async def websocket_server(
    script: Callable[[ServerConnection], Awaitable[None]], **options
) -> AsyncIterator[str]:
    async with serve(script, "127.0.0.1", 0, **options) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
