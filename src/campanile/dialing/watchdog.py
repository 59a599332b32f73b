"""The cap on a call's duration, kept outside the agent (DESIGN D14).

Shortly before the cap the talk is asked to close with a sentence; at the cap the line
is hung up whatever the talk does. Beyond both stands the gateway session's deadline.
"""

import asyncio
from collections.abc import Awaitable, Callable

CLOSING_SECONDS = 6.0


async def watch(
    max_duration: float,
    *,
    wind_down: Callable[[], Awaitable[None]],
    hang_up: Callable[[], Awaitable[None]],
) -> None:
    """Started at answer, cancelled at the end of the call."""
    closing = min(CLOSING_SECONDS, max_duration / 4)
    await asyncio.sleep(max_duration - closing)
    ending = asyncio.create_task(_ask(wind_down), name="watchdog wind down")
    try:
        await asyncio.wait([ending], timeout=closing)
    finally:
        ending.cancel()
        await asyncio.gather(ending, return_exceptions=True)
    await hang_up()


async def _ask(wind_down: Callable[[], Awaitable[None]]) -> None:
    await wind_down()
