"""Everything behind the wall: the callees, their voices, their phones and the logs."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from campanile.audio.frames import Pcm
from campanile.media.clock import FrameClock
from campanile.media.transport import check_private_names
from campanile.rehearsal.callees.people import Callee, Directory, directory
from campanile.rehearsal.exchange.arrivals import StampedPeer
from campanile.rehearsal.exchange.options import ExchangeOptions
from campanile.rehearsal.exchange.phone import Phone
from campanile.rehearsal.exchange.sip import SipHandle
from campanile.rehearsal.legs import LegLog, NdjsonLog
from campanile.rehearsal.voices import Voices

log = structlog.get_logger()


class Telephones:
    def __init__(
        self,
        people: Directory,
        voices: Voices,
        *,
        media_address: str,
        legs: NdjsonLog,
        said: NdjsonLog,
        messages: Path,
    ):
        self._people = people
        self._voices = voices
        self._media_address = media_address
        self._legs = legs
        self._said = said
        self._messages = messages
        self._clock = FrameClock()
        self._calls: dict[asyncio.Task[None], Phone] = {}
        self._count = 0
        self._calls_to: Counter[str] = Counter()
        self._run = f"{int(time.time()):x}"  # keeps leg names apart in an appended log

    @classmethod
    @asynccontextmanager
    async def open(cls, options: ExchangeOptions) -> AsyncIterator["Telephones"]:
        """Telephones whose callees have learnt their sentences. Raises Invalid."""
        check_private_names()
        folder = options.data_dir / "rehearsal"
        people = directory(seed=options.seed, folder=options.callees, mute=options.mute)
        voices = Voices(options.voice_cache or folder / "voices")
        legs, said = (
            NdjsonLog(folder / "legs.ndjson"),
            NdjsonLog(folder / "said.ndjson"),
        )
        messages = folder / "messages"
        messages.mkdir(parents=True, exist_ok=True)
        telephones = cls(
            people,
            voices,
            media_address=options.media_address,
            legs=legs,
            said=said,
            messages=messages,
        )
        pacing = asyncio.create_task(
            telephones._note_paces(folder / "pace.ndjson", options.pace_seconds),
            name="exchange.pace",
        )
        try:
            await telephones.learn()
            yield telephones
        finally:
            pacing.cancel()
            await asyncio.gather(pacing, return_exceptions=True)
            await telephones._close()
            await voices.close()
            legs.close()
            said.close()

    async def learn(self) -> None:
        """Speak every sentence of every callee to the cache, so that no call has to."""
        async with asyncio.TaskGroup() as group:
            for text, voice in sorted(self._people.lines()):
                group.create_task(self._voices.speak(text, voice))

    def invite(
        self, handle: SipHandle, *, to: str, caller: str, call_id: str, offer: str
    ) -> Phone:
        """A call comes in; it runs by itself from here on."""
        self._count += 1
        self._calls_to[to] += 1
        callee = self._people.callee(to, call=self._calls_to[to])
        phone = Phone(
            handle,
            callee,
            LegLog(
                self._legs,
                self._said,
                leg=f"{self._run}-{self._count}",
                call_id=call_id,
                caller=caller,
                callee=to,
            ),
            offer=offer,
            open_leg=lambda: StampedPeer(self._clock, address=self._media_address),
            learn=lambda: self._sounds(callee),
            messages=self._messages,
        )
        task = asyncio.create_task(phone.run(), name=f"exchange.leg {self._count}")
        self._calls[task] = phone
        task.add_done_callback(self._ended)
        return phone

    async def _note_paces(self, file: Path, every: float) -> None:
        """Write down every `every` seconds how the legs fare; 0: not at all."""
        if not every:
            return
        paces = NdjsonLog(file)
        try:
            while True:
                await asyncio.sleep(every)
                for phone in self._calls.values():
                    phone.note_pace(paces)
        finally:
            paces.close()

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._calls[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("exchange.leg_failed", exc_info=error)

    async def _sounds(self, callee: Callee) -> dict[str, Pcm]:
        return {
            text: await self._voices.speak(text, callee.voice)
            for text in callee.sentences
        }

    async def _close(self) -> None:
        calls = list(self._calls)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
