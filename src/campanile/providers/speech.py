"""What the speech adapters have in common."""

import httpx

from .errors import ProviderError


def refuse_other_than_audio(provider: str, response: httpx.Response) -> None:
    """A proxy's error page with status 200 must not be played to the callee."""
    kind = response.headers.get("content-type", "")
    if kind.startswith(("text/", "application/json")):
        raise ProviderError(provider, "malformed", retryable=True, detail=kind)
