"""A Janus of which a test decides what it says, and when.

It answers by itself what Janus answers without a far end: create, attach, keepalive,
register, info. A `call` is put before the test as a `ScriptedLeg`, which then speaks
as the real one was heard to speak (see `telephony/sip_events.py`), or as it never should.
"""

import asyncio
import json
from dataclasses import dataclass, field
from itertools import count
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

Message = dict[str, Any]


@dataclass
class ScriptedLeg:
    """One `call` request and what its far end does."""

    connection: ServerConnection
    session: int
    handle: int
    transaction: str
    body: Message
    offer: str
    requests: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    """The bodies of the requests after the call, `hangup` and others."""

    async def event(self, name: str, *, sdp: str = "", **values: object) -> None:
        """A plugin event of this leg, with an answer in it if `sdp` is given."""
        result: Message = {"event": name, **values}
        message = _event(self.session, self.handle, self.transaction, result)
        if sdp:
            message["jsep"] = {"type": "answer", "sdp": sdp}
        await self.say(message)

    async def core(self, name: str, **values: object) -> None:
        """A message of Janus itself: webrtcup, media, detached, timeout, …"""
        await self.say(
            {
                "janus": name,
                "session_id": self.session,
                "sender": self.handle,
                **values,
            }
        )

    async def say(self, message: Message) -> None:
        await self.connection.send(json.dumps(message))

    async def drop(self) -> None:
        """The gateway dies: its end of the connection closes without a word."""
        self.connection.transport.abort()
        await self.connection.wait_closed()


class ScriptedJanus:
    def __init__(self) -> None:
        self.legs: asyncio.Queue[ScriptedLeg] = asyncio.Queue()
        self.requests: list[Message] = []
        """Every message of every client, in order, keep-alives left out."""
        self.keepalives = 0
        self.answers_keepalives = True
        self.event_before_ack = False
        self.says_calling = True
        self.errors: dict[str, Message] = {}
        """What goes wrong, by the plugin request: a core `error`, or the `data` of a
        plugin event."""
        self.connections: set[ServerConnection] = set()
        self.deserted = asyncio.Event()
        """Set while nobody is connected."""
        self._ids = count(1001)
        self._masters: dict[int, ServerConnection] = {}
        self._legs: dict[int, ScriptedLeg] = {}

    async def __aenter__(self) -> Self:
        self._server = await serve(
            self._serve, "127.0.0.1", 0, subprotocols=[Subprotocol("janus-protocol")]
        )
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"ws://127.0.0.1:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        await self._server.wait_closed()

    def bodies(self, request: str) -> list[Message]:
        """The bodies of the plugin requests of that name, in order."""
        bodies: list[Message] = [message.get("body", {}) for message in self.requests]
        return [body for body in bodies if body.get("request") == request]

    async def drop_masters(self) -> None:
        """The connection behind the masters dies."""
        for connection in set(self._masters.values()):
            connection.transport.abort()
            await connection.wait_closed()
        self._masters.clear()

    async def call_out_of_the_blue(self) -> None:
        """An INVITE comes in on a master."""
        master_id, connection = next(iter(self._masters.items()))
        result = {"event": "incomingcall", "username": "sip:stranger@192.0.2.1"}
        await connection.send(json.dumps(_event(0, master_id, None, result)))

    async def _serve(self, connection: ServerConnection) -> None:
        self.connections.add(connection)
        self.deserted.clear()
        try:
            async for raw in connection:
                await self._answer(connection, json.loads(raw))
        finally:
            self.connections.discard(connection)
            if not self.connections:
                self.deserted.set()

    async def _answer(self, connection: ServerConnection, message: Message) -> None:
        kind, reply = message["janus"], {"transaction": message["transaction"]}
        if kind == "keepalive":
            self.keepalives += 1
            if not self.answers_keepalives:
                return
        else:
            self.requests.append(message)
        if "session_id" in message:
            reply["session_id"] = message["session_id"]
        match kind:
            case "create" | "attach":
                reply |= {"janus": "success", "data": {"id": next(self._ids)}}
            case "info":
                reply |= {"janus": "server_info", "name": "Scripted Janus"}
            case _:
                reply["janus"] = "ack"
        if kind == "message":
            await self._answer_plugin(connection, message, reply)
        else:
            await connection.send(json.dumps(reply))

    async def _answer_plugin(
        self, connection: ServerConnection, message: Message, ack: Message
    ) -> None:
        body, handle = message["body"], message["handle_id"]
        if "janus" in (error := self.errors.get(body["request"], {})):
            await connection.send(json.dumps(ack | error))
            return
        event = error and {"error": error["error"], "error_code": error["error_code"]}
        result = None if error else self._result(connection, message)
        messages = [ack]
        if event or result:
            said = _event(message["session_id"], handle, message["transaction"], result)
            said["plugindata"]["data"] |= event
            messages.append(said)
        if self.event_before_ack:
            messages.reverse()
        for each in messages:
            await connection.send(json.dumps(each))
        if body["request"] == "call" and not error:
            await self.legs.put(self._legs[handle])
        elif handle in self._legs:
            await self._legs[handle].requests.put(body)

    def _result(self, connection: ServerConnection, message: Message) -> Message | None:
        body, handle = message["body"], message["handle_id"]
        if body["request"] == "register":
            if body.get("type") == "helper":
                return {"event": "registered", "helper": True}
            self._masters[handle] = connection
            return {"event": "registered", "master_id": handle}
        if body["request"] == "call":
            self._legs[handle] = ScriptedLeg(
                connection,
                message["session_id"],
                handle,
                message["transaction"],
                body,
                message["jsep"]["sdp"],
            )
            return {"event": "calling"} if self.says_calling else None
        return None


def _event(
    session: int, handle: int, transaction: str | None, result: Message | None
) -> Message:
    data: Message = {"sip": "event"} | ({} if result is None else {"result": result})
    message: Message = {"janus": "event", "session_id": session, "sender": handle}
    if transaction is not None:
        message["transaction"] = transaction
    plugin = {"plugin": "janus.plugin.sip", "data": data}
    return message | {"plugindata": plugin}
