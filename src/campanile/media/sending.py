"""The sending half of a leg: one RTP packet per tick. No socket, no clock."""

import random
import time

from campanile.audio.frames import FRAME_SAMPLES, SILENCE, Pcm
from campanile.audio.g711 import ALAW_SILENCE, ULAW_SILENCE, encode_alaw, encode_ulaw
from campanile.media import dtmf, rtcp, rtp, sdp
from campanile.media.playout import Playout

_ENCODERS = {sdp.PCMU: encode_ulaw, sdp.PCMA: encode_alaw}
_SILENCE = {
    sdp.PCMU: bytes([ULAW_SILENCE]) * FRAME_SAMPLES,
    sdp.PCMA: bytes([ALAW_SILENCE]) * FRAME_SAMPLES,
}


class Sender:
    """One outgoing stream: speech, else DTMF, else silence."""

    def __init__(self, playout: Playout):
        self.ssrc = random.getrandbits(32)
        self.sent = 0
        """Packets, silence included."""
        self._octets = 0
        self._playout = playout
        self._events = dtmf.EventSender()
        self._codec = sdp.PCMU
        self._event_payload: int | None = None
        self._sequence = random.getrandbits(15)
        self._timestamp = random.getrandbits(31)
        self._talking = False

    def negotiated(self, codec: int, *, telephone_event: int | None) -> None:
        """The payload types that the far end takes."""
        self._codec = codec
        self._event_payload = telephone_event

    def press(self, digits: str) -> None:
        """Send DTMF, as tones where no telephone events are taken. Raises UnknownDigit."""
        digits = dtmf.check(digits)
        if self._event_payload is None:
            self._playout.play(dtmf.tone(digits))
        else:
            self._events.push(digits)

    def skip(self, ticks: int) -> None:
        """So many ticks were missed: the timestamp keeps wall pace, nothing is sent."""
        self._timestamp += ticks * FRAME_SAMPLES
        self._talking = False

    def next_packet(self) -> tuple[bytes, Pcm]:
        """The packet to send at this tick, and the audio that it stands for."""
        event = self._events.next_payload() if self._events.busy else None
        if event is not None and self._event_payload is not None:
            pcm, payload_type, payload = SILENCE, self._event_payload, event.payload
            marker, age = event.begins, event.age
        else:
            pcm, payload, marker = self._audio()
            payload_type, age = self._codec, 0
        packet = rtp.pack(
            payload_type,
            marker,
            self._sequence,
            self._timestamp - age,
            self.ssrc,
            payload,
        )
        self._sequence += 1
        self._timestamp += FRAME_SAMPLES
        self.sent += 1
        self._octets += len(payload)
        return packet, pcm

    def _audio(self) -> tuple[Pcm, bytes, bool]:
        frame = self._playout.next_frame()
        if frame is None:
            self._talking = False
            return SILENCE, _SILENCE[self._codec], self.sent == 0
        # The marker says that a talk spurt begins: receivers re-adjust at it.
        begins, self._talking = not self._talking, True
        return frame, _ENCODERS[self._codec](frame), begins

    def info(self) -> rtcp.SenderInfo:
        """What a sender report says of this stream now."""
        return rtcp.SenderInfo(
            ssrc=self.ssrc,
            wall=time.time(),
            timestamp=self._timestamp,
            packets=self.sent,
            octets=self._octets,
        )
