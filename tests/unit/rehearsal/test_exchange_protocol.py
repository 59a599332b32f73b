"""The exchange says what Janus 1.1.2 was seen to say: fields, order and errors.

The expected messages are from a trace of Debian's Janus with SIPp behind it.
"""

import pytest

from campanile.rehearsal.exchange.protocol import SIP_PLUGIN, Message
from support.exchange_client import ANSWER, BOB, OFFER, Janus, error_of, janus

__all__ = ["janus"]


def test_info_names_itself_as_a_rehearsal(janus: Janus) -> None:
    [info] = janus.ask("info")

    assert info["janus"] == "server_info"
    assert info["name"] == "campanile rehearsal"
    assert info["session-timeout"] == 10


def test_what_cannot_be_asked_is_refused_with_janus_codes(janus: Janus) -> None:
    session = janus.session()
    handle = janus.handle(session)
    inside = {"session_id": session}

    assert error_of(janus.ask("nonsense"))[0] == 457
    assert error_of(janus.ask("attach", **inside))[0] == 456
    assert error_of(janus.ask("attach", **inside, plugin="nix"))[0] == 460
    assert error_of(janus.ask("keepalive", session_id=7)) == (458, "No such session 7")
    assert error_of(janus.ask("detach", **inside, handle_id=7)) == (
        459,
        f"No such handle 7 in session {session}",
    )
    assert error_of(janus.ask("message", **inside, handle_id=handle))[0] == 456
    bad_jsep = {"type": "offer", "sdp": "v=0\r\n"}
    asked = janus.ask(
        "message", **inside, handle_id=handle, body={"request": "call"}, jsep=bad_jsep
    )
    assert error_of(asked)[0] == 465


def test_a_request_without_transaction_is_refused(janus: Janus) -> None:
    janus.core.ask({"janus": "info"}, janus.send)

    assert error_of(janus.said)[0] == 456


def test_a_guest_registers_without_being_registered_anywhere(janus: Janus) -> None:
    session = janus.session()
    registered = janus.register(session, janus.handle(session))

    master_id = registered["result"].pop("master_id")
    assert isinstance(master_id, int)
    assert registered == {
        "sip": "event",
        "result": {
            "event": "registered",
            "username": "+12125550100",
            "register_sent": False,
        },
    }


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"type": "guest", "send_register": False}, 444),
        ({"type": None, "send_register": False}, 443),  # a secret is wanted
        ({"type": "helper"}, 443),
        ({"type": "helper", "master_id": 7}, 453),
    ],
)
def test_registrations_that_janus_refuses(
    janus: Janus, fields: Message, code: int
) -> None:
    session = janus.session()

    refused = janus.register(session, janus.handle(session), **fields)

    assert refused["error_code"] == code


def test_a_helper_calls_under_its_masters_identity(janus: Janus) -> None:
    master_session = janus.session()
    registered = janus.register(master_session, janus.handle(master_session))
    session = janus.session()
    helper = janus.handle(session)

    joined = janus.register(
        session, helper, type="helper", master_id=registered["result"]["master_id"]
    )
    janus.call(session, helper)

    assert joined["result"]["helper"] is True
    assert janus.phones[0].invite["caller"] == "+12125550100"


def test_an_asserted_identity_beats_the_accounts(janus: Janus) -> None:
    session, handle = janus.ready_handle()

    asserted = {"P-Asserted-Identity": "<sip:+12125550177@carrier.invalid>"}
    janus.call(session, handle, headers=asserted)

    assert janus.phones[0].invite["caller"] == "+12125550177"


def test_calls_that_janus_refuses(janus: Janus) -> None:
    session = janus.session()
    handle = janus.handle(session)
    body = {"request": "call", "uri": BOB}

    [unregistered] = janus.tell(session, handle, body, OFFER)
    janus.register(session, handle)
    [without_offer] = janus.tell(session, handle, body)
    janus.call(session, handle)
    [second] = janus.tell(session, handle, body, OFFER)

    assert unregistered["error_code"] == 447
    assert without_offer == {
        "sip": "event",
        "error_code": 448,
        "error": "Missing SDP",
    }
    assert second == {
        "sip": "event",
        "error_code": 447,
        "error": "Wrong state (already in a call? status=inviting)",
        "call_id": "c1",
    }


