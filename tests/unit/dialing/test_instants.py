"""The last moment before an INVITE: who stood still, or slept, rings nobody."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from campanile import clock
from campanile.clock import SteadyClock
from campanile.dialing.attempt import NotAfterAll, _wait_for_instant
from campanile.dialing.decision import Go
from support.plans import PLAN


class Rows:
    """What is asked of them, and that they say yes."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, work: Callable[..., Any], *_: Any) -> Any:
        self.asked.append(work.__name__)
        return None


def a_host(rows: Rows) -> Any:
    return SimpleNamespace(
        rows=rows,
        draining=asyncio.Event(),
        leases=SimpleNamespace(holds=lambda _: True),
    )


async def test_a_fresh_claim_leaves_at_its_instant() -> None:
    rows, at = Rows(), time.monotonic() + 0.05
    go = Go(at, SteadyClock.start())

    instant = await _wait_for_instant(
        a_host(rows), PLAN, go, decided_at=time.monotonic()
    )

    assert instant == at
    assert rows.asked == []


@pytest.mark.parametrize("step", [timedelta(hours=6), timedelta(seconds=-20)])
async def test_a_machine_that_slept_before_the_instant_rings_nobody(
    step: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The monotonic clock stands still in suspend: to it the decision is fresh."""
    go = Go(time.monotonic() + 0.05, SteadyClock.start())
    real: Callable[[], datetime] = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + step)

    with pytest.raises(NotAfterAll, match="slept"):
        await _wait_for_instant(a_host(Rows()), PLAN, go, decided_at=time.monotonic())
