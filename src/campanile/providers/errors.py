"""One error for every provider; it says whether trying again can help."""

from campanile.errors import Unavailable


class ProviderError(Unavailable):
    """A provider failed. `cause` is a short slug: `http_429`, `timeout`, `closed`, …"""

    def __init__(self, provider: str, cause: str, *, retryable: bool, detail: str = ""):
        super().__init__(
            f"{provider} failed: {cause}{f' ({detail})' if detail else ''}"
        )
        self.provider = provider
        self.cause = cause
        self.retryable = retryable


def from_status(provider: str, status: int, detail: str = "") -> ProviderError:
    """4xx will not get better by itself, except a time-out, too early and too many."""
    retryable = status >= 500 or status in (408, 425, 429)
    return ProviderError(provider, f"http_{status}", retryable=retryable, detail=detail)
