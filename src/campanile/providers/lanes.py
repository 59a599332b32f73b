"""Kept connections, each alone in a transport of its own.

httpcore's pool looks at every connection once for every other one on each request:
with a hundred open that was 25 ms of CPU a request, a missed frame for every call of
the process. Here a request costs the same however many connections are kept.
"""

import ssl
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

_KEPT_SECONDS = 30.0
_ONE = httpx.Limits(
    max_connections=1, max_keepalive_connections=1, keepalive_expiry=_KEPT_SECONDS
)

_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

_Origin = tuple[str, str, int | None]


class Lanes(httpx.AsyncBaseTransport):
    """A stack of idle connections per origin: the warmest is used first."""

    def __init__(self, tls: Callable[[], ssl.SSLContext]):
        self._tls = tls
        self._idle: defaultdict[_Origin, deque[tuple[float, httpx.AsyncHTTPTransport]]]
        self._idle = defaultdict(deque)
        self._closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        origin = (url.scheme, url.host, url.port)
        idle = self._idle[origin]
        lane = idle.pop()[1] if idle else self._open(str(url))
        try:
            response = await lane.handle_async_request(request)
        except BaseException:
            await lane.aclose()
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _Loan(response.stream, lambda: self._give_back(origin, lane))
        return response

    async def aclose(self) -> None:
        self._closed = True
        for idle in self._idle.values():
            while idle:
                await idle.pop()[1].aclose()

    def _open(self, url: str) -> httpx.AsyncHTTPTransport:
        # Any context will do for http; httpx would make one by itself.
        tls = self._tls() if url.startswith("https:") else _NO_TLS
        return httpx.AsyncHTTPTransport(verify=tls, limits=_ONE, proxy=_proxy_for(url))

    async def _give_back(self, origin: _Origin, lane: httpx.AsyncHTTPTransport) -> None:
        if self._closed:
            await lane.aclose()
            return
        now = time.monotonic()
        idle = self._idle[origin]
        idle.append((now, lane))
        while idle[0][0] < now - _KEPT_SECONDS:
            await idle.popleft()[1].aclose()


class _Loan(httpx.AsyncByteStream):
    """An answer's bytes; closing it gives the connection back."""

    def __init__(
        self, stream: httpx.AsyncByteStream, give_back: Callable[[], Awaitable[None]]
    ):
        self._stream = stream
        self._give_back = give_back
        self._closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._stream.__aiter__()

    async def aclose(self) -> None:
        if self._closed:
            return
        self._closed = True
        await self._stream.aclose()
        await self._give_back()


def is_loopback(url: str) -> bool:
    return urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")


def _proxy_for(url: str) -> str | None:
    """The environment's proxy is for the world outside, not for the rehearsal."""
    parts = urlsplit(url)
    if is_loopback(url) or proxy_bypass(parts.hostname or ""):
        return None
    return getproxies().get(parts.scheme)
