"""Far ends that signal and never speak: thousands of short calls for little CPU.

The protocol and the leg log are those of the whole exchange. An offer is answered with
a description of a socket that nobody reads, so that the caller's media never connects.
A call is a few timers instead of a task.
"""

import asyncio
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from campanile.media.sdp import PCMU, TELEPHONE_EVENT, Description, render
from campanile.rehearsal.exchange.manners import Course, Manners, read_manners
from campanile.rehearsal.exchange.options import ExchangeOptions
from campanile.rehearsal.exchange.pulse import Pulse
from campanile.rehearsal.exchange.reasons import NORMAL_CLEARING, REASONS
from campanile.rehearsal.exchange.sip import SipHandle
from campanile.rehearsal.legs import LegLog, NdjsonLog

PATIENCE_SECONDS = 60.0
"""A callee that stays puts the phone down after this, like those who speak."""
_FINGERPRINT = ":".join(["AB"] * 32)


class Switchboard:
    """`core.Telephones` without telephones."""

    def __init__(
        self,
        manners: Manners,
        *,
        answer: str,
        legs: NdjsonLog,
        said: NdjsonLog,
        pulse: Pulse,
    ):
        self._manners = manners
        self._answer = answer
        self._legs = legs
        self._said = said
        self._pulse = pulse
        self._count = 0
        self._calls_to: Counter[str] = Counter()
        self._run = f"{time.time_ns() // 1_000_000:x}"

    @classmethod
    @asynccontextmanager
    async def open(cls, options: ExchangeOptions) -> AsyncIterator["Switchboard"]:
        """Raises Invalid."""
        folder = options.data_dir / "rehearsal"
        legs = NdjsonLog(folder / "legs.ndjson")
        said = NdjsonLog(folder / "said.ndjson")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
            deaf.bind(("127.0.0.1", 0))
            pulse = Pulse()
            beating = asyncio.create_task(pulse.run(), name="exchange.pulse")
            try:
                yield cls(
                    read_manners(options.seed, options.manners),
                    answer=_description(port=deaf.getsockname()[1]),
                    legs=legs,
                    said=said,
                    pulse=pulse,
                )
            finally:
                beating.cancel()
                await asyncio.gather(beating, return_exceptions=True)
                legs.close()
                said.close()

    def invite(
        self, handle: SipHandle, *, to: str, caller: str, call_id: str, offer: str
    ) -> "SilentPhone":
        """A call comes in; it runs by itself from here on."""
        self._count += 1
        self._calls_to[to] += 1
        leg = LegLog(
            self._legs,
            self._said,
            leg=f"{self._run}-{self._count}",
            call_id=call_id,
            caller=caller,
            callee=to,
        )
        leg.note("invite", late=round(self._pulse.late(), 4))
        course = self._manners.course(to, call=self._calls_to[to], caller=caller)
        return SilentPhone(handle, course, leg, number=to, answer=self._answer)


class SilentPhone:
    """The called end: waits, refuses, or answers and stays silent."""

    def __init__(
        self,
        handle: SipHandle,
        course: Course,
        log: LegLog,
        *,
        number: str,
        answer: str,
    ):
        self._handle = handle
        self._course = course
        self._log = log
        self._number = number
        self._answer = answer
        self._answered = False
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(course.network, self._reached)

    # -- what the caller does ---------------------------------------------------

    def hang_up(self, reason: str) -> None:
        self._timer.cancel()
        if self._answered:
            self._log.note("bye", code=200, reason=reason, by="caller")
            self._handle.ended(200, "to BYE")
        else:
            self._log.note("cancel", code=487, reason=reason or REASONS[487])
            self._handle.ended(487, REASONS[487])

    def dtmf(self, digit: str) -> None:
        self._log.note("dtmf", digit=digit, method="info")

    def refer(self, target: str) -> None:
        self._log.note("refer", target=target)

    # -- what the callee does ---------------------------------------------------

    def _reached(self) -> None:
        if self._course.rings:
            self._log.note("ringing", code=180)
            self._handle.ringing()
            self._timer = self._loop.call_later(self._course.ring, self._decide)
        else:
            self._decide()

    def _decide(self) -> None:
        code = self._course.code
        if code is None:
            self._pick_up()
            return
        reason = REASONS[code]
        self._log.note("reject", code=code, reason=reason)
        self._handle.ended(code, reason, q850=self._course.q850)

    def _pick_up(self) -> None:
        self._answered = True
        self._log.note("answer", code=200)
        self._handle.accepted(self._number, self._answer)
        talk = self._course.talk
        self._timer = self._loop.call_later(
            PATIENCE_SECONDS if talk is None else talk, self._put_down
        )

    def _put_down(self) -> None:
        self._log.note("bye", code=200, by="callee")
        self._handle.ended(200, "Session Terminated", q850=NORMAL_CLEARING)


def _description(*, port: int) -> str:
    candidate = f"1 1 udp 2130706431 127.0.0.1 {port} typ host"
    silent = Description(
        ufrag="deaf",
        password="d" * 22,
        fingerprints=[("sha-256", _FINGERPRINT)],
        setup="active",
        candidates=[candidate],
        codecs=[PCMU],
        telephone_event=TELEPHONE_EVENT,
    )
    return render(silent, host="127.0.0.1", port=port)
