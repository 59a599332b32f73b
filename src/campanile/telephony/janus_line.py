"""One outbound leg on Janus's SIP plugin: the actor around `LegProgress`.

Nothing is decided here that can be decided there; this file sends, waits and closes.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Self

import structlog

from campanile.errors import CampanileError, Conflict
from campanile.media.peer import MediaPeer
from campanile.media.transport import MediaFailed
from campanile.telephony.janus_masters import DECLINE, JanusMasters
from campanile.telephony.janus_session import (
    NO_SUCH_SESSION,
    JanusSession,
    Message,
    SessionLost,
)
from campanile.telephony.line import (
    AudioPort,
    Dtmf,
    Ended,
    GatewayError,
    LineEvent,
)
from campanile.telephony.sip_events import LegProgress, plugin_result
from campanile.telephony.trunk_account import TrunkAccount

log = structlog.get_logger()

HANG_UP_SECONDS = 35.0
"""How long the far end may take to confirm our BYE or CANCEL. Janus's SIP stack gives
up after 32 s (RFC 3261's timer F) and says so; this is for a Janus that says nothing."""
_CLOSE_SECONDS = 1.0


class JanusLine:
    """A `telephony.line.Line`. Made by `JanusGateway.open_line`."""

    def __init__(
        self,
        *,
        name: str,
        account: TrunkAccount,
        masters: JanusMasters,
        peer: MediaPeer,
    ):
        self._name = name
        self._account = account
        self._masters = masters
        self._peer = peer
        self._progress = LegProgress()
        self._events: asyncio.Queue[LineEvent] = asyncio.Queue()
        self._over = asyncio.Event()
        self._session: JanusSession | None = None
        self._handle = 0
        self._caller_id = ""
        self._offer = ""
        self._dialed = False

    async def open(
        self, url: str, *, caller_id: str, renew_seconds: float, hold_seconds: float
    ) -> Self:
        """Do all that can be done before the INVITE. Raises GatewayError."""
        try:
            self._offer = await self._make_offer()
            self._peer.on_dtmf(lambda digit: self._tell(Dtmf(digit)))
            self._peer.on_lost(self._media_lost)
            self._session = await JanusSession.open(
                url,
                name=self._name,
                renew_seconds=renew_seconds,
                hold_seconds=hold_seconds,
                on_message=self._on_message,
                on_lost=self._on_lost,
            )
            if caller_id:
                await self._become_helper(caller_id)
        except BaseException:  # a cancelled caller must not leave a session behind
            await self.close()
            raise
        return self

    @property
    def audio(self) -> AudioPort:
        return self._peer

    async def dial(self, *, destination: str, caller_id: str, call_id: str) -> None:
        if self._dialed:
            raise Conflict("This line was dialed before")
        uri = self._account.uri(destination)
        if caller_id != self._caller_id:
            await self._become_helper(caller_id)  # open_line was not told of it
        session = self._session
        if session is None or session.lost or self._progress.hanging_up:
            raise GatewayError("The line ended before the dial", code=NO_SUCH_SESSION)
        self._dialed = True
        try:
            await session.ask(
                self._handle,
                {"request": "call", "uri": uri, "call_id": call_id},
                jsep={"type": "offer", "sdp": self._offer},
            )
        except GatewayError as error:
            if not error.code:  # perhaps it rings; then Janus cancels it
                await session.close()
            raise

    async def events(self) -> AsyncIterator[LineEvent]:
        while True:
            event = await self._events.get()
            yield event
            if isinstance(event, Ended):
                return

    async def hang_up(self) -> None:
        if self._progress.hanging_up or self._progress.ended:
            return
        self._progress.hanging_up = True
        if self._session is None or not self._dialed:
            await self._end("hung up before it was dialed", by_us=True)
            return
        self._session.expire_in(HANG_UP_SECONDS, "the far end confirmed no end")
        with suppress(GatewayError):  # a lost session has ended the leg already
            await self._session.tell(self._handle, {"request": "hangup"})

    async def send_dtmf(self, digits: str) -> None:
        self._peer.send_dtmf(digits)

    async def close(self) -> None:
        await self.hang_up()
        # Closing the session would end the leg too, but without its final status.
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._over.wait()
        if self._session is not None:
            await self._session.close()
        await self._peer.close()

    async def _make_offer(self) -> str:
        try:
            return await self._peer.create_offer()
        except MediaFailed as error:
            raise GatewayError(error.message, hint=error.hint) from error

    async def _become_helper(self, caller_id: str) -> None:
        """Take a fresh handle whose calls come from `caller_id`."""
        assert self._session is not None
        master_id = await self._masters.master_for(caller_id)
        self._handle = await self._session.attach()
        body = {"request": "register", "type": "helper", "master_id": master_id}
        username = self._account.registration(caller_id)["username"]
        await self._session.ask(self._handle, body | {"username": username})
        self._caller_id = caller_id

    async def _on_message(self, message: Message) -> None:
        if message.get("sender") != self._handle:
            return
        if self._session and plugin_result(message).get("event") == "incomingcall":
            await self._session.tell(self._handle, DECLINE)
            return
        event = self._progress.read(message)
        if event is not None:
            self._tell(event)
        if self._progress.ended:
            await self._peer.close()
        elif "jsep" in message:
            await self._agree_on_media(message["jsep"]["sdp"])

    async def _agree_on_media(self, sdp: str) -> None:
        if self._progress.hanging_up:
            return
        try:  # the peer takes the first answer; that of a second fork changes nothing
            await self._peer.accept_answer(sdp)
        except CampanileError as error:
            log.warning("leg.media_refused", leg=self._name, error=error.message)
            self._progress.fault = error.message
            await self.hang_up()

    def _media_lost(self) -> None:
        if self._session is not None:
            self._session.expire_in(0, "the media connection was lost")

    async def _on_lost(self, lost: SessionLost) -> None:
        await self._end(lost.reason, by_us=lost.by_us)

    async def _end(self, reason: str, *, by_us: bool) -> None:
        ended = self._progress.session_over(reason, by_us=by_us)
        if ended is not None:
            self._tell(ended)
        await self._peer.close()

    def _tell(self, event: LineEvent) -> None:
        self._events.put_nowait(event)
        if isinstance(event, Ended):
            self._over.set()
