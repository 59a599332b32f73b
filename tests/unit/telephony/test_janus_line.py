"""Our client against a scripted Janus: orders that are rare, and faults everywhere."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from campanile.errors import Conflict, Invalid
from campanile.media.clock import FrameClock
from campanile.media.peer import MediaPeer
from campanile.telephony.janus import JanusGateway
from campanile.telephony.janus_line import JanusLine
from campanile.telephony.line import (
    Answered,
    Dtmf,
    EarlyMedia,
    Ended,
    GatewayError,
    LineEvent,
    Ringing,
)
from campanile.telephony.trunk_account import TrunkAccount
from support.scripted_janus import ScriptedJanus, ScriptedLeg

CALLER = "+12125550100"
CALLEE = "+12125550123"
PATIENCE = 5.0


@pytest.fixture
async def janus() -> AsyncIterator[ScriptedJanus]:
    async with ScriptedJanus() as janus:
        yield janus


@pytest.fixture
async def gateway(janus: ScriptedJanus) -> AsyncIterator[JanusGateway]:
    async with gateway_at(janus.url) as gateway:
        yield gateway


@asynccontextmanager
async def gateway_at(
    url: str, *, renew_seconds: float = 5.0
) -> AsyncIterator[JanusGateway]:
    gateway = JanusGateway(
        url,
        clock=FrameClock(),
        media_address="127.0.0.1",
        trunk=TrunkAccount("sip.example.com"),
        renew_seconds=renew_seconds,
    )
    try:
        yield gateway
    finally:
        await gateway.close()


@asynccontextmanager
async def opened(
    gateway: JanusGateway, *, hold_seconds: float = 60.0
) -> AsyncIterator[JanusLine]:
    line = await gateway.open_line(
        name="call", caller_id=CALLER, hold_seconds=hold_seconds
    )
    try:
        yield line
    finally:
        await line.close()


async def dial(line: JanusLine) -> None:
    await line.dial(destination=CALLEE, caller_id=CALLER, call_id="attempt-1")


async def dialed(line: JanusLine, janus: ScriptedJanus) -> ScriptedLeg:
    await dial(line)
    return await janus.legs.get()


async def rest(line: JanusLine) -> list[LineEvent]:
    """Every event up to the end."""
    async with asyncio.timeout(PATIENCE):
        return [event async for event in line.events()]


async def answer_to(leg: ScriptedLeg) -> tuple[MediaPeer, str]:
    """A far end for the leg's media, and the SDP with which it answers."""
    peer = MediaPeer(FrameClock(), address="127.0.0.1")
    return peer, await peer.accept_offer(leg.offer)


# Opening -------------------------------------------------------------------------


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
    async with opened(gateway), opened(gateway):
        pass
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
    await nobody_connected(janus)


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


# A call --------------------------------------------------------------------------


@pytest.mark.parametrize("event_before_ack", [False, True])
async def test_audio_flows_both_ways(
    janus: ScriptedJanus, gateway: JanusGateway, event_before_ack: bool
) -> None:
    janus.event_before_ack = event_before_ack
    async with opened(gateway) as line:
        leg = await dialed(line, janus)
        far, sdp = await answer_to(leg)
        hears: list[asyncio.Event] = [asyncio.Event(), asyncio.Event()]
        far.subscribe(lambda frame: hears[0].set() if frame.heard else None)
        line.audio.subscribe(lambda frame: hears[1].set() if frame.heard else None)
        await leg.event("accepted", sdp=sdp)
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(each.wait() for each in hears))
        await leg.event("hangup", code=200, reason="Session Terminated")
        assert await rest(line) == [
            Answered(),
            Ended(200, "Session Terminated", "callee"),
        ]
        await far.close()


async def test_audio_of_a_183_goes_on_after_the_answer(
    janus: ScriptedJanus, gateway: JanusGateway
) -> None:
    async with opened(gateway) as line:
        leg = await dialed(line, janus)
        far, sdp = await answer_to(leg)
        await leg.event("progress", sdp=sdp)
        await leg.event("progress", sdp=sdp)
        await leg.core("webrtcup")
        await far.connected(PATIENCE)
        await leg.event("accepted", sdp="v=0\r\nthis would be refused")
        await leg.event("hangup", code=200, reason="")
        assert await rest(line) == [EarlyMedia(), Answered(), Ended(200, "", "callee")]
        await far.close()


