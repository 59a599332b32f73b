"""The production gateway: Janus with its SIP plugin, spoken to over WebSockets."""

import asyncio
from dataclasses import dataclass
from typing import Any

import orjson
from websockets.exceptions import ConnectionClosed

from campanile.media.clock import FrameClock
from campanile.media.peer import MediaPeer
from campanile.telephony.janus_line import JanusLine
from campanile.telephony.janus_masters import JanusMasters
from campanile.telephony.janus_session import REQUEST_SECONDS, open_socket
from campanile.telephony.line import GatewayError
from campanile.telephony.trunk_account import TrunkAccount


@dataclass(frozen=True, slots=True)
class GatewayInfo:
    """What a gateway says of itself."""

    name: str
    version: str
    session_seconds: float
    """How long it keeps a session that it hears nothing of; 0: for ever."""


class JanusGateway:
    """The calls of one worker process on one trunk; a `telephony.line.Gateway`."""

    def __init__(
        self,
        url: str,
        *,
        clock: FrameClock,
        media_address: str,
        trunk: TrunkAccount,
        renew_seconds: float = 5.0,
        hold_seconds: float = 3600.0,
    ):
        """`media_address` is where ICE listens; empty: on every interface but loopback.

        `hold_seconds` is how long a line is held at most that names no time of its own.
        """
        self._url = url
        self._clock = clock
        self._media_address = media_address
        self._trunk = trunk
        self._renew_seconds = renew_seconds
        self._hold_seconds = hold_seconds
        self._masters = JanusMasters(url, trunk, renew_seconds=renew_seconds)

    async def open_line(
        self, *, name: str, caller_id: str = "", hold_seconds: float | None = None
    ) -> JanusLine:
        """A session with its own keep-alive; nothing rings. Raises GatewayError.

        With `caller_id` everything is made ready for a call from that number, so that
        `dial` needs one message; without it, `dial` has that to do too. `hold_seconds`
        from now the session is given up, whatever goes on in it: the hard deadline
        beyond every other limit.
        """
        line = JanusLine(
            name=name,
            account=self._trunk,
            masters=self._masters,
            peer=MediaPeer(self._clock, address=self._media_address),
        )
        return await line.open(
            self._url,
            caller_id=caller_id,
            renew_seconds=self._renew_seconds,
            hold_seconds=self._hold_seconds if hold_seconds is None else hold_seconds,
        )

    async def identify(self) -> str:
        return (await describe(self._url)).name

    async def close(self) -> None:
        """Give the masters back. Lines still open lose their calls: close them first."""
        await self._masters.close()


async def describe(url: str) -> GatewayInfo:
    """Ask the gateway at `url` what it is. Raises GatewayError."""
    socket = await open_socket(url)
    try:
        await socket.send('{"janus":"info","transaction":"info"}')
        async with asyncio.timeout(REQUEST_SECONDS):
            info: dict[str, Any] = orjson.loads(await socket.recv(decode=False))
    except (TimeoutError, ConnectionClosed) as error:
        raise GatewayError("The gateway does not say what it is") from error
    finally:
        await socket.close()
    return GatewayInfo(
        name=str(info.get("name", "")),
        version=str(info.get("version_string", "")),
        session_seconds=float(info.get("session-timeout", 0)),
    )
