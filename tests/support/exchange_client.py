"""A client of the exchange in process: requests in, and what it says, in order."""

import random
from typing import Any

import pytest

from campanile.rehearsal.exchange.core import Core
from campanile.rehearsal.exchange.protocol import SIP_PLUGIN, Message
from campanile.rehearsal.exchange.sip import SipHandle

ALICE = "sip:+12125550100@carrier.invalid"
BOB = "sip:+12125550123@carrier.invalid"
OFFER = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n"
ANSWER = "v=0 the answer"


class ScriptedPhone:
    """The far end of one call: the test decides what it does."""

    def __init__(self, handle: SipHandle, invite: dict[str, str]):
        self.handle = handle
        self.invite = invite
        self.hung_up: str | None = None
        self.digits = ""
        self.referred_to = ""

    def hang_up(self, reason: str) -> None:
        self.hung_up = reason
        self.handle.ended(200, "to BYE")

    def dtmf(self, digit: str) -> None:
        self.digits += digit

    def refer(self, target: str) -> None:
        self.referred_to = target


class Janus:
    """A core with a clock that can jump, and one client's view of it."""

    def __init__(self) -> None:
        self.time = 100.0
        self.phones: list[ScriptedPhone] = []
        self.said: list[Message] = []
        self.core = Core(
            self, session_seconds=10, rng=random.Random(1), now=lambda: self.time
        )
        self.send = self.said.append  # one object: a bound method is new each time

    def invite(self, handle: SipHandle, **invite: str) -> ScriptedPhone:
        self.phones.append(ScriptedPhone(handle, invite))
        return self.phones[-1]

    def ask(self, janus: str, **fields: Any) -> list[Message]:
        self.said.clear()
        self.core.ask({"janus": janus, "transaction": "t", **fields}, self.send)
        return list(self.said)

    def session(self) -> int:
        return int(self.ask("create")[0]["data"]["id"])

    def handle(self, session: int) -> int:
        [answer] = self.ask("attach", session_id=session, plugin=SIP_PLUGIN)
        return int(answer["data"]["id"])

    def tell(self, session: int, handle: int, body: Message, offer: str = "") -> Any:
        jsep = {"jsep": {"type": "offer", "sdp": offer}} if offer else {}
        ack, *events = self.ask(
            "message", session_id=session, handle_id=handle, body=body, **jsep
        )
        assert ack == {"janus": "ack", "session_id": session, "transaction": "t"}
        return [
            event["plugindata"]["data"] for event in events if "plugindata" in event
        ]

    def register(self, session: int, handle: int, **fields: Any) -> Message:
        body = {"request": "register", "type": "guest", "username": ALICE, **fields}
        [event] = self.tell(session, handle, body)
        return dict(event)

    def call(self, session: int, handle: int, **fields: Any) -> list[Message]:
        body = {"request": "call", "uri": BOB, "call_id": "c1", **fields}
        return list(self.tell(session, handle, body, OFFER))

    def ready_handle(self) -> tuple[int, int]:
        session = self.session()
        handle = self.handle(session)
        self.register(session, handle)
        return session, handle


@pytest.fixture
def janus() -> Janus:
    return Janus()


def error_of(messages: list[Message]) -> tuple[int, str]:
    [message] = messages
    assert message["janus"] == "error"
    return message["error"]["code"], message["error"]["reason"]
