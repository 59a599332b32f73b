"""The master handles behind this process's calls, one per caller ID.

A handle of Janus's SIP plugin that registers starts a SIP stack and holds up the whole
plugin for 100 ms. Calls therefore go out on helper handles, which borrow a master's
stack, proxy and From header: hence one master per caller ID. Masters live in a session
of their own; helpers may be on any other session of the same Janus (seen with 1.1.2).

When that session goes, Janus drops every helper with it. So each worker process keeps
masters of its own (DESIGN D9).
"""

import asyncio

from campanile.telephony.janus_session import JanusSession, Message, SessionLost
from campanile.telephony.sip_events import plugin_result
from campanile.telephony.trunk_account import TrunkAccount

DECLINE = {"request": "decline", "code": 480}
"""What an INVITE gets that comes in on a handle made for calling out."""


class JanusMasters:
    def __init__(self, url: str, account: TrunkAccount, *, renew_seconds: float):
        self._url = url
        self._account = account
        self._renew_seconds = renew_seconds
        self._session: JanusSession | None = None
        self._ids: dict[str, int] = {}
        self._opening = asyncio.Lock()

    async def master_for(self, caller_id: str) -> int:
        """The `master_id` for calls from `caller_id`. Raises GatewayError, Invalid."""
        async with self._opening:
            if self._session is None or self._session.lost:
                await self._open_session()
            if caller_id not in self._ids:
                await self._register(caller_id)
            return self._ids[caller_id]

    async def close(self) -> None:
        """Give the masters back, which ends every call that still hangs on them."""
        if self._session is not None:
            await self._session.close()

    async def _open_session(self) -> None:
        if self._session is not None:
            await self._session.close()
        self._ids.clear()
        self._session = await JanusSession.open(
            self._url,
            name="masters",
            renew_seconds=self._renew_seconds,
            on_message=self._on_message,
            on_lost=self._on_lost,
        )

    async def _register(self, caller_id: str) -> None:
        assert self._session is not None
        body = self._account.registration(caller_id)
        handle = await self._session.attach()
        registered = await self._session.ask(handle, body)
        self._ids[caller_id] = registered["result"]["master_id"]

    async def _on_lost(self, lost: SessionLost) -> None:
        self._ids.clear()

    async def _on_message(self, message: Message) -> None:
        if self._session and plugin_result(message).get("event") == "incomingcall":
            await self._session.tell(message["sender"], DECLINE)
