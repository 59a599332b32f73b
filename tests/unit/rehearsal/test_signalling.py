"""Far ends that only signal: the protocol and the log of the others, without a sound."""

import asyncio
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from campanile.errors import Invalid
from campanile.media import sdp
from campanile.rehearsal.exchange import ExchangeOptions
from campanile.rehearsal.exchange.core import Core
from campanile.rehearsal.exchange.manners import Kind, Manners, read_manners
from campanile.rehearsal.exchange.protocol import SIP_PLUGIN
from campanile.rehearsal.exchange.signalling import Switchboard
from support.exchange_client import ALICE, OFFER

NUMBER = "+12125550123"


async def call(
    tmp_path: Path, kind: Kind, *, seconds: float = 3.5, hang_up: bool = False
) -> tuple[list[str], list[dict[str, Any]], list[dict[str, Any]]]:
    """One call to a far end of `kind`: (SIP events told, legs logged, all messages)."""
    manners = tmp_path / "manners.json"
    manners.write_text(json.dumps({"numbers": {NUMBER: kind}}))
    said: list[dict[str, Any]] = []
    over = asyncio.Event()

    def send(message: dict[str, Any]) -> None:
        said.append(message)
        if events([message]) == ["hangup"]:
            over.set()

    async with Switchboard.open(
        ExchangeOptions(data_dir=tmp_path, signalling_only=True, manners=manners)
    ) as board:
        core = Core(board, session_seconds=10, rng=random.Random(1))

        def ask(**fields: Any) -> dict[str, Any]:
            core.ask({"transaction": "t", **fields}, send)
            return said[-1]

        session = ask(janus="create")["data"]["id"]
        attach = {"janus": "attach", "session_id": session, "plugin": SIP_PLUGIN}
        handle = ask(**attach)["data"]["id"]
        message = {"janus": "message", "session_id": session, "handle_id": handle}
        ask(**message, body={"request": "register", "type": "guest", "username": ALICE})
        body = {"request": "call", "uri": f"sip:{NUMBER}@x.invalid", "call_id": "c1"}
        ask(**message, body=body, jsep={"type": "offer", "sdp": OFFER})
        if hang_up:
            await asyncio.sleep(0.2)
            ask(**message, body={"request": "hangup"})
        else:
            async with asyncio.timeout(seconds):
                await over.wait()
    legs = (tmp_path / "rehearsal" / "legs.ndjson").read_text().splitlines()
    return events(said), [json.loads(line) for line in legs], said


def events(said: list[dict[str, Any]]) -> list[str]:
    results = [
        message.get("plugindata", {}).get("data", {}).get("result", {})
        for message in said
    ]
    return [result["event"] for result in results if "event" in result]


async def test_a_callee_picks_up_says_nothing_and_hangs_up(tmp_path: Path) -> None:
    told, legs, said = await call(tmp_path, "hangs_up")

    assert told[-4:] == ["ringing", "proceeding", "accepted", "hangup"]
    assert [leg["event"] for leg in legs] == ["invite", "ringing", "answer", "bye"]
    assert {leg["call_id"] for leg in legs} == {"c1"}
    assert {leg["to"] for leg in legs} == {NUMBER}
    [answer] = [message["jsep"]["sdp"] for message in said if "jsep" in message]
    assert sdp.parse(answer).codecs == [sdp.PCMU]


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("busy", {486}),
        ("no_answer", {408, 480}),
        ("rejected", {603}),
        ("vacant", {404}),
        ("congestion", {503}),
        ("trunk_failure", {403, 407}),
    ],
)
async def test_each_refusal_is_told_and_logged_with_its_code(
    tmp_path: Path, kind: Kind, codes: set[int]
) -> None:
    told, legs, _ = await call(tmp_path, kind)

    assert told[-1] == "hangup"
    assert legs[-1]["event"] == "reject"
    assert legs[-1]["code"] in codes


@pytest.mark.parametrize(("kind", "end"), [("rings_on", "cancel")])
async def test_a_caller_who_gives_up_cancels(
    tmp_path: Path, kind: Kind, end: str
) -> None:
    told, legs, _ = await call(tmp_path, kind, hang_up=True)

    assert told[-2:] == ["hangingup", "hangup"]
    assert [leg["event"] for leg in legs] == ["invite", "ringing", end]


def test_the_same_seed_gives_the_same_courses() -> None:
    one, other = Manners(seed=7), Manners(seed=7)

    courses = [one.course(NUMBER, call=n) for n in range(20)]

    assert courses == [other.course(NUMBER, call=n) for n in range(20)]
    assert courses != [Manners(seed=8).course(NUMBER, call=n) for n in range(20)]


def test_shares_are_kept_over_many_calls() -> None:
    manners = Manners(seed=1, shares={"busy": 3, "vacant": 1})

    codes = Counter(manners.course(NUMBER, call=n).code for n in range(2000))

    assert 1400 <= codes[486] <= 1600
    assert codes[486] + codes[404] == 2000


def test_manners_that_do_not_exist_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "manners.json"
    file.write_text('{"shares": {"sings": 1}}')

    with pytest.raises(Invalid, match="sings"):
        read_manners(1, file)
