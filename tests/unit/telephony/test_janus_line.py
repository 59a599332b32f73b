"""Calls on a scripted Janus, in orders that are usual and in orders that are rare."""

import asyncio

import pytest

from campanile.errors import Conflict, Invalid
from campanile.telephony.janus import JanusGateway
from campanile.telephony.line import (
    Answered,
    Dtmf,
    EarlyMedia,
    Ended,
    GatewayError,
    Ringing,
)
from support.outbound_calls import (
    CALLER,
    PATIENCE,
    answer_to,
    dial,
    dialed,
    ending,
    left_alone,
    opened,
    rest,
)
from support.scripted_janus import ScriptedJanus

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
        with pytest.raises(GatewayError) as refused:
            await dial(line)
        assert refused.value.code == 458  # so it is known that nothing was sent
        ended = await ending(line)
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


async def test_a_call_refused_for_no_known_reason_takes_its_session_along(
    janus: ScriptedJanus, gateway: JanusGateway
) -> None:
    janus.errors["call"] = {"error_code": 0, "error": "Something odd"}
    async with opened(gateway) as line:
        with pytest.raises(GatewayError):
            await dial(line)
        await gateway.close()
        await left_alone(janus)


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
        ended = await ending(line)
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
    await left_alone(janus)
