"""Nothing is dialed that cannot be talked to: found out before anybody is rung."""

from uuid import uuid4

import pytest

from campanile.agents.config import AgentConfig
from campanile.dialing.plan import Plan
from campanile.dialing.talk import prepare_speech
from campanile.providers.errors import ProviderError
from campanile.providers.pool import Pool

PLAN = Plan(
    attempt_id=uuid4(),
    root_id=uuid4(),
    campaign_id=uuid4(),
    trunk_id=uuid4(),
    trunk_address="sip.invalid",
    trunk_username=None,
    destination="+12125550101",
    caller_id="+12125550100",
    ring_timeout=30.0,
    agent=AgentConfig(name="Ada", first_message="Hello."),
    variables={},
    zones=("America/New_York",),
)


class Host:
    """Of the host of calls, what preparing asks for."""

    def __init__(self, pool: Pool) -> None:
        self.providers = pool


async def test_without_a_key_for_the_vendor_nothing_is_rung() -> None:
    async with Pool() as pool:
        with pytest.raises(ProviderError) as refused:
            await prepare_speech(Host(pool), PLAN)  # type: ignore[arg-type]
    assert (refused.value.provider, refused.value.cause) == ("agent", "no_key")
