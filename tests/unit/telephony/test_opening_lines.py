"""What happens before anything rings."""

import asyncio

import pytest

from campanile.telephony.janus import JanusGateway
from campanile.telephony.line import (
    Ended,
    GatewayError,
)
from support.outbound_calls import (
    CALLEE,
    CALLER,
    dialed,
    gateway_at,
    left_alone,
    opened,
    rest,
)
from support.scripted_janus import ScriptedJanus


async def test_opening_a_line_rings_nobody(
    janus: ScriptedJanus, gateway: JanusGateway
) -> None:
    async with opened(gateway):
        assert janus.bodies("call") == []
        master, helper = janus.bodies("register")
        assert master["username"] == helper["username"]
        assert helper["type"] == "helper"


async def test_calls_from_one_number_share_a_master(
    janus: ScriptedJanus, gateway: JanusGateway
) -> None:
    async with opened(gateway), opened(gateway):
        other = await gateway.open_line(name="other", caller_id="+12125550142")
        await other.close()

    types = [body["type"] for body in janus.bodies("register")]
    assert types == ["guest", "helper", "helper", "guest", "helper"]


async def test_lines_opened_at_once_register_one_master(
    janus: ScriptedJanus, gateway: JanusGateway
) -> None:
    lines = await asyncio.gather(
        *(gateway.open_line(name=f"{n}", caller_id=CALLER) for n in range(5))
    )
    await asyncio.gather(*(line.close() for line in lines))

    types = [body["type"] for body in janus.bodies("register")]
    assert types.count("guest") == 1


async def test_each_line_has_a_connection_of_its_own(
    janus: ScriptedJanus, gateway: JanusGateway
) -> None:
    async with opened(gateway), opened(gateway):
        assert len(janus.connections) == 3  # and one for the masters


async def test_a_number_named_only_when_dialing_still_calls(
    janus: ScriptedJanus, gateway: JanusGateway
) -> None:
    line = await gateway.open_line(name="call")
    leg = await dialed(line, janus)
    assert leg.body["uri"] == f"sip:{CALLEE}@sip.example.com"
    assert leg.body["call_id"] == "attempt-1"
    await leg.event("hangup", code=486, reason="Busy Here")
    assert await rest(line) == [Ended(486, "Busy Here", "callee")]
    await line.close()


async def test_where_nobody_listens_opening_says_so() -> None:
    async with gateway_at("ws://127.0.0.1:1") as gateway:
        with pytest.raises(GatewayError, match="No gateway answers"):
            await gateway.open_line(name="call", caller_id=CALLER)


async def test_a_gateway_that_refuses_leaves_no_session_behind(
    janus: ScriptedJanus, gateway: JanusGateway
) -> None:
    janus.errors["register"] = {"error_code": 453, "error": "No such master session"}
    with pytest.raises(GatewayError) as refused:
        await gateway.open_line(name="call", caller_id=CALLER)
    assert refused.value.code == 453
    await gateway.close()
    await left_alone(janus)


async def test_the_gateway_says_its_name(gateway: JanusGateway) -> None:
    assert await gateway.identify() == "Scripted Janus"


async def test_after_the_masters_went_the_next_line_makes_new_ones(
    janus: ScriptedJanus, gateway: JanusGateway
) -> None:
    async with opened(gateway):
        pass
    await janus.drop_masters()
    async with opened(gateway) as line:
        leg = await dialed(line, janus)
        await leg.event("ringing")
    assert [body["type"] for body in janus.bodies("register")].count("guest") == 2


async def test_a_call_that_comes_in_where_calls_go_out_is_declined(
    janus: ScriptedJanus, gateway: JanusGateway
) -> None:
    async with opened(gateway) as line:
        await janus.call_out_of_the_blue()
        leg = await dialed(line, janus)
        await leg.event("incomingcall", username="sip:stranger@192.0.2.1")
        declined = await leg.requests.get()
        assert declined == {"request": "decline", "code": 480}
        assert len(janus.bodies("decline")) == 2
