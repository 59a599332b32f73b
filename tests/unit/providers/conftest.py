import httpx
import pytest

from campanile.providers.pool import Pool


@pytest.fixture
async def pool():
    async with Pool() as pool:
        yield pool


@pytest.fixture
async def hasty_pool():
    """Waits a fifth of a second for bytes where production waits five."""
    async with Pool(live=httpx.Timeout(0.2)) as pool:
        yield pool
