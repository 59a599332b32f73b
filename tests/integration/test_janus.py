"""Our telephony against the real thing: Janus as the gateway, SIPp as the callee.

Each call is placed by a process of its own (support/place_call.py) inside a network
namespace; what the callee saw is read from SIPp's own log.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from campanile.telephony.causes import Cause, classify
from support.real_phone_network import (
    TONE_HZ,
    RealPhoneNetwork,
    require_phone_network,
)
from support.sipp_callee import Callee

TESTS = Path(__file__).parents[1]
CALLER_SENDS_HZ = 1000


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealPhoneNetwork]:
    require_phone_network()
    with RealPhoneNetwork(tmp_path_factory.mktemp("phones")) as network:
        yield network


def command(callee: Callee, *wishes: str) -> list[str]:
    return [
        *(sys.executable, "-m", "support.place_call"),
        *("--trunk", callee.address, *wishes),
    ]


def place_call(
    network: RealPhoneNetwork, callee: Callee, *wishes: str
) -> list[dict[str, Any]]:
    """Everything that the caller's process told, in order."""
    output = network.run(command(callee, *wishes), env={"PYTHONPATH": str(TESTS)})
    return [json.loads(line) for line in output.splitlines()]


def start_call(
    network: RealPhoneNetwork, callee: Callee, *wishes: str
) -> subprocess.Popen[str]:
    return network.start(command(callee, *wishes), env={"PYTHONPATH": str(TESTS)})


def names(told: list[dict[str, Any]]) -> list[str]:
    return [event["event"] for event in told]


def test_an_answered_call_is_heard_both_ways(network: RealPhoneNetwork) -> None:
    callee = network.callee("answer", echo=True)
    told = place_call(network, callee, "--hang-up-after", "1.5")

    assert names(told) == (
        ["opened", "dialed", "Ringing", "Answered", "hanging_up", "Ended"]
    )
    heard, ended = told[-2:]
    assert abs(heard["hertz"] - CALLER_SENDS_HZ) <= 2  # what it sent came back
    assert 5000 < heard["rms"] < 6000
    assert (ended["code"], ended["by"]) == (200, "us")
    assert callee.received() == ["INVITE", "ACK", "BYE"]
    assert callee.is_content()


def test_the_callees_own_tone_is_heard(network: RealPhoneNetwork) -> None:
    callee = network.callee("answer_with_tone")
    heard = place_call(network, callee, "--hang-up-after", "1.5")[-2]

    assert abs(heard["hertz"] - TONE_HZ) <= 2
    assert 5000 < heard["rms"] < 6000


def test_the_invite_says_who_calls_whom_by_which_attempt(
    network: RealPhoneNetwork,
) -> None:
    callee = network.callee("reject", code=486, phrase="Busy Here", q850=17)
    place_call(network, callee, "--caller-id", "+12125550142", "--call-id", "attempt-7")

    invite = callee.first("INVITE")
    assert invite.first_line.startswith(f"INVITE sip:+12125550123@{callee.address} ")
    assert "<sip:+12125550142@" in invite.header("From")
    assert invite.header("Call-ID") == "attempt-7"
    assert "m=audio" in invite.text
    assert "a=rtpmap:0 PCMU/8000" in invite.text
    assert "opus" not in invite.text.lower()


def test_a_callee_who_hangs_up_is_named_with_the_cause(
    network: RealPhoneNetwork,
) -> None:
    callee = network.callee("answer_then_bye", talk=500)
    ended = place_call(network, callee)[-1]

    assert (ended["code"], ended["by"], ended["q850"]) == (200, "callee", 16)
    assert callee.is_content()


@pytest.mark.parametrize(
    ("code", "phrase", "q850", "cause"),
    [
        (486, "Busy Here", 17, Cause.BUSY),
        (404, "Not Found", 1, Cause.INVALID_NUMBER),
        (480, "Temporarily Unavailable", 18, Cause.NO_ANSWER),
        (503, "Service Unavailable", 34, Cause.CONGESTION),
        (603, "Decline", 21, Cause.REJECTED),
        (500, "Server Internal Error", 41, Cause.TRUNK_FAILED),
    ],
)
def test_a_refusal_arrives_with_its_status(
    network: RealPhoneNetwork, code: int, phrase: str, q850: int, cause: Cause
) -> None:
    callee = network.callee("reject", code=code, phrase=phrase, q850=q850)
    told = place_call(network, callee)

    assert names(told) == ["opened", "dialed", "Ended"]
    ended = told[-1]
    assert (ended["code"], ended["by"]) == (code, "callee")
    # Janus 1.1.2 reports the Reason header of a BYE, but not that of a refusal.
    assert ended["q850"] is None
    assert classify(ended["code"], ended["q850"]) == cause
    assert callee.received() == ["INVITE", "ACK"]


def test_nobody_answers_and_we_give_up_with_cancel(network: RealPhoneNetwork) -> None:
    callee = network.callee("ring_forever")
    told = place_call(
        network, callee, "--hang-up-on", "Ringing", "--hang-up-after", "0.5"
    )

    ended = told[-1]
    assert (ended["code"], ended["by"]) == (487, "us")
    assert callee.received() == ["INVITE", "CANCEL", "ACK"]
    assert callee.is_content()


