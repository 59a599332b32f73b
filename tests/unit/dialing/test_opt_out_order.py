"""The callee's wish is kept before the leg is given up, however slow that is."""

import asyncio
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from campanile.config import settings
from campanile.conversation.preparation import Prepared, Sentence
from campanile.dialing.accounts import Account, OptOut
from campanile.dialing.talk import Talk
from campanile.providers.pool import Pool
from support.plans import PLAN

SILENT = Sentence("", np.zeros(0, dtype=np.int16))


class SlowOutbox:
    """A disk that takes its time."""

    def __init__(self, happened: list[str]) -> None:
        self.happened = happened
        self.may_go_on = asyncio.Event()
        self.kept: list[Account] = []

    async def put(self, account: Account) -> None:
        await self.may_go_on.wait()
        self.kept.append(account)
        self.happened.append("kept")


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DEEPGRAM", "OPENAI", "ELEVENLABS"):
        monkeypatch.setenv(f"CAMPANILE_{name}_API_KEY", "a-key")
    settings.cache_clear()


async def a_talk(pool: Pool, outbox: SlowOutbox) -> Talk:
    async def bye() -> None:
        outbox.happened.append("bye")

    host: Any = SimpleNamespace(providers=pool, vad=None, outbox=outbox)
    line: Any = SimpleNamespace(audio=None, hang_up=bye)
    return Talk(host, PLAN, line, Prepared(None, None, SILENT, SILENT))


@pytest.mark.usefixtures("keys")
async def test_the_leg_is_not_hung_up_before_the_opt_out_is_kept() -> None:
    happened: list[str] = []
    async with Pool() as pool:
        outbox = SlowOutbox(happened)
        talk = await a_talk(pool, outbox)
        talk._suppress()  # what the journal calls when it is told of an opt-out
        hanging_up = asyncio.create_task(talk._hang_up())
        await asyncio.sleep(0.05)
        assert happened == []
        outbox.may_go_on.set()
        await hanging_up
    assert happened == ["kept", "bye"]
    # Whom it binds, should the rows have forgotten the attempt by then.
    assert outbox.kept == [
        OptOut(
            attempt_id=PLAN.attempt_id,
            phone_number=PLAN.destination,
            root_id=PLAN.root_id,
        )
    ]


@pytest.mark.usefixtures("keys")
async def test_whoever_did_not_opt_out_is_not_waited_for() -> None:
    happened: list[str] = []
    async with Pool() as pool:
        talk = await a_talk(pool, SlowOutbox(happened))
        await talk._hang_up()
    assert happened == ["bye"]
