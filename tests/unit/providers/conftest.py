import pytest

from campanile.providers.pool import Pool


@pytest.fixture
async def pool():
    async with Pool() as pool:
        yield pool


@pytest.fixture
async def hasty_pool():
    """Waits a fifth of a second for bytes where production waits five."""
    async with Pool(live={"connect": 0.2, "read": 0.2, "write": 0.2}) as pool:
        yield pool
