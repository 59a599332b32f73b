"""All provider endpoints on one port; see the package for what it is."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from campanile.rehearsal.legs import NdjsonLog
from campanile.rehearsal.voices import Voices

from . import deepgram, elevenlabs, openai_chat, openai_speech, scripts, tools
from .keys import Keys
from .options import Delays, ProviderServerOptions
from .recognizer import Recognizer
from .service import Service

__all__ = ["Delays", "ProviderServerOptions", "serve"]

_SPEAK = "/v1/text-to-speech/{voice_id}"


async def serve(
    options: ProviderServerOptions, *, ready: Callable[[str], None] = lambda url: None
) -> None:
    """Serve until cancelled or told by a signal; `ready` is given the URL when every
    engine is warm. Raises Unavailable, Invalid or OSError where it cannot start."""
    async with _engines(options) as service:
        listener = socket.create_server((options.host, options.port))
        with listener:
            port = listener.getsockname()[1]
            await _run(_app(service), listener, lambda: ready(_url(options.host, port)))


@asynccontextmanager
async def _engines(options: ProviderServerOptions) -> AsyncIterator[Service]:
    known = scripts.load(options.scripts)
    folder = options.data_dir / "rehearsal"
    phrases = [phrase for script in known for phrase in script.heard]
    recognizer = Recognizer(phrases, processes=options.decoders)
    voices = Voices(folder / "voices")
    log = NdjsonLog(folder / "providers.ndjson")
    try:
        await asyncio.gather(recognizer.start(), voices.speak("Ready.", "anna"))
        yield Service(
            known, voices, recognizer, Keys(options.require_key), options.delays, log
        )
    finally:
        await recognizer.close()
        await voices.close()
        log.close()


class _Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]):
        super().__init__(config)
        self._tell = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._tell()


async def _run(
    app: Starlette, listener: socket.socket, started: Callable[[], None]
) -> None:
    config = uvicorn.Config(
        app,
        ws="websockets-sansio",
        ws_per_message_deflate=False,  # of G.711: all cost, no gain
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config, started)
    serving = asyncio.create_task(server.serve(sockets=[listener]), name="uvicorn")
    try:
        await asyncio.shield(serving)
    finally:
        # Cancelled itself, uvicorn would leave its connections open.
        server.should_exit = True
        await serving


def _app(service: Service) -> Starlette:
    def post(
        path: str, answer: Callable[[Request, Service], Awaitable[Response]]
    ) -> Route:
        async def endpoint(request: Request) -> Response:
            return await answer(request, service)

        return Route(path, endpoint, methods=["POST"])

    def stream(
        path: str, answer: Callable[[WebSocket, Service], Awaitable[None]]
    ) -> WebSocketRoute:
        async def endpoint(socket: WebSocket) -> None:
            await answer(socket, service)

        return WebSocketRoute(path, endpoint)

    routes: list[BaseRoute] = [
        stream("/v1/listen", deepgram.listen),
        post("/v1/chat/completions", openai_chat.complete),
        post("/v1/audio/speech", openai_speech.speak),
        post(_SPEAK, elevenlabs.speak),
        post(f"{_SPEAK}/stream", elevenlabs.speak),
        stream(f"{_SPEAK}/stream-input", elevenlabs.stream_input),
        post("/tools/find_slot", tools.find_slot),
    ]
    return Starlette(routes=routes, exception_handlers={404: _unknown})


async def _unknown(request: Request, error: Exception) -> Response:
    message = f"Invalid URL ({request.method} {request.url.path})"
    return JSONResponse(
        {"error": {"message": message, "type": "invalid_request_error"}},
        status_code=404,
    )


def _url(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
