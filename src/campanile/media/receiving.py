"""The receiving half of a leg: packets in, frames and digits out. No socket, no clock."""

from campanile.audio.frames import FRAME_SECONDS, Frame
from campanile.audio.g711 import decode_alaw, decode_ulaw
from campanile.media import dtmf, rtcp, rtp, sdp
from campanile.media.jitter import JitterBuffer

_DECODERS = {sdp.PCMU: decode_ulaw, sdp.PCMA: decode_alaw}
_MOST_CAUGHT_UP = 50
"""Frames that one tick hands on after a stall of the loop: a second of sound."""


class Receiver:
    """One incoming stream; its SSRC, codec and packet length may change at any time."""

    def __init__(self) -> None:
        self.jitter = JitterBuffer()
        self.reception: rtcp.Reception | None = None
        self._events = dtmf.EventReader()
        self._event_payload: int | None = None

    def negotiated(self, *, telephone_event: int | None) -> None:
        """The payload type of DTMF."""
        self._event_payload = telephone_event

    def packet(self, data: bytes, at: float) -> str | None:
        """RTP arrived at monotonic `at`; the digit, if it is the first of a key's."""
        try:
            kind, _, sequence, timestamp, ssrc, payload = rtp.unpack(data)
        except rtp.MalformedRtp:
            return None
        if self.reception is None or self.reception.ssrc != ssrc:
            self.reception = rtcp.Reception(ssrc)
        self.reception.packet(sequence, timestamp, at)
        if (decode := _DECODERS.get(kind)) is not None:
            self.jitter.push(ssrc, sequence, timestamp, decode(payload))
            return None
        self.jitter.note(ssrc, sequence)
        if kind == self._event_payload:
            return self._events.packet(timestamp, payload)
        return None

    def frames(self, now: float, *, missed: int) -> list[Frame]:
        """The frame of this tick, after those of the ticks that a stall missed.

        What came during the stall lies in the socket, so hearing loses nothing by it.
        """
        frames = []
        for behind in range(min(missed, _MOST_CAUGHT_UP), -1, -1):
            pcm, heard = self.jitter.pop(behind=behind)
            frames.append(Frame(pcm, now - behind * FRAME_SECONDS, heard))
        return frames