async def test_a_leg_may_be_answered_before_calling_is_confirmed(
    janus: ScriptedJanus, gateway: JanusGateway
) -> None:
    janus.says_calling = False
    async with opened(gateway) as line:
        dialing = asyncio.create_task(dial(line))
        leg = await janus.legs.get()
        await leg.event("ringing")  # which is as good a confirmation
        await leg.event("accepted")
        await dialing
        await leg.event("hangup", code=200, reason="")
        assert Answered() in await rest(line)


async def test_what_belongs_to_another_handle_is_not_ours(
    janus: ScriptedJanus, gateway: JanusGateway
) -> None:
    async with opened(gateway) as line:
        leg = await dialed(line, janus)
        leg.handle += 1
        await leg.event("hangup", code=486, reason="Busy Here")
        leg.handle -= 1
        await leg.event("hangup", code=404, reason="Not Found")
        assert await rest(line) == [Ended(404, "Not Found", "callee")]


async def test_digits_arrive_by_sip_info(
    janus: ScriptedJanus, gateway: JanusGateway
) -> None:
    async with opened(gateway) as line:
        leg = await dialed(line, janus)
        await leg.event("info", type="application/dtmf-relay", content="Signal=5")
        await leg.event("hangup", code=200, reason="")
        assert (await rest(line))[0] == Dtmf("5")


async def test_an_answer_without_usable_audio_ends_the_call_as_488(
    janus: ScriptedJanus, gateway: JanusGateway
) -> None:
    async with opened(gateway) as line:
        leg = await dialed(line, janus)
        await leg.event("accepted", sdp="v=0\r\nm=audio 9 RTP/AVP 96\r\n")
        assert await leg.requests.get() == {"request": "hangup"}
        await leg.event("hangup", code=200, reason="to BYE")
        answered, ended = await rest(line)
        assert answered == Answered()
        assert isinstance(ended, Ended)
        assert (ended.code, ended.by) == (488, "us")


# Dialing at most once --------------------------------------------------------------


async def test_a_line_is_dialed_once(
    janus: ScriptedJanus, gateway: JanusGateway
) -> None:
    async with opened(gateway) as line:
        leg = await dialed(line, janus)
        with pytest.raises(Conflict):
            await dial(line)
        assert len(janus.bodies("call")) == 1
        await leg.event("hangup", code=486, reason="Busy Here")


async def test_a_line_hung_up_before_it_was_dialed_dials_no_more(
    janus: ScriptedJanus, gateway: JanusGateway
) -> None:
    async with opened(gateway) as line:
        await line.hang_up()
        with pytest.raises(Conflict):
            await dial(line)
        (ended,) = await rest(line)
        assert isinstance(ended, Ended)
        assert (ended.code, ended.by) == (487, "us")
    assert janus.bodies("call") == []
    assert janus.bodies("hangup") == []


async def test_what_is_no_number_is_not_dialed(
    janus: ScriptedJanus, gateway: JanusGateway
) -> None:
    async with opened(gateway) as line:
        with pytest.raises(Invalid):
            await line.dial(destination="911", caller_id=CALLER, call_id="attempt-1")
    assert janus.bodies("call") == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (
            {"janus": "error", "error": {"code": 458, "reason": "No such session 1"}},
            458,
        ),
        ({"error_code": 447, "error": "Wrong state (already in a call?)"}, 447),
    ],
)
async def test_a_refused_call_says_with_which_code(
    janus: ScriptedJanus, gateway: JanusGateway, error: dict[str, object], code: int
) -> None:
    async with opened(gateway) as line:
        janus.errors["call"] = error
        with pytest.raises(GatewayError) as refused:
            await dial(line)
        assert refused.value.code == code


async def test_a_call_of_unknown_fate_takes_its_session_along(
    janus: ScriptedJanus, gateway: JanusGateway
) -> None:
    """The connection goes between `call` and its confirmation."""
    janus.says_calling = False
    async with opened(gateway) as line:
        dialing = asyncio.create_task(dial(line))
        leg = await janus.legs.get()
        await leg.drop()
        with pytest.raises(GatewayError) as refused:
            await dialing
        assert refused.value.code == 0
        (ended,) = await rest(line)
        assert isinstance(ended, Ended)
        assert (ended.code, ended.by) == (0, "gateway")


# Hanging up ------------------------------------------------------------------------


