"""The words of the Janus API and its SIP plugin, as Janus 1.1.2 was seen to say them.

Order and names of the fields are those of a trace of the real gateway; see
tests/unit/rehearsal/test_exchange_protocol.py.
"""

from typing import Any

SIP_PLUGIN = "janus.plugin.sip"

Message = dict[str, Any]


class Refused(Exception):
    """An error of the Janus core: answered instead of a success or an ack."""

    def __init__(self, code: int, reason: str):
        super().__init__(reason)
        self.code = code
        self.reason = reason


class PluginError(Exception):
    """An error of the SIP plugin: arrives as an event, after the ack."""

    def __init__(self, code: int, reason: str):
        super().__init__(reason)
        self.code = code
        self.reason = reason


def reply(kind: str, session_id: int, transaction: str, **more: Any) -> Message:
    """An ack, success or other direct answer; `session_id` 0 stands for none."""
    session = {"session_id": session_id} if session_id else {}
    return {"janus": kind, **session, "transaction": transaction, **more}


def refusal(error: Refused, session_id: int, transaction: str) -> Message:
    return reply(
        "error",
        session_id,
        transaction,
        error={"code": error.code, "reason": error.reason},
    )


def handle_event(kind: str, session_id: int, handle_id: int, **more: Any) -> Message:
    """An event of the core about one handle: webrtcup, media, hangup, detached."""
    return {"janus": kind, "session_id": session_id, "sender": handle_id, **more}


def plugin_event(
    session_id: int,
    handle_id: int,
    transaction: str,
    data: dict[str, Any],
    answer: str = "",
) -> Message:
    """An event of the SIP plugin; `answer` is the SDP that travels with it."""
    event: Message = {"janus": "event", "session_id": session_id}
    if transaction:
        event["transaction"] = transaction
    event["sender"] = handle_id
    event["plugindata"] = {"plugin": SIP_PLUGIN, "data": {"sip": "event", **data}}
    if answer:
        event["jsep"] = {"type": "answer", "sdp": answer}
    return event


def wanted(request: dict[str, Any], field: str, kind: type) -> Any:
    """A field that Janus insists on, of the type it insists on."""
    value = request.get(field)
    if value is None:
        raise Refused(456, f"Missing mandatory element ({field})")
    if not isinstance(value, kind) or isinstance(value, bool):
        raise Refused(
            467, f"Invalid element type ({field} should be a {kind.__name__})"
        )
    return value


def server_info(session_seconds: float) -> dict[str, Any]:
    """What `info` answers; the product knows a rehearsal by the name (DESIGN 6)."""
    return {
        "name": "campanile rehearsal",
        "version": 1102,
        "version_string": "1.1.2",
        "author": "campanile",
        "data_channels": False,
        "accepting-new-sessions": True,
        "session-timeout": int(session_seconds),
        "reclaim-session-timeout": 0,
        "full-trickle": False,
        "ice-lite": False,
        "transports": {"janus.transport.websockets": {"name": "WebSockets"}},
        "plugins": {SIP_PLUGIN: {"name": "SIP", "version_string": "0.0.8"}},
    }
