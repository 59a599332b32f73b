"""The key that a request brings, read where each provider's clients put it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Keys:
    """Which keys are good: any that is not empty, or none where none is required."""

    required: bool

    def accept(self, headers: Mapping[str, str], header: str, *schemes: str) -> bool:
        """Whether the key in `header`, behind one of `schemes` if any, is good."""
        sent = headers.get(header)
        if sent is None:
            return not self.required
        if not schemes:
            return bool(sent.strip())
        scheme, _, key = sent.partition(" ")
        return scheme.lower() in schemes and bool(key.strip())
