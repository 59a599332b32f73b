"""The same client makes the same of the real Janus and of the rehearsal's exchange.

What differs between the two is noise that every network makes (one rings before it is
busy, another does not); what a caller concludes may not.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from support.real_phone_network import RealPhoneNetwork, require_phone_network

TESTS = Path(__file__).parents[1]
PLACE_CALL = [sys.executable, "-m", "support.place_call", "--renew", "0.5"]

Told = list[dict[str, Any]]


@dataclass(frozen=True)
class Case:
    number: str
    """whom the exchange connects"""
    scenario: str
    values: dict[str, Any]
    """what SIPp plays"""


ANSWERS = Case("+12125550199", "answer_with_tone", {})
BUSY = Case("+12125550180", "reject", {"code": 486, "phrase": "Busy Here", "q850": 17})
RINGS = Case("+12125550183", "ring_forever", {})
UNALLOCATED = Case(
    "+12125550189", "reject", {"code": 404, "phrase": "Not Found", "q850": 1}
)


class Phones(Protocol):
    def place(self, case: Case, *wishes: str) -> Told:
        """What support/place_call.py told of one call."""


class RealPhones:
    def __init__(self, network: RealPhoneNetwork):
        self._network = network

    def place(self, case: Case, *wishes: str) -> Told:
        callee = self._network.callee(case.scenario, **case.values)
        command = [*PLACE_CALL, "--trunk", callee.address, *wishes]
        return told(self._network.run(command, env={"PYTHONPATH": str(TESTS)}))


class RehearsedPhones:
    def __init__(self, url: str):
        self._url = url

    def place(self, case: Case, *wishes: str) -> Told:
        command = [*PLACE_CALL, "--trunk", "rehearsal.invalid", "--to", case.number]
        settings = {
            "CAMPANILE_GATEWAY_URL": self._url,
            "CAMPANILE_MEDIA_ADDRESS": "127.0.0.1",
            "PYTHONPATH": str(TESTS),
        }
        done = subprocess.run(
            [*command, *wishes],
            env=os.environ | settings,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return told(done.stdout)


@pytest.fixture(scope="module", params=["janus", "exchange"])
def phones(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Phones]:
    folder = tmp_path_factory.mktemp("phones")
    if request.param == "janus":
        require_phone_network()
        with RealPhoneNetwork(folder / "real", session_seconds=2) as network:
            yield RealPhones(network)
        return
    command = [sys.executable, "-m", "campanile.rehearsal.exchange"]
    with subprocess.Popen(
        [*command, "--data", str(folder), "--session-timeout", "2"],
        stdout=subprocess.PIPE,
        text=True,
    ) as exchange:
        assert exchange.stdout
        yield RehearsedPhones(exchange.stdout.readline().strip())
        exchange.kill()


def told(output: str) -> Told:
    return [json.loads(line) for line in output.splitlines()]


def names(told: Told) -> list[str]:
    return [event["event"] for event in told]


def test_an_answer_is_heard_and_our_bye_confirmed(phones: Phones) -> None:
    said = phones.place(ANSWERS, "--hang-up-after", "1.7")

    assert names(said) == (
        ["opened", "dialed", "Ringing", "Answered", "hanging_up", "Ended"]
    )
    assert abs(said[-2]["hertz"] - 440) <= 2
    assert (said[-1]["code"], said[-1]["by"]) == (200, "us")


@pytest.mark.parametrize(("case", "code"), [(BUSY, 486), (UNALLOCATED, 404)])
def test_a_refusal_is_the_callees_and_keeps_its_status(
    phones: Phones, case: Case, code: int
) -> None:
    said = phones.place(case)

    assert "Answered" not in names(said)
    assert (said[-1]["code"], said[-1]["by"]) == (code, "callee")
    assert said[-1]["q850"] is None  # no gateway tells the Reason of a refusal


def test_giving_up_while_it_rings_is_a_487_of_ours(phones: Phones) -> None:
    said = phones.place(RINGS, "--hang-up-on", "Ringing", "--hang-up-after", "0.3")

    assert names(said) == ["opened", "dialed", "Ringing", "hanging_up", "Ended"]
    assert (said[-1]["code"], said[-1]["by"]) == (487, "us")


def test_who_stood_still_too_long_can_no_longer_dial(phones: Phones) -> None:
    said = phones.place(ANSWERS, "--freeze", "7")

    assert names(said) == ["opened", "refused"]
    assert said[-1]["code"] == 458


def test_when_the_masters_go_so_does_the_call(phones: Phones) -> None:
    said = phones.place(ANSWERS, "--drop-masters-after", "1.5")

    assert (said[-1]["code"], said[-1]["by"]) == (0, "gateway")
