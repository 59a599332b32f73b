"""One Janus session on a WebSocket of its own.

A session per call and a connection per session (DESIGN D9): when either goes, by our
will or because this process died, Janus ends exactly that call, within a tenth of a
second. The keep-alive is sent by the task that reads, on the loop that runs the call:
a loop that stands still loses its sessions, which is the fence that keeps a late
worker from dialing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import inf
from secrets import token_hex
from typing import Any, Self

import orjson
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.typing import Subprotocol

from campanile.telephony.line import GatewayError

log = structlog.get_logger()

Message = dict[str, Any]

SIP_PLUGIN = "janus.plugin.sip"
NO_SUCH_SESSION = 458
REQUEST_SECONDS = 5.0
_CLOSE_SECONDS = 1.0
_UNANSWERED_RENEWALS = 2
"""Keep-alives without any message in return before the gateway counts as gone. One
would be wrong: after a pause of ours its answer still lies unread in the socket."""


@dataclass(frozen=True, slots=True)
class SessionLost:
    """Why a session is over; the last thing its owner hears of it."""

    reason: str
    code: int = 0
    """Janus's error code, if it gave one."""
    by_us: bool = False


@dataclass(slots=True)
class _Request:
    answer: asyncio.Future[Message]
    kinds: frozenset[str]
    """What kinds of message answer it; an `ack` often comes after the `event`."""


