"""Janus's JSON in, line events out; the messages are as the real Janus sent them."""

from typing import Any

import pytest

from campanile.telephony.line import (
    Answered,
    Dtmf,
    EarlyMedia,
    Ended,
    LineEvent,
    Ringing,
)
from campanile.telephony.sip_events import LegProgress


def event(name: str, *, sdp: bool = False, **values: object) -> dict[str, Any]:
    message: dict[str, Any] = {
        "janus": "event",
        "session_id": 245502497026842,
        "transaction": "8b077627",
        "sender": 5127432232687308,
        "plugindata": {
            "plugin": "janus.plugin.sip",
            "data": {
                "sip": "event",
                "result": {"event": name, **values},
                "call_id": "attempt-e51c40",
            },
        },
    }
    if sdp:
        message["jsep"] = {"type": "answer", "sdp": "v=0…"}
    return message


def core(kind: str, **values: object) -> dict[str, Any]:
    return {"janus": kind, "session_id": 1, "sender": 2, **values}


def news(progress: LegProgress, *messages: dict[str, Any]) -> list[LineEvent]:
    read = [progress.read(message) for message in messages]
    return [each for each in read if each is not None]


def test_a_plain_call() -> None:
    assert news(
        LegProgress(),
        event("ringing"),
        event("proceeding", code=180),
        event("accepted", sdp=True, username="sip:+12125550123@192.0.2.1"),
        core("webrtcup"),
        core("media", mid="0", type="audio", receiving=True),
        event("hangup", code=200, reason="Session Terminated"),
        core("hangup", reason="Close PC"),
    ) == [
        Ringing(),
        Answered(),
        Ended(code=200, reason="Session Terminated", by="callee"),
    ]


def test_early_media_then_answer_without_sdp() -> None:
    assert news(
        LegProgress(),
        event("progress", sdp=True),
        event("proceeding", code=183),
        event("accepted"),
    ) == [EarlyMedia(), Answered()]


def test_what_a_network_repeats_is_told_once() -> None:
    assert news(
        LegProgress(),
        event("ringing"),
        event("ringing"),
        event("progress", sdp=True),
        event("progress", sdp=True),
        event("ringing"),
        event("accepted"),
        event("accepted"),
    ) == [Ringing(), EarlyMedia(), Answered()]


def test_nothing_rings_any_more_once_it_is_answered() -> None:
    assert news(
        LegProgress(),
        event("accepted", sdp=True),
        event("ringing"),
        event("progress", sdp=True),
    ) == [Answered()]


def test_a_183_without_sdp_only_rings() -> None:
    assert news(LegProgress(), event("progress")) == [Ringing()]


def test_the_q850_cause_of_a_bye_is_read() -> None:
    bye = event(
        "hangup",
        code=200,
        reason="Session Terminated",
        reason_header="Normal call clearing",
        reason_header_protocol="Q.850",
        reason_header_cause="16",
    )
    assert news(LegProgress(), bye) == [
        Ended(code=200, reason="Session Terminated", by="callee", q850=16)
    ]


@pytest.mark.parametrize(
    ("protocol", "cause"), [("SIP", "200"), ("Q.850", ""), ("Q.850", "many")]
)
def test_other_reasons_are_no_q850_cause(protocol: str, cause: str) -> None:
    bye = event(
        "hangup",
        code=200,
        reason="",
        reason_header_protocol=protocol,
        reason_header_cause=cause,
    )
    (ended,) = news(LegProgress(), bye)
    assert isinstance(ended, Ended)
    assert ended.q850 is None


def test_an_end_that_we_asked_for_is_ours() -> None:
    progress = LegProgress(hanging_up=True)
    assert news(progress, event("hangup", code=487, reason="Request Terminated")) == [
        Ended(code=487, reason="Request Terminated", by="us")
    ]


def test_nothing_comes_after_the_end() -> None:
    progress = LegProgress()
    news(progress, event("hangup", code=486, reason="Busy Here"))
    assert news(progress, event("accepted"), core("detached")) == []
    assert progress.session_over("closed", by_us=True) is None


def test_a_dropped_handle_is_the_gateways_doing() -> None:
    (ended,) = news(LegProgress(answered=True), core("detached"))
    assert isinstance(ended, Ended)
    assert (ended.code, ended.by) == (0, "gateway")


@pytest.mark.parametrize(("answered", "code"), [(True, 200), (False, 487)])
def test_a_session_that_we_gave_up_ended_the_leg_as_we_wanted(
    answered: bool, code: int
) -> None:
    ended = LegProgress(answered=answered).session_over("deadline", by_us=True)
    assert ended == Ended(code=code, reason="deadline", by="us")


def test_media_that_cannot_be_agreed_on_is_a_488() -> None:
    progress = LegProgress(hanging_up=True, fault="The far end speaks no G.711")
    assert news(progress, event("hangup", code=200, reason="to BYE")) == [
        Ended(code=488, reason="The far end speaks no G.711", by="us")
    ]


@pytest.mark.parametrize(
    ("kind", "content", "digit"),
    [
        ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", "5"),
        ("application/dtmf-relay", "Signal= #\r\nDuration=160", "#"),
        ("application/dtmf", "7", "7"),
    ],
)
def test_digits_come_by_sip_info(kind: str, content: str, digit: str) -> None:
    info = event("info", type=kind, content=content)
    assert news(LegProgress(answered=True), info) == [Dtmf(digit)]


@pytest.mark.parametrize(
    ("kind", "content"),
    [("text/plain", "5"), ("application/dtmf-relay", "Signal=55"), ("", "")],
)
def test_other_info_is_no_digit(kind: str, content: str) -> None:
    assert news(LegProgress(), event("info", type=kind, content=content)) == []
