"""Kept HTTP connections, each alone, by httpcore.

A client on top (httpx: cookies, redirects, authentication schemes) doubled the CPU of a
request, and a pool of connections looks at every one for every other one each time: with
a hundred open that was 25 ms a request, a missed frame for every call of the process.
Here a request costs the same however many connections are kept.
"""

import ssl
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore

_KEPT_SECONDS = 30.0
_DEFAULT_PORTS = {b"http": 80, b"https": 443}


class Answer:
    """An answer's head; its body is still to be read, once, by `chunks` or `whole`."""

    def __init__(
        self, response: httpcore.Response, give_back: Callable[[], Awaitable[None]]
    ):
        self._response = response
        self._give_back = give_back
        self._closed = False
        self.status = response.status

    def header(self, name: bytes) -> str:
        """A header's first value; empty where there is none. `name` in lower case."""
        values = (v for n, v in self._response.headers if n.lower() == name)
        return next(values, b"").decode("latin-1")

    def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives."""
        return self._response.aiter_stream()

    async def whole(self) -> bytes:
        return await self._response.aread()

    async def aclose(self) -> None:
        """Give the connection back, or end it where something is still to come."""
        if self._closed:
            return
        self._closed = True
        await self._response.aclose()
        await self._give_back()


class Lanes:
    """A stack of idle connections per origin: the warmest is used first."""

    def __init__(self, tls: Callable[[], ssl.SSLContext]):
        self._tls = tls
        self._idle: defaultdict[str, deque[httpcore.AsyncConnectionInterface]]
        self._idle = defaultdict(deque)
        self._closed = False

    async def post(
        self,
        url: str,
        *,
        headers: dict[str, str],
        body: bytes,
        timeout: dict[str, float],
    ) -> Answer:
        """Send a request and wait for the answer's head. Raises what httpcore raises.

        `timeout`: seconds to `connect`, to `read` and to `write`.
        """
        target = httpcore.URL(url)
        if target.scheme not in _DEFAULT_PORTS:
            raise httpcore.UnsupportedProtocol(f"{url} is no HTTP address")
        request = httpcore.Request(
            "POST",
            target,
            headers=[
                (b"Host", _host(target)),
                (b"Content-Length", str(len(body)).encode()),
                *((name.encode(), value.encode()) for name, value in headers.items()),
            ],
            content=body,
            extensions={"timeout": timeout},
        )
        lane = await self._idle_lane(target.origin) or self._open(url, target.origin)
        try:
            response = await lane.handle_async_request(request)
        except BaseException:
            await lane.aclose()
            raise
        return Answer(response, lambda: self._give_back(target.origin, lane))

    async def aclose(self) -> None:
        self._closed = True
        for idle in self._idle.values():
            while idle:
                await idle.pop().aclose()

    async def _idle_lane(
        self, origin: httpcore.Origin
    ) -> httpcore.AsyncConnectionInterface | None:
        idle = self._idle[str(origin)]
        while idle:
            lane = idle.pop()
            if not lane.has_expired():
                return lane
            await lane.aclose()
        return None

    def _open(
        self, url: str, origin: httpcore.Origin
    ) -> httpcore.AsyncConnectionInterface:
        # Only a maker of connections here: which kind a proxy needs, it knows.
        pool = httpcore.AsyncConnectionPool(
            ssl_context=self._tls() if origin.scheme == b"https" else None,
            proxy=_proxy_for(url),
            keepalive_expiry=_KEPT_SECONDS,
        )
        return pool.create_connection(origin)

    async def _give_back(
        self, origin: httpcore.Origin, lane: httpcore.AsyncConnectionInterface
    ) -> None:
        if self._closed or not lane.is_idle():
            await lane.aclose()
            return
        idle = self._idle[str(origin)]
        idle.append(lane)
        while idle and idle[0].has_expired():
            await idle.popleft().aclose()


def _host(url: httpcore.URL) -> bytes:
    """What the Host header says: the port only where it is not the usual one."""
    if url.port in (None, _DEFAULT_PORTS[url.scheme]):
        return url.host
    return b"%b:%d" % (url.host, url.port)


def is_loopback(url: str) -> bool:
    return urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")


def _proxy_for(url: str) -> httpcore.Proxy | None:
    """The environment's proxy is for the world outside, not for the rehearsal."""
    parts = urlsplit(url)
    if is_loopback(url) or proxy_bypass(parts.hostname or ""):
        return None
    named = getproxies().get(parts.scheme)
    if not named:
        return None
    proxy = urlsplit(named if "://" in named else f"http://{named}")
    auth = (
        (unquote(proxy.username), unquote(proxy.password or ""))
        if proxy.username
        else None
    )
    return httpcore.Proxy(
        f"{proxy.scheme}://{proxy.netloc.rpartition('@')[2]}", auth=auth
    )
