"""Waiting: provider streams that must neither hang nor be left open, tasks, instants."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TypeVar

from campanile.providers.errors import ProviderError

Item = TypeVar("Item")


async def within(
    stream: AsyncIterator[Item], *, provider: str, first: float, following: float
) -> AsyncGenerator[Item, None]:
    """What `stream` gives; raises ProviderError when an item takes too long.

    `first`, `following`: seconds. Closes the stream whichever way this ends; close this
    one in turn with `contextlib.aclosing`.
    """
    limit = first
    try:
        while True:
            try:
                async with asyncio.timeout(limit):
                    item = await anext(stream)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise ProviderError(provider, "timeout", retryable=True) from None
            yield item
            limit = following
    finally:
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()


async def sleep_until(instant: float) -> None:
    """Until loop time `instant`; returns at once when it has passed."""
    await asyncio.sleep(max(0.0, instant - asyncio.get_running_loop().time()))


async def cancel_and_wait(*tasks: asyncio.Task[object]) -> None:
    """End tasks of our own; their errors were either seen before or do not matter."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
