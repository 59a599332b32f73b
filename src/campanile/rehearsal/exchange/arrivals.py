"""A leg that shows each packet as it came, for what is measured at the wire."""

from collections.abc import Callable

from campanile.media import rtp
from campanile.media.clock import FrameClock
from campanile.media.peer import MediaPeer

OnPacket = Callable[[rtp.RtpPacket, float], None]
"""Called with each RTP packet and the `time.monotonic()` of its arrival."""


class StampedPeer(MediaPeer):
    """MediaPeer as it is, with one more ear at its socket.

    What it plays out of its jitter buffer comes some 40 ms later and repaired; a figure
    of the wire must have neither.
    """

    def __init__(self, clock: FrameClock, *, address: str):
        super().__init__(clock, address=address)
        self._on_packet: OnPacket | None = None

    def on_packet(self, sink: OnPacket) -> None:
        self._on_packet = sink

    def _receive(self, data: bytes, at: float) -> None:
        if self._on_packet is not None and not 192 <= data[1] < 224:  # RFC 5761: RTCP
            self._on_packet(rtp.unpack(data), at)
        super()._receive(data, at)