def test_an_answered_call_tells_its_story_in_order(janus: Janus) -> None:
    session, handle = janus.ready_handle()

    calling = janus.call(session, handle)
    janus.said.clear()
    phone = janus.phones[0]
    phone.handle.ringing()
    phone.handle.accepted("+12125550123", ANSWER)
    phone.handle.media_up()

    assert calling == [
        {
            "sip": "event",
            "result": {"event": "calling", "call_id": "c1"},
            "call_id": "c1",
        }
    ]
    ringing, proceeding, accepted, webrtcup, media = janus.said
    assert ringing == {
        "janus": "event",
        "session_id": session,
        "transaction": "t",
        "sender": handle,
        "plugindata": {
            "plugin": SIP_PLUGIN,
            "data": {"sip": "event", "result": {"event": "ringing"}, "call_id": "c1"},
        },
    }
    assert proceeding["plugindata"]["data"]["result"] == {
        "event": "proceeding",
        "code": 180,
    }
    assert accepted["plugindata"]["data"]["result"]["event"] == "accepted"
    assert accepted["jsep"] == {"type": "answer", "sdp": ANSWER}
    assert webrtcup == {"janus": "webrtcup", "session_id": session, "sender": handle}
    assert media["receiving"] is True


def test_after_early_media_the_answer_carries_no_sdp(janus: Janus) -> None:
    session, handle = janus.ready_handle()
    janus.call(session, handle)
    janus.said.clear()

    janus.phones[0].handle.progress("+12125550123", ANSWER)
    janus.phones[0].handle.accepted("+12125550123", ANSWER)

    progress, accepted = janus.said
    assert progress["jsep"]["sdp"] == ANSWER
    assert "jsep" not in accepted


def test_a_refusal_and_a_bye_of_the_callee(janus: Janus) -> None:
    session, handle = janus.ready_handle()
    janus.call(session, handle)
    janus.said.clear()

    janus.phones[0].handle.ended(200, "Session Terminated", q850=16)

    hangup, closed = janus.said
    assert hangup["plugindata"]["data"]["result"] == {
        "event": "hangup",
        "code": 200,
        "reason": "Session Terminated",
        "reason_header_protocol": "Q.850",
        "reason_header_cause": "16",
    }
    assert closed == {
        "janus": "hangup",
        "session_id": session,
        "sender": handle,
        "reason": "Close PC",
    }


def test_hanging_up_is_told_twice_and_may_be_asked_twice(janus: Janus) -> None:
    session, handle = janus.ready_handle()
    janus.call(session, handle)

    first = janus.tell(session, handle, {"request": "hangup"})
    again = janus.tell(session, handle, {"request": "hangup"})

    assert [data["result"]["event"] for data in first] == ["hangingup", "hangup"]
    assert again == []


def test_a_handle_is_busy_for_a_moment_after_a_call(janus: Janus) -> None:
    session, handle = janus.ready_handle()
    janus.call(session, handle)
    janus.tell(session, handle, {"request": "hangup"})

    [at_once] = janus.call(session, handle)
    janus.time += 1.5
    [later] = janus.call(session, handle)

    assert at_once["error"] == "Wrong state (already in a call? status=closing)"
    assert later["result"]["event"] == "calling"


def test_digits_and_transfers_reach_the_far_end(janus: Janus) -> None:
    session, handle = janus.ready_handle()
    janus.call(session, handle)
    phone = janus.phones[0]
    phone.handle.accepted("+12125550123", ANSWER)

    [sent] = janus.tell(session, handle, {"request": "dtmf_info", "digit": "5"})
    told = janus.tell(
        session, handle, {"request": "transfer", "uri": "sip:+12125550188@x"}
    )

    assert sent["result"] == {"event": "dtmfsent"}
    assert phone.digits == "5"
    assert phone.referred_to == "+12125550188"
    assert [data["result"]["event"] for data in told] == [
        "transferring",
        "notify",
        "notify",
    ]
    assert told[-1]["result"]["substate"] == "terminated"
