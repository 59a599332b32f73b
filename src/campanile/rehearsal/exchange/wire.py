"""Measures one leg at the wire: how fast the agent speaks up, and how evenly it sends.

Pure: packets and instants in, findings out. All instants are of one monotonic clock.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from campanile.audio.frames import FRAME_SAMPLES, FRAME_SECONDS, SAMPLE_RATE, Pcm
from campanile.audio.g711 import decode_alaw, decode_ulaw
from campanile.media.rtp import RtpPacket
from campanile.rehearsal.callees.hearing import AUDIBLE

GAP_SECONDS = 0.040
_LATE_SECONDS = 0.020
_SAME_BREATH = 0.1
"""Speech that began before the callee fell silent is no answer to it."""
_BYTES = bytes(range(256))
_LOUD = {
    payload_type: bytes(np.abs(decode(_BYTES).astype(np.int32)) >= AUDIBLE)
    for payload_type, decode in ((0, decode_ulaw), (8, decode_alaw))
}
"""Per G.711 payload type: 1 for each byte that can be heard, so that a packet is
judged by two calls into C instead of being decoded."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The agent's first audible sample after the callee fell silent, or after answer."""

    after: Literal["answer", "utterance"]
    milliseconds: float


@dataclass(frozen=True, slots=True)
class AudioGap:
    """More than 40 ms in which no packet of the agent arrived."""

    milliseconds: float


@dataclass(slots=True)
class Pace:
    """The agent's packets against the 20 ms grid that its timestamps promise."""

    expected: int = 0
    received: int = 0
    late: int = 0
    """Arrived more than 20 ms behind the earliest packet's grid."""

    @property
    def missing(self) -> int:
        return max(0, self.expected - self.received)

    def as_json(self) -> dict[str, int]:
        return {
            "expected": self.expected,
            "missing": self.missing,
            "late": self.late,
        }


class WireMeter:
    def __init__(self) -> None:
        self.pace = Pace()
        self._waiting: Literal["answer", "utterance"] | None = None
        self._silent_since = 0.0
        self._last_audible = float("-inf")
        self._last_arrival: float | None = None
        self._first_timestamp: int | None = None
        self._grid = 0.0  # where the first packet would have stood, had none been late

    def answered(self, at: float) -> None:
        self._waiting, self._silent_since = "answer", at

    def speaks(self) -> None:
        """The callee begins to speak: what comes before it ends is no answer."""
        self._waiting = None

    def fell_silent(self, at: float) -> None:
        """The callee's last audible sample was sent at `at`."""
        if at - self._last_audible >= _SAME_BREATH:
            self._waiting, self._silent_since = "utterance", at

    def packet(self, packet: RtpPacket, at: float) -> list[Heard | AudioGap]:
        """A packet of the agent arrived."""
        found: list[Heard | AudioGap] = []
        if (gap := self._gap(at)) is not None:
            found.append(gap)
        loud = _LOUD.get(packet.payload_type)
        if loud is None:
            return found
        self._measure_pace(packet, at)
        mask = packet.payload.translate(loud)
        first = mask.find(1)
        if first < 0:
            return found
        sounded = at + first / SAMPLE_RATE
        if self._waiting is not None and sounded > self._silent_since:
            waited = sounded - self._silent_since
            found.append(Heard(self._waiting, round(waited * 1000, 1)))
            self._waiting = None
        self._last_audible = at + mask.rfind(1) / SAMPLE_RATE
        return found

    def _gap(self, at: float) -> AudioGap | None:
        last, self._last_arrival = self._last_arrival, at
        if last is None or at - last <= GAP_SECONDS:
            return None
        return AudioGap(round((at - last) * 1000, 1))

    def _measure_pace(self, packet: RtpPacket, at: float) -> None:
        if self._first_timestamp is None:
            self._first_timestamp = packet.timestamp
            self._grid = at
        samples = (packet.timestamp - self._first_timestamp) & 0xFFFFFFFF
        if samples >= 1 << 31:
            return  # from before the first one: reordered
        frames = samples / FRAME_SAMPLES
        lag = at - (self._grid + frames * FRAME_SECONDS)
        self._grid += min(lag, 0.0)
        self.pace.received += 1
        self.pace.expected = max(self.pace.expected, round(frames) + 1)
        if lag > _LATE_SECONDS:
            self.pace.late += 1


class Utterance:
    """Counts a ready-made utterance onto the wire, to know its last audible sample."""

    def __init__(self, pcm: Pcm):
        audible = np.flatnonzero(np.abs(pcm.astype(np.int32)) >= AUDIBLE)
        self._last = int(audible[-1]) if len(audible) else 0
        self._frames = -(-len(pcm) // FRAME_SAMPLES)
        self._sent = 0
        self.ended: float | None = None
        """When its last audible sample was sent, once it was."""

    def frame_sent(self, at: float) -> bool:
        """One more frame of it went out; True when it was the last."""
        if self._sent == self._last // FRAME_SAMPLES:
            self.ended = at + self._last % FRAME_SAMPLES / SAMPLE_RATE
        self._sent += 1
        return self._sent >= self._frames
