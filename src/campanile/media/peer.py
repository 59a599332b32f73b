"""One WebRTC leg that carries G.711: frames in, frames out, on the shared clock.

    peer = MediaPeer(clock)
    offer = await peer.create_offer()        # … signalled …
    peer.accept_answer(answer)
    await peer.connected()

From the moment media is up something is sent on every tick, silence if there is nothing
to say: some far ends send nothing until they hear us.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from campanile.audio.frames import FRAME_SECONDS, SILENCE, Frame, Pcm
from campanile.media import rtcp, sdp
from campanile.media.clock import FrameClock
from campanile.media.playout import Playout
from campanile.media.receiving import Receiver
from campanile.media.sending import Sender
from campanile.media.transport import MediaFailed, SecureTransport

_Sink = TypeVar("_Sink", bound=Callable[..., None])
_MOST_SILENCE = 500
"""Frames of silence that a recording gets for one stall; a suspended laptop has many."""


@dataclass(frozen=True, slots=True)
class MediaStats:
    """How a leg fares. Times in seconds, counts of packets since it began."""

    sent: int
    received: int
    lost: int
    """Never arrived, by their sequence numbers."""
    late: int
    concealed: int
    """Frames of 20 ms that were made up."""
    jitter: float
    delay: float
    """What waits in the jitter buffer."""
    round_trip: float | None
    """None until the far end reported."""
    remote_fraction_lost: float
    """Of what we sent lately, 0..1, as the far end reports."""


class _Sinks(Generic[_Sink]):
    """Who is told of something; a tuple, as it may change while they are."""

    def __init__(self) -> None:
        self.told: tuple[_Sink, ...] = ()

    def add(self, sink: _Sink) -> Callable[[], None]:
        """Tell `sink` from now on; the result, which may be called twice, ends it."""
        self.told += (sink,)

        def leave() -> None:
            self.told = tuple(other for other in self.told if other is not sink)

        return leave


class MediaPeer:
    """One leg. Implements `telephony.line.AudioPort`; belongs to one event loop."""

    def __init__(self, clock: FrameClock, *, address: str = ""):
        """`address` is where ICE listens; empty: every interface but loopback."""
        self._clock = clock
        self._address = address
        self._transport: SecureTransport | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._closed = False
        self._up = False
        self._sinks = _Sinks[Callable[[Frame], None]]()
        self._sent_sinks = _Sinks[Callable[[Pcm], None]]()
        self._dtmf_sinks = _Sinks[Callable[[str], None]]()
        self._lost_sinks = _Sinks[Callable[[], None]]()

        self._playout = Playout()
        self._sender = Sender(self._playout)
        self._receiver = Receiver()
        self._last_tick: float | None = None
        self._now = 0.0
        self._next_report = 0.0
        self._round_trip: float | None = None
        self._remote_loss = 0.0

    # Signalling ----------------------------------------------------------------

    async def create_offer(self) -> str:
        """An SDP offer with every candidate in it. Raises MediaFailed."""
        return await self._describe(
            offering=True,
            setup="actpass",
            codecs=[sdp.PCMU, sdp.PCMA],
            event=sdp.TELEPHONE_EVENT,
            mid="0",
        )

    async def accept_answer(self, answer: str) -> None:
        """Connect to the far end that answered our offer; returns at once.

        Raises UnusableDescription. A later answer changes nothing: gateways repeat in
        200 OK what they said in 183.
        """
        if self._connecting is None and not self._closed:
            remote = sdp.parse(answer)
            self._connect(remote, dtls_client=remote.setup == "passive")

    async def accept_offer(self, offer: str) -> str:
        """The answer to `offer`; connecting goes on in the background.

        Raises UnusableDescription or MediaFailed.
        """
        remote = sdp.parse(offer)
        client = remote.setup != "active"
        answer = await self._describe(
            offering=remote.ice_lite,  # a lite far end leaves the checks to us
            setup="active" if client else "passive",
            codecs=remote.codecs[:1],
            event=remote.telephone_event,
            mid=remote.mid,
        )
        self._connect(remote, dtls_client=client)
        return answer

    async def connected(self, timeout: float = 10.0) -> None:
        """Return when audio flows. Raises MediaFailed, also after `timeout` seconds."""
        if self._connecting is None:
            raise MediaFailed("No description of the far end has been accepted")
        done, _ = await asyncio.wait([self._connecting], timeout=timeout)
        if not done:
            raise MediaFailed(f"Media did not connect within {timeout:g} s")
        if self._connecting.cancelled():
            raise MediaFailed("The leg was closed before its media connected")
        self._connecting.result()

    async def close(self) -> None:
        """End the leg and give everything back. May be called twice, at any time."""
        if self._closed:
            return
        self._closed = True
        if self._up and self._transport is not None:
            self._report(bye=True)
            self._transport.write()
        self._up = False
        self._clock.remove(self)
        self._playout.close()
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.wait([self._connecting])
            if not self._connecting.cancelled():
                self._connecting.exception()  # seen; nobody may have asked for it
        if self._transport is not None:
            await self._transport.close()

    async def _describe(
        self,
        *,
        offering: bool,
        setup: sdp.Setup,
        codecs: list[int],
        event: int | None,
        mid: str,
    ) -> str:
        if self._transport is not None or self._closed:
            raise MediaFailed("A leg can be described only once")
        self._transport = SecureTransport(
            self._address,
            offering=offering,
            on_rtp=self._receive,
            on_rtcp=self._receive_reports,
            on_lost=self._transport_lost,
        )
        candidates = await self._transport.gather()
        ufrag, password = self._transport.credentials
        description = sdp.Description(
            ufrag=ufrag,
            password=password,
            fingerprints=[self._transport.fingerprint],
            setup=setup,
            candidates=candidates,
            codecs=codecs,
            telephone_event=event,
            mid=mid,
            ssrc=self._sender.ssrc,
        )
        host, port = candidates[0].split()[4:6]
        return sdp.render(description, host=host, port=int(port))

    def _connect(self, remote: sdp.Description, *, dtls_client: bool) -> None:
        if self._transport is None:
            raise MediaFailed("There is no offer that this could answer")
        event = remote.telephone_event
        self._sender.negotiated(remote.codecs[0], telephone_event=event)
        self._receiver.negotiated(telephone_event=event)
        self._connecting = asyncio.create_task(
            self._bring_up(self._transport, remote, dtls_client=dtls_client),
            name="media.connect",
        )

    async def _bring_up(
        self, transport: SecureTransport, remote: sdp.Description, *, dtls_client: bool
    ) -> None:
        await transport.connect(remote, dtls_client=dtls_client)
        self._up = True
        self._next_report = rtcp.next_report_at(time.monotonic()) - rtcp.REPORT_SECONDS
        self._clock.add(
            self,
            before=transport.read,
            after=transport.write,
            failed=self._transport_lost,
        )

    def _transport_lost(self) -> None:
        self._up = False
        self._clock.remove(self)
        self._playout.close()
        for sink in self._lost_sinks.told:
            sink()

    # Audio ---------------------------------------------------------------------

    def subscribe(self, sink: Callable[[Frame], None]) -> Callable[[], None]:
        """Call `sink` with every 20 ms received; the result unsubscribes."""
        return self._sinks.add(sink)

    def on_sent(self, sink: Callable[[Pcm], None]) -> Callable[[], None]:
        """Call `sink` with every 20 ms sent, silence included."""
        return self._sent_sinks.add(sink)

    def on_dtmf(self, sink: Callable[[str], None]) -> Callable[[], None]:
        """Call `sink` with every digit the far end presses; the result unsubscribes."""
        return self._dtmf_sinks.add(sink)

    def on_lost(self, sink: Callable[[], None]) -> Callable[[], None]:
        """Call `sink` when the far end's media ends or stays away for 30 s, or when
        something that listens to this leg has failed: no frame is exchanged then."""
        return self._lost_sinks.add(sink)

    def play(self, pcm: Pcm) -> None:
        self._playout.play(pcm)

    def clear(self) -> float:
        return self._playout.clear()

    def duck(self, gain: float) -> None:
        self._playout.duck(gain)

    @property
    def queued(self) -> float:
        return self._playout.queued

    @property
    def played(self) -> float:
        return self._playout.played

    async def drained(self) -> None:
        await self._playout.drained()

    def send_dtmf(self, digits: str) -> None:
        """Press `digits` (0-9 * # A-D; w or , waits half a second).

        As tones, behind what is queued, where the far end takes no telephone events.
        Raises UnknownDigit.
        """
        self._sender.press(digits)

    def stats(self) -> MediaStats:
        reception, jitter = self._receiver.reception, self._receiver.jitter
        return MediaStats(
            sent=self._sender.sent,
            received=reception.received if reception else 0,
            lost=max(0, reception.lost) if reception else 0,
            late=jitter.stats.late,
            concealed=jitter.concealed,
            jitter=reception.jitter_seconds if reception else 0.0,
            delay=jitter.delay,
            round_trip=self._round_trip,
            remote_fraction_lost=self._remote_loss,
        )

    # Every 20 ms ---------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Send one frame and hand on one received, as FrameClock asks at `now`."""
        assert self._transport is not None
        last, self._now = self._last_tick, now
        self._last_tick = now
        missed = 0 if last is None else round((now - last) / FRAME_SECONDS) - 1
        if missed > 0:
            self._skip(missed)
        self._transport.deliver()
        packet, pcm = self._sender.next_packet()
        self._transport.queue_rtp(packet)
        for sent_sink in self._sent_sinks.told:
            sent_sink(pcm)
        for frame in self._receiver.frames(now, missed=missed):
            for sink in self._sinks.told:
                sink(frame)
        if now >= self._next_report and self._up:
            self._report()

    def _skip(self, missed: int) -> None:
        """The loop stalled: the far end heard nothing, and the recording says so."""
        self._sender.skip(missed)
        for _ in range(min(missed, _MOST_SILENCE)):
            for sink in self._sent_sinks.told:
                sink(SILENCE)

    def _receive(self, data: bytes, at: float) -> None:
        digit = self._receiver.packet(data, at)
        if digit is not None:
            for sink in self._dtmf_sinks.told:
                sink(digit)

    def _receive_reports(self, data: bytes, at: float) -> None:
        reception = self._receiver.reception
        for report in rtcp.unpack(data):
            if report.sender and reception and reception.ssrc == report.ssrc:
                reception.sender_report(report.sender, at)
            for block in report.blocks:
                if block.ssrc == self._sender.ssrc:
                    self._remote_loss = block.fraction_lost
                    self._round_trip = rtcp.round_trip(
                        block, wall=time.time() - time.monotonic() + at
                    )

    def _report(self, *, bye: bool = False) -> None:
        assert self._transport is not None
        self._next_report = rtcp.next_report_at(self._now)
        reception = self._receiver.reception
        blocks = [reception.block(time.monotonic())] if reception else []
        report = rtcp.Report(self._sender.ssrc, self._sender.info(), blocks, bye)
        self._transport.queue_rtcp(rtcp.pack(report))
