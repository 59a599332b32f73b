"""Whatever becomes of the gateway, a line comes to its end, once."""

import pytest

from campanile.errors import Conflict
from campanile.telephony.janus import JanusGateway
from campanile.telephony.line import (
    Ended,
    GatewayError,
)
from support.outbound_calls import (
    PATIENCE,
    answer_to,
    dial,
    dialed,
    ending,
    gateway_at,
    opened,
)
from support.scripted_janus import ScriptedJanus


@pytest.mark.parametrize("stage", ["dialed", "ringing", "early", "answered", "leaving"])
async def test_a_lost_connection_ends_the_leg_at_every_stage(
    janus: ScriptedJanus, gateway: JanusGateway, stage: str
) -> None:
    async with opened(gateway) as line:
        leg = await dialed(line, janus)
        if stage in ("ringing", "leaving"):
            await leg.event("ringing")
        if stage == "early":
            await leg.event("progress")
        if stage == "answered":
            await leg.event("accepted")
        if stage == "leaving":
            await line.hang_up()
        await leg.drop()
        ended = await ending(line)
        assert (ended.code, ended.by) == (0, "gateway")


async def test_a_connection_lost_before_dialing_refuses_the_dial(
    janus: ScriptedJanus, gateway: JanusGateway
) -> None:
    async with opened(gateway) as line:
        for connection in list(janus.connections):
            connection.transport.abort()
            await connection.wait_closed()
        assert (await ending(line)).by == "gateway"
        with pytest.raises(GatewayError) as refused:
            await dial(line)
        assert refused.value.code == 458  # so it is known that nothing was sent
    assert janus.bodies("call") == []


async def test_a_reaped_session_ends_the_leg(
    janus: ScriptedJanus, gateway: JanusGateway
) -> None:
    async with opened(gateway) as line:
        leg = await dialed(line, janus)
        await leg.core("timeout")
        ended = await ending(line)
        assert (ended.code, ended.by) == (0, "gateway")
        with pytest.raises(Conflict):
            await dial(line)


async def test_a_leg_whose_master_went_ends(
    janus: ScriptedJanus, gateway: JanusGateway
) -> None:
    async with opened(gateway) as line:
        leg = await dialed(line, janus)
        await leg.event("accepted")
        await leg.core("detached")
        ended = await ending(line)
        assert (ended.code, ended.by) == (0, "gateway")


async def test_a_gateway_that_speaks_no_json_is_lost(
    janus: ScriptedJanus, gateway: JanusGateway
) -> None:
    async with opened(gateway) as line:
        leg = await dialed(line, janus)
        await leg.connection.send("<html>502</html>")
        ended = await ending(line)
        assert ended.by == "gateway"


async def test_a_session_is_kept_until_its_hard_deadline(janus: ScriptedJanus) -> None:
    async with (
        gateway_at(janus.url, renew_seconds=0.02) as gateway,
        opened(gateway, hold_seconds=0.3) as line,
    ):
        leg = await dialed(line, janus)
        await leg.event("accepted")
        ended = await ending(line)
        assert ended == Ended(200, "the call's hard deadline passed", "us")
        assert janus.keepalives > 3
        assert leg.connection not in janus.connections


async def test_a_gateway_that_stopped_answering_is_lost(janus: ScriptedJanus) -> None:
    async with (
        gateway_at(janus.url, renew_seconds=0.05) as gateway,
        opened(gateway) as line,
    ):
        await dialed(line, janus)
        janus.answers_keepalives = False
        ended = await ending(line)
        assert (ended.code, ended.by) == (0, "gateway")
        assert "no longer answers" in ended.reason


async def test_a_leg_whose_media_went_is_given_up(janus: ScriptedJanus) -> None:
    """The gateway's peer connection ends and no BYE is heard of."""
    async with (
        gateway_at(janus.url, renew_seconds=0.05) as gateway,
        opened(gateway) as line,
    ):
        leg = await dialed(line, janus)
        far, sdp = await answer_to(leg)
        await leg.event("accepted", sdp=sdp)
        await far.connected(PATIENCE)
        await far.close()
        assert await ending(line) == Ended(200, "the media connection was lost", "us")
