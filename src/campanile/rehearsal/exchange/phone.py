"""One leg from INVITE to BYE, as the called telephone lives through it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import structlog

from campanile.audio import wav
from campanile.audio.frames import FRAME_SECONDS, Pcm
from campanile.errors import CampanileError
from campanile.rehearsal.callees.hearing import is_audible
from campanile.rehearsal.callees.people import Callee
from campanile.rehearsal.exchange import stage
from campanile.rehearsal.exchange.reasons import NORMAL_CLEARING, REASONS
from campanile.rehearsal.exchange.sip import SipHandle
from campanile.rehearsal.exchange.tones import (
    announcement,
    no_circuit,
    ringback,
    vacant,
)
from campanile.rehearsal.legs import LegLog, NdjsonLog

log = structlog.get_logger()

_RUNG_BEFORE_REFUSAL = {480, 603, 607}
"""Somebody, or an empty room, heard it ring; other refusals come from the network."""
_LONGEST_RING_SECONDS = 180.0
_NETWORK_SECONDS = 0.1
"""From INVITE to ringing."""
_PATIENCE_SECONDS = 60.0
"""A callee that hears nothing for so long puts the phone down."""
_MEDIA_LOST_SECONDS = 0.5
"""A caller that closes its media is given so long to say BYE first."""


class Leg(stage.Leg, Protocol):
    async def accept_offer(self, offer: str) -> str: ...
    async def connected(self, timeout: float = 10.0) -> None: ...
    def on_lost(self, sink: Callable[[], None]) -> Callable[[], None]: ...
    def clear(self) -> float: ...
    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Over:
    by: Literal["caller", "callee", "network"]
    reason: str = ""


class Phone:
    """The callee's end. `run` is one task; everything else is called on its loop."""

    def __init__(
        self,
        handle: SipHandle,
        callee: Callee,
        log: LegLog,
        *,
        offer: str,
        open_leg: Callable[[], Leg],
        learn: Callable[[], Awaitable[dict[str, Pcm]]],
        messages: Path,
    ):
        """`learn` speaks the callee's sentences while it rings; `messages` is the
        folder for what mailboxes record."""
        self._handle = handle
        self._callee = callee
        self._log = log
        self._offer = offer
        self._open_leg = open_leg
        self._learn = learn
        self._answered_at: float | None = None
        self._play: stage.Stage | None = None
        self._messages = messages
        self._over: asyncio.Future[_Over] = asyncio.get_running_loop().create_future()

    # -- what the caller does ---------------------------------------------------

    def hang_up(self, reason: str) -> None:
        self._end(_Over("caller", reason))

    def dtmf(self, digit: str) -> None:
        self._log.note("dtmf", digit=digit, method="info")

    def refer(self, target: str) -> None:
        self._log.note("refer", target=target)

    def note_pace(self, into: NdjsonLog) -> None:
        """Write down how many of the caller's frames there were so far, if any."""
        if self._play is not None:
            frames = self._play.pace.as_json()
            into.write({"t": time.time(), "leg": self._log.leg, **frames})

    # -- the leg ----------------------------------------------------------------

    async def run(self) -> None:
        self._log.note("invite")
        try:
            sounds = await self._learn()
            if await self._ring():
                leg = self._open_leg()
                try:
                    await self._answer(leg, sounds)
                finally:
                    await leg.close()
        except CampanileError as error:
            log.warning("exchange.leg_failed", leg=self._log.leg, error=str(error))
            self._fail(error.message)

    def _fail(self, reason: str) -> None:
        """The exchange itself could not go on with the call."""
        if self._answered_at is None:
            self._log.note("reject", code=488, reason=reason)
            self._handle.ended(488, REASONS[488])
        else:
            self._log.note("bye", code=200, reason=reason, by="network")
            self._handle.ended(200, "Session Terminated")

    async def _ring(self) -> bool:
        """Whether the callee picks up."""
        callee = self._callee
        rings = callee.rejects is None or callee.rejects in _RUNG_BEFORE_REFUSAL
        if await self._is_over_within(_NETWORK_SECONDS):
            return self._cancelled()
        if rings:
            self._log.note("ringing", code=180)
            self._handle.ringing()
        if callee.early_media is not None:
            return True  # the leg is needed already; _answer rings on
        return await self._wait_for_pickup()

    async def _wait_for_pickup(self) -> bool:
        callee = self._callee
        picks_up = callee.answers_phone
        wait = callee.ring_seconds if picks_up else _LONGEST_RING_SECONDS
        if await self._is_over_within(wait):
            return self._cancelled()
        code = callee.rejects or (None if picks_up else 480)
        if code is None:
            return True
        self._log.note("reject", code=code, reason=REASONS.get(code, ""))
        self._handle.ended(code, REASONS.get(code, "Error"))
        return False

    def _cancelled(self) -> Literal[False]:
        reason = self._over.result().reason
        self._log.note("cancel", code=487, reason=reason or REASONS[487])
        self._handle.ended(487, REASONS[487])
        return False

    async def _answer(self, leg: Leg, sounds: dict[str, Pcm]) -> None:
        number = self._callee.number
        answer = await leg.accept_offer(self._offer)
        if self._callee.early_media is not None:
            self._log.note("early_media", code=183)
            self._handle.progress(number, answer)
            leg.play(_early(self._callee))
            if not await self._wait_for_pickup():
                return
            leg.clear()  # the ring-back stops where somebody picks up
        self._log.note("answer", code=200)
        self._handle.accepted(number, answer)
        self._answered_at = time.monotonic()
        play = self._play = stage.Stage(
            self._callee,
            leg,
            self._log,
            sounds=sounds,
            hang_up=lambda: self._end(_Over("callee")),
        )
        leg.on_lost(self._media_lost)
        if await self._is_connected(leg):
            self._handle.media_up()
            play.begin(self._answered_at)
        await self._until_over(play, self._answered_at)
        self._bye(play)
        if play.recorded is not None:
            await self._keep(play.recorded)

    async def _is_connected(self, leg: Leg) -> bool:
        """False where the caller hung up before there was audio. Raises MediaFailed."""
        connecting = asyncio.create_task(leg.connected(), name="exchange.connect")
        either: list[asyncio.Future[Any]] = [connecting, self._over]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if connecting.done():
            connecting.result()
            return True
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)
        return False

    async def _until_over(self, play: stage.Stage, answered_at: float) -> None:
        while not await self._is_over_within(5.0):
            heard = play.last_heard or answered_at
            if time.monotonic() - heard > _PATIENCE_SECONDS:
                self._end(_Over("callee", "nothing heard"))

    def _bye(self, play: stage.Stage) -> None:
        over = self._over.result()
        self._log.note(
            "bye",
            code=200,
            reason=over.reason,
            by=over.by,
            frames=play.pace.as_json(),
        )
        if over.by == "caller":
            self._handle.ended(200, "to BYE")
        else:
            self._handle.ended(200, "Session Terminated", q850=NORMAL_CLEARING)

    async def _keep(self, frames: list[Pcm]) -> None:
        """Write down what was left after the beep."""
        voiced = sum(map(is_audible, frames)) * FRAME_SECONDS
        file = self._messages / f"{self._log.leg}.wav"
        self._log.message(round(voiced, 2), file.name)
        if frames:
            draft = file.with_suffix(".part")
            await asyncio.to_thread(wav.write, draft, np.concatenate(frames))
            draft.replace(file)  # whoever sees it sees all of it

    def _media_lost(self) -> None:
        asyncio.get_running_loop().call_later(
            _MEDIA_LOST_SECONDS, self._end, _Over("network", "media lost")
        )

    def _end(self, over: _Over) -> None:
        if not self._over.done():
            self._over.set_result(over)

    async def _is_over_within(self, seconds: float) -> bool:
        await asyncio.wait([self._over], timeout=seconds)
        return self._over.done()


def _early(callee: Callee) -> Pcm:
    if callee.early_media == "vacant":
        return announcement(vacant())
    if callee.early_media == "no_circuit":
        return announcement(no_circuit())
    return ringback(callee.ring_seconds, british=callee.number.startswith("+44"))