async def test_hanging_up_twice_asks_once(
    janus: ScriptedJanus, gateway: JanusGateway
) -> None:
    async with opened(gateway) as line:
        leg = await dialed(line, janus)
        await leg.event("accepted")
        await line.hang_up()
        await line.hang_up()
        await leg.event("hangingup")
        await leg.event("hangup", code=200, reason="to BYE")
        assert await rest(line) == [Answered(), Ended(200, "to BYE", "us")]
        await line.hang_up()
    assert len(janus.bodies("hangup")) == 1


async def test_hanging_up_while_the_call_goes_out_cancels_it(
    janus: ScriptedJanus, gateway: JanusGateway
) -> None:
    janus.says_calling = False
    async with opened(gateway) as line:
        dialing = asyncio.create_task(dial(line))
        leg = await janus.legs.get()
        await line.hang_up()
        assert await leg.requests.get() == {"request": "hangup"}
        await leg.event("calling")
        await leg.event("hangup", code=487, reason="Request Terminated")
        await dialing
        assert await rest(line) == [Ended(487, "Request Terminated", "us")]


async def test_an_answer_that_crosses_our_cancel_is_told(
    janus: ScriptedJanus, gateway: JanusGateway
) -> None:
    async with opened(gateway) as line:
        leg = await dialed(line, janus)
        await leg.event("ringing")
        await line.hang_up()
        await leg.event("accepted", sdp="whatever: no media is wanted any more")
        await leg.event("hangup", code=200, reason="to BYE")
        assert await rest(line) == [
            Ringing(),
            Answered(),
            Ended(200, "to BYE", "us"),
        ]


async def test_closing_a_live_line_says_how_it_ended(
    janus: ScriptedJanus, gateway: JanusGateway
) -> None:
    async with opened(gateway) as line:
        leg = await dialed(line, janus)
        await leg.event("accepted")
        closing = asyncio.create_task(line.close())
        assert await leg.requests.get() == {"request": "hangup"}
        await leg.event("hangup", code=200, reason="to BYE")
        await closing
        assert (await rest(line))[-1] == Ended(200, "to BYE", "us")
    await gateway.close()
    await nobody_connected(janus)


# Losing the gateway ------------------------------------------------------------------


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
        ended = (await rest(line))[-1]
        assert isinstance(ended, Ended)
        assert (ended.code, ended.by) == (0, "gateway")


async def test_a_connection_lost_before_dialing_refuses_the_dial(
    janus: ScriptedJanus, gateway: JanusGateway
) -> None:
    async with opened(gateway) as line:
        for connection in list(janus.connections):
            connection.transport.abort()
            await connection.wait_closed()
        with pytest.raises(GatewayError):
            await dial(line)
        (ended,) = await rest(line)
        assert isinstance(ended, Ended)
        assert ended.by == "gateway"
    assert janus.bodies("call") == []


async def test_a_reaped_session_ends_the_leg(
    janus: ScriptedJanus, gateway: JanusGateway
) -> None:
    async with opened(gateway) as line:
        leg = await dialed(line, janus)
        await leg.core("timeout")
        (ended,) = await rest(line)
        assert isinstance(ended, Ended)
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
        ended = (await rest(line))[-1]
        assert isinstance(ended, Ended)
        assert (ended.code, ended.by) == (0, "gateway")


async def test_a_gateway_that_speaks_no_json_is_lost(
    janus: ScriptedJanus, gateway: JanusGateway
) -> None:
    async with opened(gateway) as line:
        leg = await dialed(line, janus)
        await leg.connection.send("<html>502</html>")
        (ended,) = await rest(line)
        assert isinstance(ended, Ended)
        assert ended.by == "gateway"


# Keeping the session -------------------------------------------------------------------


async def test_a_session_is_kept_until_its_hard_deadline(janus: ScriptedJanus) -> None:
    async with (
        gateway_at(janus.url, renew_seconds=0.02) as gateway,
        opened(gateway, hold_seconds=0.3) as line,
    ):
        leg = await dialed(line, janus)
        await leg.event("accepted")
        ended = (await rest(line))[-1]
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
        (ended,) = await rest(line)
        assert isinstance(ended, Ended)
        assert (ended.code, ended.by) == (0, "gateway")
        assert "no longer answers" in ended.reason


async def nobody_connected(janus: ScriptedJanus) -> None:
    async with asyncio.timeout(PATIENCE):
        while janus.connections:
            await asyncio.sleep(0.01)
