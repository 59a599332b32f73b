"""Nothing is dialed that cannot be talked to: found out before anybody is rung."""

import pytest

from campanile.dialing.talk import prepare_speech
from campanile.providers.errors import ProviderError
from campanile.providers.pool import Pool
from support.plans import PLAN


class Host:
    """Of the host of calls, what preparing asks for."""

    def __init__(self, pool: Pool) -> None:
        self.providers = pool


async def test_without_a_key_for_the_vendor_nothing_is_rung() -> None:
    async with Pool() as pool:
        with pytest.raises(ProviderError) as refused:
            await prepare_speech(Host(pool), PLAN)  # type: ignore[arg-type]
    assert (refused.value.provider, refused.value.cause) == ("agent", "no_key")
