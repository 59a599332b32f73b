"""Speech over plain HTTP: one request a sentence, its audio played as it arrives."""

from collections.abc import AsyncGenerator
from typing import Any

from .errors import ProviderError
from .pool import Pool


async def audio_of(
    pool: Pool,
    provider: str,
    url: str,
    *,
    headers: dict[str, str],
    body: dict[str, Any],
) -> AsyncGenerator[bytes, None]:
    """The answer's bytes in chunks, none empty. Raises ProviderError, also where there
    is no audio in it: a proxy's error page with status 200 must not be played."""
    heard = False
    async with pool.post(provider, url, headers=headers, body=body) as answer:
        kind = answer.header(b"content-type")
        if kind.startswith(("text/", "application/json")):
            raise ProviderError(provider, "malformed", retryable=True, detail=kind)
        async for chunk in answer.chunks():
            if chunk:
                heard = True
                yield chunk
        if not heard:
            raise ProviderError(provider, "no_audio", retryable=True)
