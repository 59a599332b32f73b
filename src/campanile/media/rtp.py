"""RTP packets (RFC 3550, section 5.1) and the timelines they run on."""

import struct
from dataclasses import dataclass

HEADER = struct.Struct("!BBHII")
"""Version and flags, marker and payload type, sequence, timestamp, SSRC."""

COMFORT_NOISE = 13
"""Static payload type of RFC 3389: the far end is silent and says so."""

_VERSION = 0x80


class MalformedRtp(ValueError):
    """Bytes that decrypted well and yet are no RTP."""


@dataclass(slots=True)
class RtpPacket:
    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def pack(
    payload_type: int,
    marker: bool,
    sequence: int,
    timestamp: int,
    ssrc: int,
    payload: bytes,
) -> bytes:
    """The packet's bytes; sequence and timestamp wrap around here.

    Positional, as this runs fifty times a second for every leg.
    """
    return (
        HEADER.pack(
            _VERSION,
            payload_type | 0x80 if marker else payload_type,
            sequence & 0xFFFF,
            timestamp & 0xFFFFFFFF,
            ssrc,
        )
        + payload
    )


def unpack(data: bytes) -> RtpPacket:
    """Read a packet, its padding, CSRCs and extensions left out. Raises MalformedRtp."""
    if len(data) < HEADER.size or data[0] >> 6 != 2:
        raise MalformedRtp("not RTP, version 2")
    flags, payload_type, sequence, timestamp, ssrc = HEADER.unpack_from(data)
    start, end = HEADER.size, len(data)
    if flags != _VERSION:
        start, end = _payload_bounds(data, flags)
    return RtpPacket(
        payload_type & 0x7F,
        payload_type >= 0x80,
        sequence,
        timestamp,
        ssrc,
        data[start:end],
    )


def _payload_bounds(data: bytes, flags: int) -> tuple[int, int]:
    start = HEADER.size + 4 * (flags & 0x0F)
    if flags & 0x10:
        if len(data) < start + 4:
            raise MalformedRtp("the header extension is cut off")
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    end = len(data)
    if flags & 0x20:
        end -= data[-1]
    if end < start:
        raise MalformedRtp("header and padding are longer than the packet")
    return start, end


class Unwrapper:
    """Counts on where a wire counter of `bits` bits wraps around."""

    def __init__(self, bits: int):
        self._half = 1 << (bits - 1)
        self._mask = (1 << bits) - 1
        self._last: int | None = None

    def __call__(self, value: int) -> int:
        """The unbounded counter nearest to the last one seen."""
        if self._last is None:
            self._last = value
        else:
            step = ((value - self._last + self._half) & self._mask) - self._half
            self._last += step
        return self._last
