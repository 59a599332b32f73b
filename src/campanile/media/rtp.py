"""RTP packets (RFC 3550, section 5.1) and the timelines they run on."""

import struct
from typing import NamedTuple

HEADER = struct.Struct("!BBHII")
"""Version and flags, marker and payload type, sequence, timestamp, SSRC."""

COMFORT_NOISE = 13
"""Static payload type of RFC 3389: the far end is silent and says so."""

_VERSION = 0x80


class MalformedRtp(ValueError):
    """Bytes that decrypted well and yet are no RTP."""


class RtpPacket(NamedTuple):
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


def sequence_step(last: int, sequence: int) -> int:
    """From one 16-bit sequence number to another, the short way around."""
    return ((sequence - last + 0x8000) & 0xFFFF) - 0x8000


def timestamp_step(last: int, timestamp: int) -> int:
    """From one 32-bit timestamp to another, the short way around."""
    return ((timestamp - last + 0x80000000) & 0xFFFFFFFF) - 0x80000000
