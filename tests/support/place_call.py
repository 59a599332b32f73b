"""Place calls through `JanusGateway` and tell what happens, one JSON object a line.

Run inside a RealPhoneNetwork: `python -m support.place_call --trunk 10.77.0.1:15060`.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from contextvars import ContextVar

import numpy as np

from campanile.audio.frames import SAMPLE_RATE, Frame, Pcm
from campanile.media.clock import FrameClock
from campanile.telephony.janus import JanusGateway
from campanile.telephony.janus_line import JanusLine
from campanile.telephony.line import Dtmf, Ended, GatewayError, LineEvent, Ringing
from campanile.telephony.trunk_account import TrunkAccount

DESTINATION = "+12125550123"
CALLER_ID = "+12125550100"


_call: ContextVar[int] = ContextVar("call", default=0)


def tell(event: str, **values: object) -> None:
    line = json.dumps(
        {"event": event, "call": _call.get(), "at": time.time(), **values}
    )
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Ear:
    """Says how loud and how high what was heard is, over the last second of it."""

    def __init__(self) -> None:
        self._frames: list[Frame] = []

    def __call__(self, frame: Frame) -> None:
        self._frames.append(frame)

    def verdict(self) -> dict[str, object]:
        heard = [frame.pcm for frame in self._frames if frame.heard]
        if len(heard) < 25:
            return {"heard": len(heard), "hertz": 0, "rms": 0}
        pcm = np.concatenate(heard[-50:]).astype(float)
        hertz = np.argmax(np.abs(np.fft.rfft(pcm))) * SAMPLE_RATE / len(pcm)
        return {"heard": len(heard), "hertz": round(hertz), "rms": round(pcm.std())}


def tone(hertz: float, seconds: float) -> Pcm:
    at = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (8000 * np.sin(2 * np.pi * hertz * at)).astype(np.int16)


async def place(line: JanusLine, ear: Ear, wishes: argparse.Namespace) -> None:
    """Dial and act by what happens until the leg has ended."""
    await line.dial(
        destination=wishes.to,
        caller_id=wishes.caller_id,
        call_id=f"{wishes.call_id}-{_call.get()}" if _call.get() else wishes.call_id,
    )
    tell("dialed")
    loop = asyncio.get_running_loop()
    tasks = set()

    def hang_up() -> None:
        tell("hanging_up", **ear.verdict())
        tasks.add(asyncio.ensure_future(line.hang_up()))

    async for event in line.events():
        tell(type(event).__name__, **details(event), **ear.verdict())
        if type(event).__name__ == wishes.hang_up_on:
            loop.call_later(wishes.hang_up_after, hang_up)
        if wishes.digits and type(event).__name__ == "Answered":
            await line.send_dtmf(wishes.digits)


def details(event: LineEvent) -> dict[str, object]:
    match event:
        case Ended():
            return {
                "code": event.code,
                "reason": event.reason,
                "by": event.by,
                "q850": event.q850,
            }
        case Ringing():
            return {"code": event.code}
        case Dtmf():
            return {"digit": event.digit}
    return {}


async def call(gateway: JanusGateway, number: int, wishes: argparse.Namespace) -> None:
    _call.set(number)
    try:
        line = await gateway.open_line(
            name="call", caller_id=wishes.caller_id, hold_seconds=wishes.hold
        )
        try:
            tell("opened")
            time.sleep(wishes.freeze)  # noqa: ASYNC251 - the whole point: a loop that hangs
            ear = Ear()
            line.audio.subscribe(ear)
            line.audio.play(tone(1000, 30))
            await place(line, ear, wishes)
        finally:
            await line.close()
    except GatewayError as error:
        tell("refused", code=error.code, reason=error.message)


async def main(wishes: argparse.Namespace) -> None:
    gateway = JanusGateway(
        os.environ["CAMPANILE_GATEWAY_URL"],
        clock=FrameClock(),
        media_address=os.environ["CAMPANILE_MEDIA_ADDRESS"],
        trunk=TrunkAccount(
            wishes.trunk, username=wishes.username, secret=wishes.secret
        ),
        renew_seconds=wishes.renew,
    )
    async with asyncio.TaskGroup() as calls:
        for number in range(wishes.calls):
            calls.create_task(call(gateway, number, wishes))
        if wishes.drop_masters_after:
            await asyncio.sleep(wishes.drop_masters_after)
            await gateway.close()
    await gateway.close()


def wishes(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--trunk", required=True)
    parser.add_argument("--to", default=DESTINATION)
    parser.add_argument("--username")
    parser.add_argument("--secret")
    parser.add_argument("--caller-id", default=CALLER_ID)
    parser.add_argument("--call-id", default="attempt-1")
    parser.add_argument("--freeze", type=float, default=0.0)
    parser.add_argument("--renew", type=float, default=5.0)
    parser.add_argument("--hold", type=float, default=60.0)
    parser.add_argument("--hang-up-on", default="Answered", help="an event's name")
    parser.add_argument("--hang-up-after", type=float, default=30.0)
    parser.add_argument("--digits", default="")
    parser.add_argument("--calls", type=int, default=1, help="at once")
    parser.add_argument("--drop-masters-after", type=float, default=0.0)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    asyncio.run(main(wishes(sys.argv[1:])))
