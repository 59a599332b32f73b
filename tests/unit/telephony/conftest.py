from collections.abc import AsyncIterator

import pytest

from campanile.telephony.janus import JanusGateway
from support.outbound_calls import gateway_at
from support.scripted_janus import ScriptedJanus


@pytest.fixture
async def janus() -> AsyncIterator[ScriptedJanus]:
    async with ScriptedJanus() as janus:
        yield janus


@pytest.fixture
async def gateway(janus: ScriptedJanus) -> AsyncIterator[JanusGateway]:
    async with gateway_at(janus.url) as gateway:
        yield gateway
