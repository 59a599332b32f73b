"""A disk that is full, or does not answer, costs a call its files, not its outcome."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from campanile.calls.outcomes import AnsweredBy, Disposition, EndReason
from campanile.conversation.outcome import Outcome, Timings
from campanile.conversation.preparation import Prepared
from campanile.dialing import talk as talks
from campanile.dialing.talk import Talk
from campanile.providers.pool import Pool
from campanile.telephony.line import Ended
from support.plans import PLAN
from support.scripted_leg import SILENT, keys

__all__ = ["keys"]

pytestmark = pytest.mark.usefixtures("keys")

CALL_BACK = Outcome(
    disposition=Disposition.CALLBACK,
    answered_by=AnsweredBy.HUMAN,
    end_reason=EndReason.CUSTOMER_HANGUP,
    turns=(),
    callback_request="tomorrow at ten",
    opted_out=False,
    callee_spoke=True,
    timings=Timings(began_at=0.1, ended_at=9.0, replies=()),
)

Disk = Callable[[Callable[[], Any]], Awaitable[Any]]


async def full(_: Callable[[], Any]) -> None:
    raise OSError(28, "No space left on device")


async def hung(_: Callable[[], Any]) -> None:
    await asyncio.Event().wait()


async def ended_talk(disk: Disk) -> Any:
    async def converse() -> Outcome:
        return CALL_BACK

    async with Pool() as pool:
        host: Any = SimpleNamespace(providers=pool, vad=None, off_loop=disk)
        line: Any = SimpleNamespace(audio=None)
        talk = Talk(host, PLAN, line, Prepared(None, None, SILENT, SILENT))
        await talk.close()
        talk._running = asyncio.create_task(converse())
        talk._conversation = cast(Any, SimpleNamespace(leg_ended=lambda _: None))
        return await talk.end(Ended(200, "OK", "callee"))


@pytest.mark.parametrize("disk", [full, hung])
async def test_the_outcome_outlives_its_transcript(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talks, "FILES_SECONDS", 0.05)

    async with asyncio.timeout(5):
        ending = await ended_talk(disk)

    assert ending.disposition is Disposition.CALLBACK
    assert ending.callback_request == "tomorrow at ten"
