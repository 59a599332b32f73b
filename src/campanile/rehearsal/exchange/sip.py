"""One handle of the SIP plugin: registration, one call at a time, its events."""

import secrets
from collections.abc import Callable
from typing import Any, Literal, Protocol

from campanile.rehearsal.exchange.protocol import (
    Message,
    PluginError,
    handle_event,
    plugin_event,
)
from campanile.rehearsal.legs import e164

CLOSING_SECONDS = 0.5
"""How long a handle refuses the next call after one has ended."""


class Callee(Protocol):
    """The far end of one call, as its handle sees it."""

    def hang_up(self, reason: str) -> None:
        """BYE or CANCEL from the caller; answered by `SipHandle.ended`."""

    def dtmf(self, digit: str) -> None: ...

    def refer(self, target: str) -> None: ...


class Network(Protocol):
    """What a handle needs of the exchange around it."""

    masters: "dict[int, SipHandle]"

    def invite(
        self, handle: "SipHandle", *, to: str, caller: str, call_id: str, offer: str
    ) -> Callee: ...

    def now(self) -> float: ...


State = Literal["idle", "inviting", "incall", "closing"]


class SipHandle:
    def __init__(
        self,
        network: Network,
        *,
        session_id: int,
        handle_id: int,
        send: Callable[[Message], None],
        detached: Callable[[int], None],
    ):
        self._network = network
        self._session_id = session_id
        self._id = handle_id
        self._send = send
        self._detached = detached
        self._identity = ""
        self._master_id = 0
        self._master: SipHandle | None = None  # set where this handle is a helper
        self._helpers: list[SipHandle] = []
        self._closed = False
        self._state: State = "idle"
        self._closing_until = 0.0
        self._callee: Callee | None = None
        self._call_id = ""
        self._transaction = ""
        self._progressed = False

    # -- requests ---------------------------------------------------------------

    def handle(self, body: dict[str, Any], offer: str, transaction: str) -> None:
        """Answer one `message`; errors of the plugin leave as events, like Janus's."""
        try:
            self._answer(body, offer, transaction)
        except PluginError as error:
            call = {"call_id": self._call_id} if self._call_id else {}
            data = {"error_code": error.code, "error": error.reason, **call}
            self._emit(data, transaction)

    def _answer(self, body: dict[str, Any], offer: str, transaction: str) -> None:
        request = body.get("request")
        if not isinstance(request, str):
            raise PluginError(443, "Missing mandatory element (request)")
        match request:
            case "register":
                self._register(body, transaction)
            case "unregister":
                self._unregister(transaction)
            case "call":
                self._call(body, offer, transaction)
            case "hangup":
                self._hang_up(transaction)
            case "dtmf_info":
                self._dtmf(body, transaction)
            case "transfer":
                self._transfer(body, transaction)
            case "decline" | "accept":
                raise PluginError(
                    447, f"Wrong state (not invited? status={self._state})"
                )
            case _:
                raise PluginError(442, f"Unknown request ({request})")

    def _register(self, body: dict[str, Any], transaction: str) -> None:
        kind = body.get("type")
        if kind == "helper":
            self._join_master(body)
        elif kind == "guest":
            if "send_register" in body:  # Janus 1.1.2 refuses even an explicit false
                raise PluginError(
                    444,
                    "Conflicting elements: send_register cannot be true if guest is true",
                )
        elif not (body.get("secret") or body.get("ha1_secret")):
            raise PluginError(443, "Missing element (secret or ha1_secret)")
        if self._master is None:
            self._identity = str(body.get("username") or "sip:anonymous@invalid")
            self._master_id = self._master_id or secrets.randbelow(2**31)
            self._network.masters[self._master_id] = self
        sent = kind is None and body.get("send_register", True) is True
        if sent:
            self._emit({"result": {"event": "registering"}}, transaction)
        result: dict[str, Any] = {
            "event": "registered",
            "username": self._identity.removeprefix("sip:").partition("@")[0],
            "register_sent": sent,
        }
        if self._master is not None:
            result["helper"] = True
        result["master_id"] = self._master_id
        self._emit({"result": result}, transaction)

    def _join_master(self, body: dict[str, Any]) -> None:
        if self._master is not None:
            raise PluginError(453, f"Session already a helper ({self._master_id})")
        if "master_id" not in body:
            raise PluginError(443, "Missing element (master_id)")
        master = self._network.masters.get(body["master_id"])
        if master is None:
            raise PluginError(453, f"No such master session ({body['master_id']})")
        self._master = master
        self._master_id = body["master_id"]
        self._identity = master._identity
        master._helpers.append(self)

    def _unregister(self, transaction: str) -> None:
        if not self._identity:
            raise PluginError(447, "Wrong state (not registered)")
        self._release_helpers()
        self._identity = ""
        self._emit({"result": {"event": "unregistering"}}, transaction)
        self._emit({"result": {"event": "unregistered"}}, transaction)

    def _call(self, body: dict[str, Any], offer: str, transaction: str) -> None:
        if self._state == "closing" and self._network.now() >= self._closing_until:
            self._state = "idle"
        if not self._identity:
            raise PluginError(447, "Wrong state (register first)")
        if self._state != "idle":
            raise PluginError(
                447, f"Wrong state (already in a call? status={self._state})"
            )
        if "uri" not in body:
            raise PluginError(443, "Missing mandatory element (uri)")
        uri = str(body["uri"])
        if not uri.startswith(("sip:", "sips:")):
            raise PluginError(445, f"Invalid user address {uri}")
        if not offer:
            raise PluginError(448, "Missing SDP")
        self._state = "inviting"
        self._call_id = str(body.get("call_id") or secrets.token_urlsafe(17))
        self._transaction = transaction
        self._progressed = False
        self._result(event="calling", call_id=self._call_id)
        self._callee = self._network.invite(
            self,
            to=e164(uri),
            caller=_caller(self._identity, body.get("headers") or {}),
            call_id=self._call_id,
            offer=offer,
        )

    def _hang_up(self, transaction: str) -> None:
        if self._callee is None:
            return  # Janus acknowledges and says nothing more
        callee, self._callee = self._callee, None
        self._emit(
            {"result": {"event": "hangingup"}, "call_id": self._call_id}, transaction
        )
        callee.hang_up("")

    def _dtmf(self, body: dict[str, Any], transaction: str) -> None:
        if self._callee is None or self._state != "incall":
            raise PluginError(0, "Wrong state (not in a call?)")
        if "digit" not in body:
            raise PluginError(443, "Missing mandatory element (digit)")
        self._callee.dtmf(str(body["digit"]))
        self._emit(
            {"result": {"event": "dtmfsent"}, "call_id": self._call_id}, transaction
        )

    def _transfer(self, body: dict[str, Any], transaction: str) -> None:
        if self._callee is None or self._state != "incall":
            raise PluginError(447, f"Wrong state (not in a call? status={self._state})")
        if "uri" not in body:
            raise PluginError(443, "Missing mandatory element (uri)")
        self._emit(
            {"result": {"event": "transferring"}, "call_id": self._call_id}, transaction
        )
        self._callee.refer(e164(str(body["uri"])))
        for state, line in (
            ("active", "SIP/2.0 100 Trying"),
            ("terminated", "SIP/2.0 200 OK"),
        ):
            self._result(
                event="notify",
                notify="refer",
                substate=state,
                **{"content-type": "message/sipfrag", "content": line},
            )

    # -- what the far end does --------------------------------------------------

    def ringing(self) -> None:
        self._result(event="ringing")
        self._result(event="proceeding", code=180)

    def progress(self, to: str, answer: str) -> None:
        """183 with SDP: early media. The answer to come carries none."""
        self._progressed = True
        self._result(answer, event="progress", username=f"sip:{to}@rehearsal.invalid")

    def accepted(self, to: str, answer: str) -> None:
        """200 OK."""
        self._state = "incall"
        self._result(
            "" if self._progressed else answer,
            event="accepted",
            username=f"sip:{to}@rehearsal.invalid",
        )

    def media_up(self) -> None:
        self._core_event("webrtcup")
        self._core_event("media", mid="0", type="audio", receiving=True)

    def ended(self, code: int, reason: str, q850: int | None = None) -> None:
        """BYE, CANCEL's 487 or a refusal; the handle is busy for a moment longer."""
        self._callee = None
        self._state = "closing"
        self._closing_until = self._network.now() + CLOSING_SECONDS
        cause = (
            {"reason_header_protocol": "Q.850", "reason_header_cause": str(q850)}
            if q850 is not None
            else {}
        )
        self._result(event="hangup", code=code, reason=reason, **cause)
        self._core_event("hangup", reason="Close PC")

    # -- the end of the handle --------------------------------------------------

    def close_media(self) -> None:
        """`hangup` of the core: the peer connection goes, and the call with it."""
        self._core_event("hangup", reason="Janus API")
        self._drop_call("media closed")

    def close(self, reason: str) -> None:
        """The handle is detached, or its session died; it says no more after this."""
        if self._callee is not None:
            self._emit({"result": {"event": "hangingup"}, "call_id": self._call_id}, "")
        self._core_event("detached")
        self._closed = True
        self._drop_call(reason)
        self._release_helpers()
        if self._master is not None and self in self._master._helpers:
            self._master._helpers.remove(self)

    def _drop_call(self, reason: str) -> None:
        if self._callee is not None:
            callee, self._callee = self._callee, None
            callee.hang_up(reason)

    def _release_helpers(self) -> None:
        """Without their master the helpers are detached and their calls hung up."""
        if self._network.masters.get(self._master_id) is self:
            del self._network.masters[self._master_id]
        helpers, self._helpers = self._helpers, []
        for helper in helpers:
            helper._detached(helper._id)

    # -- events -----------------------------------------------------------------

    def _result(self, answer: str = "", **result: Any) -> None:
        self._emit(
            {"result": result, "call_id": self._call_id}, self._transaction, answer
        )

    def _emit(self, data: dict[str, Any], transaction: str, answer: str = "") -> None:
        if not self._closed:
            self._send(
                plugin_event(self._session_id, self._id, transaction, data, answer)
            )

    def _core_event(self, kind: str, **more: Any) -> None:
        if not self._closed:
            self._send(handle_event(kind, self._session_id, self._id, **more))


def _caller(identity: str, headers: dict[str, str]) -> str:
    """Who the INVITE says is calling: an asserted identity beats the account's own."""
    named = {name.lower(): value for name, value in headers.items()}
    for header in ("p-asserted-identity", "p-preferred-identity", "remote-party-id"):
        if header in named:
            return e164(named[header])
    return e164(identity)
