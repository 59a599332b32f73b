"""The end of a call, kept outside the agent (DESIGN D14).

Shortly before the cap on its duration the talk is asked to close with a sentence; at
the cap the line is hung up whatever the talk does. Beyond both stands the gateway
session's deadline.
"""

import asyncio
from collections.abc import Awaitable, Callable

CLOSING_SECONDS = 6.0
"""For the sentence that closes a talk."""


async def watch(
    max_duration: float,
    *,
    wind_down: Callable[[], Awaitable[None]],
    hang_up: Callable[[], Awaitable[None]],
) -> None:
    """Started at answer, cancelled at the end of the call."""
    closing = min(CLOSING_SECONDS, max_duration / 4)
    await asyncio.sleep(max_duration - closing)
    await close_within(closing, wind_down=wind_down, hang_up=hang_up)


async def close_within(
    seconds: float,
    *,
    wind_down: Callable[[], Awaitable[None]],
    hang_up: Callable[[], Awaitable[None]],
) -> None:
    """Let the talk close, and hang up when it has or when its time is over."""
    ending = asyncio.create_task(_ask(wind_down), name="watchdog wind down")
    try:
        await asyncio.wait([ending], timeout=seconds)
    finally:
        ending.cancel()
        await asyncio.gather(ending, return_exceptions=True)
    await hang_up()


async def _ask(wind_down: Callable[[], Awaitable[None]]) -> None:
    await wind_down()