def test_early_media_is_heard_before_the_answer(network: RealPhoneNetwork) -> None:
    callee = network.callee("early_media_then_answer")
    told = place_call(network, callee, "--hang-up-after", "0.5")

    assert names(told)[2:5] == ["EarlyMedia", "Answered", "hanging_up"]
    answered = told[3]
    assert answered["heard"] > 20  # a 183 came 600 ms before
    assert abs(told[4]["hertz"] - TONE_HZ) <= 2


def test_early_media_and_then_busy_is_busy(network: RealPhoneNetwork) -> None:
    callee = network.callee(
        "early_media_then_reject", code=486, phrase="Busy Here", q850=17
    )
    told = place_call(network, callee)

    assert names(told)[2:] == ["EarlyMedia", "Ended"]
    ended = told[-1]
    assert (ended["code"], ended["by"]) == (486, "callee")
    assert abs(ended["hertz"] - TONE_HZ) <= 2


@pytest.mark.parametrize(
    ("scenario", "stage", "farewell"),
    [("answer", "Answered", "BYE"), ("ring_forever", "Ringing", "CANCEL")],
)
def test_a_caller_killed_with_9_leaves_no_leg_behind(
    network: RealPhoneNetwork, scenario: str, stage: str, farewell: str
) -> None:
    callee = network.callee(scenario)
    caller = start_call(network, callee)
    assert caller.stdout
    for line in caller.stdout:
        if json.loads(line)["event"] == stage:
            break

    killed_at = time.time()
    caller.kill()

    assert callee.wait_for(farewell).at - killed_at < 1.0


def test_a_caller_that_stood_still_too_long_can_no_longer_dial(
    tmp_path: Path,
) -> None:
    require_phone_network()
    with RealPhoneNetwork(tmp_path / "phones", session_seconds=2) as network:
        callee = network.callee("answer")
        told = place_call(network, callee, "--freeze", "7")

        assert names(told) == ["opened", "refused"]
        assert told[-1]["code"] == 458
        assert callee.received() == []


def test_a_call_ends_at_its_hard_deadline_whatever_happens(
    network: RealPhoneNetwork,
) -> None:
    callee = network.callee("answer")
    told = place_call(network, callee, "--hold", "1.5")

    ended = told[-1]
    assert (ended["code"], ended["by"]) == (200, "us")
    assert "deadline" in ended["reason"]
    assert callee.received() == ["INVITE", "ACK", "BYE"]


def test_calls_at_once_from_one_number_do_not_mix(network: RealPhoneNetwork) -> None:
    callee = network.callee("answer", echo=True, calls=8)
    told = place_call(network, callee, "--calls", "8", "--hang-up-after", "2")

    heard = [event for event in told if event["event"] == "hanging_up"]
    ended = [event for event in told if event["event"] == "Ended"]
    assert len(heard) == len(ended) == 8
    assert all(abs(each["hertz"] - CALLER_SENDS_HZ) <= 2 for each in heard)
    assert all((each["code"], each["by"]) == (200, "us") for each in ended)
    assert callee.is_content()


def test_when_the_masters_go_so_does_the_call(network: RealPhoneNetwork) -> None:
    callee = network.callee("answer")
    told = place_call(network, callee, "--drop-masters-after", "1.5")

    ended = told[-1]
    assert (ended["code"], ended["by"]) == (0, "gateway")
    assert callee.received() == ["INVITE", "ACK", "BYE"]


def test_digits_cross_both_ways(network: RealPhoneNetwork) -> None:
    callee = network.callee("answer", echo=True)
    told = place_call(network, callee, "--digits", "ww4#", "--hang-up-after", "2.5")

    digits = [event["digit"] for event in told if event["event"] == "Dtmf"]
    assert digits == ["4", "#"]  # ours, echoed


def test_the_trunks_password_opens_the_way(network: RealPhoneNetwork) -> None:
    callee = network.callee("challenge", username="acme", secret="open sesame")
    told = place_call(
        network,
        callee,
        *("--username", "acme", "--secret", "open sesame", "--hang-up-after", "0.3"),
    )

    assert "Answered" in names(told)
    assert callee.received() == ["INVITE", "ACK", "INVITE", "ACK", "BYE"]


@pytest.mark.parametrize("credentials", [[], ["--username", "acme", "--secret", "no"]])
def test_without_the_right_password_the_trunk_failed_us(
    network: RealPhoneNetwork, credentials: list[str]
) -> None:
    callee = network.callee("challenge", username="acme", secret="open sesame")
    ended = place_call(network, callee, *credentials)[-1]

    assert ended["code"] == 403
    assert classify(ended["code"]) == Cause.TRUNK_FAILED


def test_a_redirect_never_leaves_the_trunk(network: RealPhoneNetwork) -> None:
    """Janus's SIP stack follows a 302 by itself and tells nobody; what can be kept is
    that the next INVITE goes to the same trunk, not to whom the redirect names.
    """
    elsewhere = network.callee("answer")
    trunk = network.callee("redirect", elsewhere=elsewhere.address)
    ended = place_call(network, trunk)[-1]

    assert ended["event"] == "Ended"
    assert ended["code"] == 503  # the trunk was gone by then
    assert elsewhere.received() == []


def test_an_unreachable_trunk_is_told_at_once(network: RealPhoneNetwork) -> None:
    callee = network.callee("answer")
    callee.close()
    told = place_call(network, callee)

    assert (told[-1]["code"], told[-1]["by"]) == (503, "callee")
    assert told[-1]["at"] - told[0]["at"] < 2
