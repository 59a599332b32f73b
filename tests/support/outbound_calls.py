"""Placing calls on a scripted Janus, in few words."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from campanile.media.clock import FrameClock
from campanile.media.peer import MediaPeer
from campanile.telephony.janus import JanusGateway
from campanile.telephony.janus_line import JanusLine
from campanile.telephony.line import Ended, LineEvent
from campanile.telephony.trunk_account import TrunkAccount
from support.scripted_janus import ScriptedJanus, ScriptedLeg

CALLER = "+12125550100"
CALLEE = "+12125550123"
PATIENCE = 5.0
"""Seconds to wait for what is due at once."""


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


async def ending(line: JanusLine) -> Ended:
    """The last event of the line."""
    last = (await rest(line))[-1]
    assert isinstance(last, Ended)
    return last


async def left_alone(janus: ScriptedJanus) -> None:
    """Return when nobody is connected to the gateway any more."""
    async with asyncio.timeout(PATIENCE):
        await janus.deserted.wait()
