"""A line: one outbound leg through a gateway, seen by those who dial.

`JanusGateway` (janus.py) is the production implementation; tests script others.
The order that keeps anybody from being rung twice is the caller's to keep (DESIGN D2):
`open_line` (a gateway session, nothing rings) → claim committed → `dial` (INVITE).
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from campanile.audio.frames import Frame, Pcm
from campanile.errors import Unavailable


class GatewayError(Unavailable):
    """The gateway refused or went away. `code` is Janus's error code, if it gave one."""

    def __init__(self, message: str, *, code: int = 0, hint: str = ""):
        super().__init__(message, hint=hint)
        self.code = code


@dataclass(frozen=True, slots=True)
class Ringing:
    code: int = 180


@dataclass(frozen=True, slots=True)
class EarlyMedia:
    """The far network plays audio before answer (183 with SDP)."""


@dataclass(frozen=True, slots=True)
class Answered:
    """200 OK. The leg's media may still be connecting."""


@dataclass(frozen=True, slots=True)
class Dtmf:
    digit: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The leg is over; always the last event of a line, and always delivered."""

    code: int
    """SIP status: 200 after a BYE, 487 after our CANCEL, 0 when the gateway was lost."""
    reason: str
    by: Literal["callee", "us", "gateway"]
    q850: int | None = None
    """Q.850 cause of the Reason header (RFC 3326), where one was sent."""


LineEvent = Ringing | EarlyMedia | Answered | Dtmf | Ended


class AudioPort(Protocol):
    """The audio of one leg. All methods are called from the event loop's thread."""

    def subscribe(self, sink: Callable[[Frame], None]) -> Callable[[], None]:
        """Call `sink` with every 20 ms received; the result unsubscribes."""

    def on_sent(self, sink: Callable[[Pcm], None]) -> Callable[[], None]:
        """Call `sink` with every 20 ms sent, silence included (the recording's right)."""

    def play(self, pcm: Pcm) -> None:
        """Queue audio behind what is still to be played; any length."""

    def clear(self) -> float:
        """Drop what was not yet played; answer how many seconds were dropped."""

    def duck(self, gain: float) -> None:
        """Scale what is being played from now on; 1.0 restores it."""

    @property
    def queued(self) -> float:
        """Seconds of audio still to be played."""

    @property
    def played(self) -> float:
        """Seconds of audio played since the leg began, silence not counted."""

    async def drained(self) -> None:
        """Return when everything queued has been played, or the leg closed."""


class Line(Protocol):
    @property
    def audio(self) -> AudioPort: ...

    async def dial(self, *, destination: str, caller_id: str, call_id: str) -> None:
        """Send the INVITE. Returns when the gateway took it; raises GatewayError.

        `destination` and `caller_id` are E.164; `call_id` becomes the SIP Call-ID.
        May be called once. A GatewayError with a code means that no INVITE left; one
        without, that it may have left, and that the line has let go of it.
        """

    def events(self) -> AsyncIterator[LineEvent]:
        """What happens on the leg, until `Ended`. One reader."""

    async def hang_up(self) -> None:
        """BYE, or CANCEL before answer. May be called at any time, any number of times."""

    async def send_dtmf(self, digits: str) -> None: ...

    async def close(self) -> None:
        """Hang up if need be and give the session back. May be called twice."""


class Gateway(Protocol):
    async def open_line(
        self, *, name: str, caller_id: str = "", hold_seconds: float | None = None
    ) -> Line:
        """A gateway session with its own keep-alive; nothing rings. Raises GatewayError.

        With `caller_id`, `dial` will need one message only. `hold_seconds` from now the
        session is given up, whatever goes on in it (DESIGN D9, D14).
        """

    async def identify(self) -> str:
        """The gateway's own name, e.g. `Janus WebRTC Server`."""
