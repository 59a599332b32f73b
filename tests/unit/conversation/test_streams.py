"""Provider streams neither hang nor stay open."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from campanile.conversation.streams import within
from campanile.providers.errors import ProviderError


class Source:
    """Numbers, the first after `first` seconds, the others a second apart."""

    def __init__(self, first: float) -> None:
        self.first = first
        self.closed = False

    async def numbers(self) -> AsyncIterator[int]:
        try:
            await asyncio.sleep(self.first)
            for number in range(3):
                yield number
                await asyncio.sleep(1.0)
        finally:
            self.closed = True


async def test_gives_all_in_order() -> None:
    source = Source(0.5)
    stream = within(source.numbers(), provider="x", first=1.0, following=2.0)

    assert [number async for number in stream] == [0, 1, 2]
    assert source.closed


@pytest.mark.parametrize(("first", "following"), [(0.4, 2.0), (1.0, 0.5)])
async def test_whatever_comes_too_late_is_a_timeout(
    first: float, following: float
) -> None:
    source = Source(0.5)
    stream = within(source.numbers(), provider="x", first=first, following=following)

    with pytest.raises(ProviderError, match="timeout") as raised:
        [number async for number in stream]
    assert raised.value.retryable
    assert source.closed


async def test_leaving_early_closes_the_source_at_once() -> None:
    source = Source(0.5)
    stream = within(source.numbers(), provider="x", first=1.0, following=2.0)

    async with aclosing(stream):
        assert await anext(stream) == 0
    assert source.closed
