"""A Janus client of a few lines, for tests that must not share the product's own."""

import asyncio
import json
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

Message = dict[str, Any]

SIP_PLUGIN = "janus.plugin.sip"


class PlainJanusClient:
    def __init__(self, socket: ClientConnection):
        self._socket = socket
        self._count = 0
        self._answers: dict[str, asyncio.Future[Message]] = {}
        self.events: asyncio.Queue[Message] = asyncio.Queue()
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def connect(cls, url: str) -> "PlainJanusClient":
        socket = await connect(url, subprotocols=[Subprotocol("janus-protocol")])
        return cls(socket)

    async def close(self) -> None:
        await self._socket.close()
        await self._reader

    def abort(self) -> None:
        """Let the connection drop without a word, as a killed process does."""
        self._socket.transport.abort()

    async def ask(self, janus: str, **fields: Any) -> Message:
        self._count += 1
        transaction = f"t{self._count}"
        answer = asyncio.get_running_loop().create_future()
        self._answers[transaction] = answer
        request = {"janus": janus, "transaction": transaction, **fields}
        await self._socket.send(json.dumps(request))
        return await asyncio.wait_for(answer, 5)

    async def new_session(self) -> int:
        return int((await self.ask("create"))["data"]["id"])

    async def registered_handle(self, session: int, identity: str) -> int:
        """A handle that may call, presenting itself as `identity`."""
        attached = await self.ask("attach", session_id=session, plugin=SIP_PLUGIN)
        handle = int(attached["data"]["id"])
        body = {"request": "register", "type": "guest", "username": identity}
        await self.tell(session, handle, body)
        await self.event("registered")
        return handle

    async def tell(
        self, session: int, handle: int, body: Message, *, offer: str = ""
    ) -> Message:
        jsep = {"jsep": {"type": "offer", "sdp": offer}} if offer else {}
        return await self.ask(
            "message", session_id=session, handle_id=handle, body=body, **jsep
        )

    async def event(self, name: str, *, timeout: float = 10.0) -> Message:
        """Wait for the plugin's or core's event of that name, dropping those before."""
        async with asyncio.timeout(timeout):
            while True:
                message = await self.events.get()
                if name in (message["janus"], result(message).get("event")):
                    return message

    async def _read(self) -> None:
        try:
            async for text in self._socket:
                message = json.loads(text)
                kind, transaction = message["janus"], message.get("transaction")
                if kind != "event" and transaction in self._answers:
                    self._answers.pop(transaction).set_result(message)
                else:
                    self.events.put_nowait(message)
        except ConnectionClosed:
            pass


def result(message: Message) -> Message:
    """The plugin's result in an event, empty where it holds none."""
    found: Message = message.get("plugindata", {}).get("data", {}).get("result", {})
    return found
