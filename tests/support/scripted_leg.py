"""A leg whose far end, talk and rows are the test's; everything between is the product's."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from campanile.calls.lifecycle import Ending
from campanile.calls.outcomes import Disposition, EndReason
from campanile.clock import SteadyClock
from campanile.config import settings
from campanile.conversation.preparation import Prepared, Sentence
from campanile.dialing.leg import Leg
from campanile.dialing.plan import Plan
from campanile.dialing.trunk_turn import TrunkTurn
from campanile.providers.pool import Pool
from campanile.telephony.line import Answered, Ended, LineEvent, Ringing

SILENT = Sentence("", np.zeros(0, dtype=np.int16))
BYE = Ended(200, "OK", "callee")
RINGING, ANSWERED = Ringing(), Answered()


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of providers that nobody calls here."""
    for name in ("DEEPGRAM", "OPENAI", "ELEVENLABS"):
        monkeypatch.setenv(f"CAMPANILE_{name}_API_KEY", "a-key")
    settings.cache_clear()


class FarEnd:
    """A line on which happens what it is told."""

    def __init__(self) -> None:
        self.audio: Any = None
        self._happens: asyncio.Queue[LineEvent] = asyncio.Queue()

    def tell(self, *events: LineEvent) -> None:
        for event in events:
            self._happens.put_nowait(event)

    async def dial(self, **_: str) -> None:
        pass

    async def events(self) -> AsyncIterator[LineEvent]:
        while True:
            yield (event := await self._happens.get())
            if isinstance(event, Ended):
                return

    async def hang_up(self) -> None:
        self.tell(Ended(487, "Request Terminated", "us"))


class ShortTalk:
    """Nothing is said."""

    def warm_up(self) -> None:
        pass

    def begin(self) -> None:
        pass

    def cut(self) -> None:
        pass

    async def wind_down(self, _: EndReason) -> None:
        pass

    async def end(self, _: Ended) -> Ending:
        return Ending(Disposition.COMPLETED, EndReason.CUSTOMER_HANGUP)

    async def close(self) -> None:
        pass


class ScriptedLeg:
    """`up` in a running loop; then the far end may be told what happens."""

    def __init__(self, plan: Plan, rows: Callable[..., Any], ledger: Any) -> None:
        self.far_end = FarEnd()
        self._plan = plan
        self._ledger = ledger
        self._rows = rows
        self._holding: asyncio.Task[Ending] | None = None

    async def up(self, *, late: float = 0.0) -> None:
        """The INVITE has left, `late` seconds after its instant."""
        pool = Pool()
        host: Any = SimpleNamespace(
            providers=pool,
            vad=None,
            ledger=self._ledger,
            turn=lambda _: TrunkTurn(),
            rows=self._rows,
            off_loop=_off_loop,
        )
        line = cast(Any, self.far_end)
        speech = Prepared(None, None, SILENT, SILENT)
        self.leg = Leg(host, self._plan, line, speech, SteadyClock.start())
        await self.leg._talk.close()
        await pool.close()
        self.leg._talk = cast(Any, ShortTalk())
        hold = self.leg.hold(time.monotonic() - late)
        self._holding = asyncio.create_task(hold)

    async def ends(self) -> Ending:
        assert self._holding is not None
        async with asyncio.timeout(10):
            return await self._holding


async def _off_loop(work: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(work)
