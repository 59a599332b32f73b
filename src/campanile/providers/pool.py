"""The connections of one event loop to all its providers.

Made once per process, shared by every call, closed explicitly: a new TLS context costs
more CPU than a whole sentence, a new connection two round trips of dead air.
"""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Any, Self

import httpx
import orjson

from .errors import ProviderError, from_status
from .lanes import Lanes

LIVE = httpx.Timeout(connect=2.0, read=5.0, write=5.0, pool=2.0)
"""Seconds. `read` bounds the first byte and every gap after it, so a half-open stream."""
PATIENT = httpx.Timeout(connect=2.0, read=60.0, write=5.0, pool=2.0)
"""For answers that come whole, after the call, when nobody is waiting on the line."""

_DETAIL_CHARACTERS = 200


class Pool:
    """`async with Pool() as pool:` around everything that talks to providers."""

    def __init__(self, *, live: httpx.Timeout = LIVE) -> None:
        self._live = live
        self._http = httpx.AsyncClient(transport=Lanes(lambda: self.tls))

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """Made on first use: reading the certificates costs 30 ms of CPU."""
        return httpx.create_ssl_context()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """May be called twice."""
        await self._http.aclose()

    @asynccontextmanager
    async def post(
        self,
        provider: str,
        url: str,
        *,
        headers: dict[str, str],
        body: dict[str, Any],
        timeout: httpx.Timeout | None = None,
    ) -> AsyncIterator[httpx.Response]:
        """The answer's head is there on entry, its body is the caller's to read.

        Whatever goes wrong, reading included, leaves as one ProviderError. `timeout`
        is LIVE unless told.
        """
        request = self._http.build_request(
            "POST",
            url,
            content=orjson.dumps(body),
            headers={
                "Content-Type": "application/json",
                "Accept-Encoding": "identity",  # a compressor holds words back
                **headers,
            },
            timeout=timeout or self._live,
        )
        try:
            response = await self._send(request)
            try:
                await _refuse_errors(provider, response)
                yield response
            finally:
                await response.aclose()
        except httpx.TimeoutException as error:
            raise _failed(provider, "timeout", error) from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise _failed(provider, "connection", error) from error

    async def _send(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._http.send(request, stream=True)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            # The far end closed a kept connection in the moment it was used again:
            # nothing was answered, and the next connection is a new one.
            return await self._http.send(request, stream=True)


def _failed(provider: str, cause: str, error: Exception) -> ProviderError:
    return ProviderError(provider, cause, retryable=True, detail=type(error).__name__)


async def _refuse_errors(provider: str, response: httpx.Response) -> None:
    if response.is_success:
        return
    detail = _explanation(await response.aread())
    raise from_status(provider, response.status_code, detail)


def _explanation(body: bytes) -> str:
    """The sentence inside an error body; each vendor wraps its own differently."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode(errors="replace")[:_DETAIL_CHARACTERS]
    for key in ("error", "detail", "message", "err_msg"):
        while isinstance(found, dict) and key in found:
            found = found[key]
    return str(found)[:_DETAIL_CHARACTERS]
