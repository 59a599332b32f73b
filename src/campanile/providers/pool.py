"""The connections of one event loop to all its providers.

Made once per process, shared by every call, closed explicitly: a new TLS context costs
more CPU than a whole sentence, a new connection two round trips of dead air.
"""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property, partial
from typing import Any, Self

import httpcore
import httpx
import orjson

from .errors import ProviderError, from_status
from .lanes import Answer, Lanes

LIVE = {"connect": 2.0, "read": 5.0, "write": 5.0}
"""Seconds. `read` bounds the first byte and every gap after it, so a half-open stream."""
PATIENT = LIVE | {"read": 60.0}
"""For answers that come whole, after the call, when nobody is waiting on the line."""

_HEADERS = {
    "Accept": "*/*",
    "Accept-Encoding": "identity",  # a compressor holds words back
    "Content-Type": "application/json",
    "User-Agent": "campanile",
}
_BROKEN = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    httpcore.ConnectionNotAvailable,
)
_DETAIL_CHARACTERS = 200


class Pool:
    """`async with Pool() as pool:` around everything that talks to providers."""

    def __init__(self, *, live: dict[str, float] = LIVE) -> None:
        self._live = live
        self._lanes = Lanes(lambda: self.tls)

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
        await self._lanes.aclose()

    @asynccontextmanager
    async def post(
        self,
        provider: str,
        url: str,
        *,
        headers: dict[str, str],
        body: dict[str, Any],
        timeout: dict[str, float] | None = None,
    ) -> AsyncIterator[Answer]:
        """The answer's head is there on entry, its body is the caller's to read.

        Whatever goes wrong, reading included, leaves as one ProviderError. `timeout`
        is LIVE unless told.
        """
        try:
            answer = await self._send(
                url, headers=headers, body=body, timeout=timeout or self._live
            )
            try:
                await _refuse_errors(provider, answer)
                yield answer
            finally:
                await answer.aclose()
        except httpcore.TimeoutException as error:
            raise _failed(provider, "timeout", error) from error
        except _BROKEN as error:
            raise _failed(provider, "connection", error) from error

    async def _send(
        self,
        url: str,
        *,
        headers: dict[str, str],
        body: dict[str, Any],
        timeout: dict[str, float],
    ) -> Answer:
        send = partial(
            self._lanes.post,
            url,
            headers=_HEADERS | headers,
            body=orjson.dumps(body),
            timeout=timeout,
        )
        try:
            return await send()
        except (
            httpcore.RemoteProtocolError,
            httpcore.ReadError,
            httpcore.WriteError,
            httpcore.ConnectionNotAvailable,
        ):
            # The far end closed a kept connection in the moment it was used again:
            # nothing was answered, and the next connection is a new one.
            return await send()


def _failed(provider: str, cause: str, error: Exception) -> ProviderError:
    return ProviderError(provider, cause, retryable=True, detail=type(error).__name__)


async def _refuse_errors(provider: str, answer: Answer) -> None:
    if not 200 <= answer.status < 300:
        detail = _explanation(await answer.whole())
        raise from_status(provider, answer.status, detail)


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