class JanusSession:
    """Requests with their answers; everything unasked goes to `on_message`."""

    def __init__(
        self,
        socket: ClientConnection,
        *,
        name: str,
        renew_seconds: float,
        hold_seconds: float,
        on_message: Callable[[Message], Awaitable[None]],
        on_lost: Callable[[SessionLost], Awaitable[None]],
    ):
        self._socket = socket
        self._name = name
        self._renew_seconds = renew_seconds
        self._on_message = on_message
        self._on_lost = on_lost
        self._requests: dict[str, _Request] = {}
        self._id = 0
        self._unanswered = 0
        self._loop = asyncio.get_running_loop()
        self._deadline = self._loop.time() + hold_seconds
        self._overdue = "the call's hard deadline passed"
        self.lost: SessionLost | None = None
        self._task = asyncio.create_task(self._live(), name=f"janus session {name}")

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        name: str,
        renew_seconds: float,
        hold_seconds: float = inf,
        on_message: Callable[[Message], Awaitable[None]],
        on_lost: Callable[[SessionLost], Awaitable[None]],
    ) -> Self:
        """Connect and create a session.

        After `hold_seconds` it is given up, whatever is going on in it. `on_lost` is
        called once, at the end, also of a session that we closed. Both callbacks are
        awaited by the task that reads: they may `tell`, but never `ask` or `close`.
        Raises GatewayError.
        """
        session = cls(
            await open_socket(url),
            name=name,
            renew_seconds=renew_seconds,
            hold_seconds=hold_seconds,
            on_message=on_message,
            on_lost=on_lost,
        )
        try:
            created = await session._request({"janus": "create"}, kinds={"success"})
        except BaseException:  # a cancelled caller must not leave a session behind
            await session.close()
            raise
        session._id = created["data"]["id"]
        return session

    async def attach(self) -> int:
        """A new handle of the SIP plugin. Raises GatewayError."""
        attached = await self._request(
            self._own({"janus": "attach", "plugin": SIP_PLUGIN}), kinds={"success"}
        )
        handle: int = attached["data"]["id"]
        return handle

    async def ask(
        self, handle: int, body: Message, *, jsep: Message | None = None
    ) -> Message:
        """Send `body` to the plugin and wait for its event. Raises GatewayError."""
        event = await self._request(
            self._own(_plugin_message(handle, body, jsep)), kinds={"event"}
        )
        data: Message = event["plugindata"]["data"]
        if "error" in data:
            raise GatewayError(
                f"The gateway refused: {data['error']}",
                code=int(data.get("error_code", 0)),
            )
        return data

    async def tell(self, handle: int, body: Message) -> None:
        """Send `body` to the plugin; whatever comes of it arrives as a message."""
        await self._send(self._own(_plugin_message(handle, body, None)), token_hex(8))

    def expire_in(self, seconds: float, reason: str) -> None:
        """Bring the hard deadline forward; noticed at the next renewal after it."""
        if (deadline := self._loop.time() + seconds) < self._deadline:
            self._deadline, self._overdue = deadline, reason

    async def close(self) -> None:
        """Drop the connection, and with it the session. May be called twice."""
        self._lose(SessionLost("closed", by_us=True))
        await self._socket.close()  # which ends `_live`
        await asyncio.wait([self._task])

    def _own(self, message: Message) -> Message:
        return message | {"session_id": self._id}

    async def _request(self, message: Message, *, kinds: set[str]) -> Message:
        transaction = token_hex(8)
        request = _Request(self._loop.create_future(), frozenset(kinds))
        self._requests[transaction] = request
        try:
            await self._send(message, transaction)
            async with asyncio.timeout(REQUEST_SECONDS):
                return await request.answer
        except TimeoutError:
            raise GatewayError("The gateway does not answer") from None
        finally:
            del self._requests[transaction]

    async def _send(self, message: Message, transaction: str) -> None:
        if self.lost is not None:
            raise _error_of(self.lost)
        try:
            await self._socket.send(_encode(message, transaction))
        except ConnectionClosed as closed:
            raise GatewayError("The connection to the gateway is gone") from closed

    async def _live(self) -> None:
        """Read and renew until the session is over."""
        renew_at = self._loop.time() + self._renew_seconds
        try:
            while self.lost is None:
                due = min(renew_at, self._deadline)
                try:
                    async with asyncio.timeout_at(due):
                        raw = await self._socket.recv(decode=False)
                except TimeoutError:
                    renew_at = self._loop.time() + self._renew_seconds
                    await self._renew()
                else:
                    self._unanswered = 0
                    await self._sort(orjson.loads(raw))
        except ConnectionClosed:
            self._lose(SessionLost("the connection to the gateway was lost"))
        except orjson.JSONDecodeError:
            self._lose(SessionLost("the gateway speaks no JSON"))
        finally:
            lost = self._lose(SessionLost("an error of our own"))
            await self._socket.close()
            await self._on_lost(lost)

    async def _renew(self) -> None:
        if self._loop.time() >= self._deadline:
            self._lose(SessionLost(self._overdue, by_us=True))
        elif self._unanswered >= _UNANSWERED_RENEWALS:
            self._lose(SessionLost("the gateway no longer answers"))
        elif self._id:
            self._unanswered += 1
            await self._socket.send(
                _encode(self._own({"janus": "keepalive"}), token_hex(8))
            )

    async def _sort(self, message: Message) -> None:
        """Hand a message to the request that waits for it, or on to the owner."""
        kind = message.get("janus")
        request = self._requests.get(message.get("transaction", ""))
        if kind == "timeout":
            self._lose(SessionLost("the gateway reaped the session", NO_SUCH_SESSION))
        elif kind == "error":
            self._sort_error(message, request)
        elif request is not None and kind in request.kinds:
            if not request.answer.done():
                request.answer.set_result(message)
            else:  # the `call` was answered by `calling`; this is news of the leg
                await self._on_message(message)
        elif kind not in ("ack", "success"):
            await self._on_message(message)

    def _sort_error(self, message: Message, request: _Request | None) -> None:
        error = message.get("error", {})
        code, reason = int(error.get("code", 0)), str(error.get("reason", ""))
        if request is not None and not request.answer.done():
            request.answer.set_exception(
                GatewayError(f"The gateway refused: {reason}", code=code)
            )
        if code == NO_SUCH_SESSION:
            self._lose(SessionLost("the gateway reaped the session", code))
        elif request is None:
            log.warning("gateway.error", session=self._name, code=code, reason=reason)

    def _lose(self, lost: SessionLost) -> SessionLost:
        """Be over for this reason, or say for which one it already is."""
        if self.lost is None:
            self.lost = lost
            for request in self._requests.values():
                if not request.answer.done():
                    request.answer.set_exception(_error_of(lost))
        return self.lost


async def open_socket(url: str) -> ClientConnection:
    """A connection that speaks Janus's subprotocol. Raises GatewayError."""
    try:
        return await connect(
            url,
            subprotocols=[Subprotocol("janus-protocol")],
            compression=None,
            proxy=None,
            ping_interval=None,  # the session's keep-alive does what a ping would
            open_timeout=REQUEST_SECONDS,
            close_timeout=_CLOSE_SECONDS,
        )
    except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as error:
        raise GatewayError(
            f"No gateway answers at {url}", hint="Look at CAMPANILE_GATEWAY_URL"
        ) from error


def _encode(message: Message, transaction: str) -> str:
    # As text: Janus reads no binary frames.
    return orjson.dumps(message | {"transaction": transaction}).decode()


def _plugin_message(handle: int, body: Message, jsep: Message | None) -> Message:
    message: Message = {"janus": "message", "handle_id": handle, "body": body}
    return message if jsep is None else message | {"jsep": jsep}


def _error_of(lost: SessionLost) -> GatewayError:
    return GatewayError(f"The gateway session is over: {lost.reason}", code=lost.code)
