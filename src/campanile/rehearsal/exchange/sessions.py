"""Gateway sessions: who owns which handles, and when an idle session is reaped."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from campanile.rehearsal.exchange.protocol import Message
from campanile.rehearsal.exchange.sip import SipHandle

Send = Callable[[Message], None]

REAP_LAG_SECONDS = (2.0, 4.1)
"""Janus reaps a session so much later than its setting says (reliability.md 1.4)."""


def new_id() -> int:
    """An id as Janus draws them: below 2^53, so that JavaScript can hold it."""
    return secrets.randbelow(2**53 - 1) + 1


@dataclass(slots=True)
class Session:
    id: int
    send: Send
    """Queues a message to the connection that created the session; never blocks."""
    expires: float
    """`time.monotonic()` at which it is reaped unless something is asked before."""
    handles: dict[int, SipHandle] = field(default_factory=dict)

    def detach(self, handle_id: int, reason: str = "detached") -> None:
        """End one handle: its call gets a BYE, its helpers go with it."""
        self.handles.pop(handle_id).close(reason)

    def close(self, reason: str) -> None:
        for handle_id in list(self.handles):
            if handle_id in self.handles:  # a master takes its helpers along
                self.detach(handle_id, reason)
