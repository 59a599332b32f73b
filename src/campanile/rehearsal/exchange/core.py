"""The core of the imitated gateway: sessions, handles and who may ask what of them."""

import random
import time
from collections.abc import Callable
from typing import Any, Protocol

from campanile.rehearsal.exchange.protocol import (
    SIP_PLUGIN,
    Message,
    Refused,
    refusal,
    reply,
    server_info,
    wanted,
)
from campanile.rehearsal.exchange.sessions import (
    REAP_LAG_SECONDS,
    Send,
    Session,
    new_id,
)
from campanile.rehearsal.exchange.sip import Callee, SipHandle


class Telephones(Protocol):
    """Whoever answers the calls: the simulated callees."""

    def invite(
        self, handle: SipHandle, *, to: str, caller: str, call_id: str, offer: str
    ) -> Callee: ...


class Core:
    """Answers requests; holds no socket and starts no task."""

    def __init__(
        self,
        telephones: Telephones,
        *,
        session_seconds: float,
        rng: random.Random,
        now: Callable[[], float] = time.monotonic,
    ):
        self._telephones = telephones
        self._session_seconds = session_seconds
        self._rng = rng
        self._sessions: dict[int, Session] = {}
        self.now = now
        self.masters: dict[int, SipHandle] = {}

    def invite(
        self, handle: SipHandle, *, to: str, caller: str, call_id: str, offer: str
    ) -> Callee:
        return self._telephones.invite(
            handle, to=to, caller=caller, call_id=call_id, offer=offer
        )

    def ask(self, request: dict[str, Any], send: Send) -> None:
        """Answer one request; everything said goes through `send`, in order."""
        transaction = request.get("transaction")
        session_id = request.get("session_id", 0)
        try:
            if not isinstance(transaction, str):
                raise Refused(456, "Missing mandatory element (transaction)")
            kind = wanted(request, "janus", str)
            if not session_id:
                self._ask_server(kind, transaction, send)
            else:
                self._ask_session(self._session(session_id), kind, request, send)
        except Refused as error:
            send(refusal(error, session_id, str(transaction or "")))

    def reap(self) -> None:
        """End the sessions that nobody has asked anything of for too long."""
        for session in list(self._sessions.values()):
            if self.now() >= session.expires:
                del self._sessions[session.id]
                session.send({"janus": "timeout", "session_id": session.id})
                session.send = _silence
                session.close("session timed out")

    def connection_lost(self, send: Send) -> None:
        """The WebSocket of these sessions is gone: every call on it gets its BYE."""
        for session in [s for s in self._sessions.values() if s.send is send]:
            del self._sessions[session.id]
            session.close("connection lost")

    # -- requests ---------------------------------------------------------------

    def _ask_server(self, kind: str, transaction: str, send: Send) -> None:
        match kind:
            case "info":
                info = server_info(self._session_seconds)
                send(reply("server_info", 0, transaction, **info))
            case "ping":
                send(reply("pong", 0, transaction))
            case "create":
                session = Session(id=new_id(), send=send, expires=self._expiry())
                self._sessions[session.id] = session
                send(reply("success", 0, transaction, data={"id": session.id}))
            case _:
                raise Refused(457, f"Unhandled request '{kind}' at this path")

    def _ask_session(
        self, session: Session, kind: str, request: dict[str, Any], send: Send
    ) -> None:
        session.expires = self._expiry()
        transaction: str = request["transaction"]
        match kind:
            case "keepalive":
                send(reply("ack", session.id, transaction))
            case "claim":
                session.send = send
                send(reply("success", session.id, transaction))
            case "attach":
                handle_id = self._attach(session, request)
                send(reply("success", session.id, transaction, data={"id": handle_id}))
            case "destroy":
                del self._sessions[session.id]
                session.close("session destroyed")
                send(reply("success", session.id, transaction))
            case _:
                self._ask_handle(session, kind, request, send)

    def _ask_handle(
        self, session: Session, kind: str, request: dict[str, Any], send: Send
    ) -> None:
        handle_id = request.get("handle_id", 0)
        if not handle_id:
            raise Refused(457, f"Unhandled request '{kind}' at this path")
        handle = session.handles.get(handle_id)
        if handle is None:
            raise Refused(459, f"No such handle {handle_id} in session {session.id}")
        transaction: str = request["transaction"]
        match kind:
            case "message":
                body = wanted(request, "body", dict)
                offer = _offer(request.get("jsep"))
                send(reply("ack", session.id, transaction))
                handle.handle(body, offer, transaction)
            case "trickle":
                send(reply("ack", session.id, transaction))
            case "hangup":
                send(reply("success", session.id, transaction))
                handle.close_media()
            case "detach":
                session.detach(handle_id)
                send(reply("success", session.id, transaction))
            case _:
                raise Refused(453, f"Unknown request '{kind}'")

    def _session(self, session_id: int) -> Session:
        session = self._sessions.get(session_id)
        if session is None:
            raise Refused(458, f"No such session {session_id}")
        return session

    def _attach(self, session: Session, request: dict[str, Any]) -> int:
        plugin = wanted(request, "plugin", str)
        if plugin != SIP_PLUGIN:
            raise Refused(460, f"No such plugin '{plugin}'")
        handle_id = new_id()

        def send(message: Message) -> None:
            session.send(message)  # looked up late: a session may be claimed

        session.handles[handle_id] = SipHandle(
            self,
            session_id=session.id,
            handle_id=handle_id,
            send=send,
            detached=session.detach,
        )
        return handle_id

    def _expiry(self) -> float:
        lag = self._rng.uniform(*REAP_LAG_SECONDS)
        return self.now() + self._session_seconds + lag


def _offer(jsep: Any) -> str:
    """The SDP of a `jsep` offer, empty where there is none."""
    if jsep is None:
        return ""
    if not isinstance(jsep, dict):
        raise Refused(467, "Invalid jsep object")
    sdp = wanted(jsep, "sdp", str)
    if wanted(jsep, "type", str) != "offer":
        raise Refused(465, "Only offers are taken here")
    if not all(f"\n{line}=" in sdp for line in "osm"):
        raise Refused(465, "Missing mandatory lines (o=, s= or m=)")
    return str(sdp)


def _silence(_message: Message) -> None:
    """Where the words of a dead session go."""
