"""RTCP reports (RFC 3550, section 6): what is told of a stream, and what is told us."""

import random
import struct
from dataclasses import dataclass

from campanile.audio.frames import SAMPLE_RATE
from campanile.media.rtp import sequence_step

REPORT_SECONDS = 5.0
"""Mean time between our reports; drawn anew between half and one and a half of it."""

_SENDER_REPORT = 200
_RECEIVER_REPORT = 201
_SOURCE_DESCRIPTION = 202
_BYE = 203
_NTP_EPOCH = 2208988800  # seconds from 1900 to 1970
_CNAME = b"campanile"
_HEADER = struct.Struct("!BBH")
_SENDER = struct.Struct("!IIIIII")  # SSRC, NTP seconds and fraction, RTP time, counts
_BLOCK = struct.Struct("!IIIIII")
_MOST_LOST = 0x7FFFFF


def next_report_at(now: float) -> float:
    return now + REPORT_SECONDS * (0.5 + random.random())


@dataclass(frozen=True, slots=True)
class SenderInfo:
    """What a sender report says of the stream it reports on."""

    ssrc: int
    wall: float
    """Unix seconds at which `timestamp` was the stream's RTP time."""
    timestamp: int
    packets: int
    octets: int


@dataclass(frozen=True, slots=True)
class ReceptionBlock:
    """How a receiver fares with one stream."""

    ssrc: int
    fraction_lost: float
    """Of the packets since the last report, 0..1."""
    lost: int
    highest_sequence: int
    jitter: int
    """In RTP timestamp units."""
    last_report: int = 0
    """Middle 32 bits of the NTP time of the last sender report, 0 if none came."""
    delay: float = 0.0
    """Seconds between that report's arrival and this block."""


@dataclass(frozen=True, slots=True)
class Report:
    ssrc: int
    sender: SenderInfo | None
    blocks: list[ReceptionBlock]
    bye: bool = False


def ntp_middle(wall: float) -> int:
    """The middle 32 bits of the NTP time: seconds modulo 65536 in 1/65536."""
    return int((wall + _NTP_EPOCH) * 65536) & 0xFFFFFFFF


def round_trip(block: ReceptionBlock, *, wall: float) -> float | None:
    """Seconds there and back, from a block about us that arrived at `wall`."""
    if block.last_report == 0:
        return None
    passed = (ntp_middle(wall) - block.last_report) & 0xFFFFFFFF
    seconds = passed / 65536 - block.delay
    return seconds if 0 <= seconds < 60 else None


def pack(report: Report) -> bytes:
    """A compound packet: the report and our name (section 6.1 wants both)."""
    blocks = b"".join(_pack_block(block) for block in report.blocks)
    if (sender := report.sender) is None:
        kind, body = _RECEIVER_REPORT, struct.pack("!I", report.ssrc)
    else:
        ntp = sender.wall + _NTP_EPOCH
        kind = _SENDER_REPORT
        body = _SENDER.pack(
            sender.ssrc,
            int(ntp) & 0xFFFFFFFF,
            int(ntp % 1 * (1 << 32)),
            sender.timestamp & 0xFFFFFFFF,
            sender.packets & 0xFFFFFFFF,
            sender.octets & 0xFFFFFFFF,
        )
    packet = _packet(kind, len(report.blocks), body + blocks)
    name = struct.pack("!IBB", report.ssrc, 1, len(_CNAME)) + _CNAME + b"\0"
    name += b"\0" * (-len(name) % 4)
    packet += _packet(_SOURCE_DESCRIPTION, 1, name)
    if report.bye:
        packet += _packet(_BYE, 1, struct.pack("!I", report.ssrc))
    return packet


def unpack(data: bytes) -> list[Report]:
    """The reports of a compound packet; what is cut off or unknown is left out."""
    reports = []
    while len(data) >= _HEADER.size and data[0] >> 6 == 2:
        flags, kind, words = _HEADER.unpack_from(data)
        body, data = data[4 : 4 + 4 * words], data[4 + 4 * words :]
        count = flags & 0x1F
        if kind == _SENDER_REPORT and len(body) >= _SENDER.size:
            ssrc, high, low, timestamp, packets, octets = _SENDER.unpack_from(body)
            wall = high - _NTP_EPOCH + low / (1 << 32)
            sender = SenderInfo(ssrc, wall, timestamp, packets, octets)
            blocks = _unpack_blocks(body[_SENDER.size :], count)
            reports.append(Report(ssrc, sender, blocks))
        elif kind == _RECEIVER_REPORT and len(body) >= 4:
            ssrc = int.from_bytes(body[:4], "big")
            reports.append(Report(ssrc, None, _unpack_blocks(body[4:], count)))
        elif kind == _BYE and count and len(body) >= 4:
            reports.append(Report(int.from_bytes(body[:4], "big"), None, [], bye=True))
    return reports


def _packet(kind: int, count: int, body: bytes) -> bytes:
    return _HEADER.pack(0x80 | count, kind, len(body) // 4) + body


def _pack_block(block: ReceptionBlock) -> bytes:
    lost = max(-_MOST_LOST - 1, min(block.lost, _MOST_LOST)) & 0xFFFFFF
    return _BLOCK.pack(
        block.ssrc,
        min(255, int(block.fraction_lost * 256)) << 24 | lost,
        block.highest_sequence & 0xFFFFFFFF,
        block.jitter & 0xFFFFFFFF,
        block.last_report,
        int(block.delay * 65536) & 0xFFFFFFFF,
    )


def _unpack_blocks(data: bytes, count: int) -> list[ReceptionBlock]:
    blocks = []
    for start in range(0, min(count, len(data) // _BLOCK.size) * _BLOCK.size, 24):
        ssrc, loss, highest, jitter, last, delay = _BLOCK.unpack_from(data, start)
        lost = loss & 0xFFFFFF
        if lost > _MOST_LOST:
            lost -= 1 << 24
        blocks.append(
            ReceptionBlock(
                ssrc, (loss >> 24) / 256, lost, highest, jitter, last, delay / 65536
            )
        )
    return blocks


class Reception:
    """Counts one received stream as appendices A.3 and A.8 of RFC 3550 say."""

    def __init__(self, ssrc: int):
        self.ssrc = ssrc
        self.received = 0
        self._first: int | None = None
        self._highest = 0  # counted on where the wire's 16 bits wrap around
        self._transit = 0.0
        self._jitter = 0.0
        self._told = (0, 0)  # expected and received at the last report
        self._sender_report: tuple[int, float] | None = None

    def packet(self, sequence: int, timestamp: int, at: float) -> None:
        """A packet arrived at monotonic `at`, of an audio payload type or not."""
        self.received += 1
        transit = at * SAMPLE_RATE - timestamp
        if self._first is None:
            self._first = self._highest = sequence
            self._transit = transit
            return
        step = sequence_step(self._highest & 0xFFFF, sequence)
        if step > 0:
            self._highest += step
        change = abs(transit - self._transit)
        if change < SAMPLE_RATE:  # beyond a second it is a jump of the timestamps
            self._jitter += (change - self._jitter) / 16
        self._transit = transit

    def sender_report(self, info: SenderInfo, at: float) -> None:
        self._sender_report = ntp_middle(info.wall), at

    @property
    def expected(self) -> int:
        return 0 if self._first is None else self._highest - self._first + 1

    @property
    def lost(self) -> int:
        """Packets missing so far; less than 0 where the network duplicated some."""
        return self.expected - self.received

    @property
    def jitter_seconds(self) -> float:
        return self._jitter / SAMPLE_RATE

    def block(self, now: float) -> ReceptionBlock:
        """What to tell the sender; the loss fraction counts from the last call."""
        expected, received = (
            self.expected - self._told[0],
            self.received - self._told[1],
        )
        self._told = self.expected, self.received
        lost = max(0, expected - received)
        last, at = self._sender_report or (0, now)
        return ReceptionBlock(
            ssrc=self.ssrc,
            fraction_lost=lost / expected if expected > 0 else 0.0,
            lost=self.lost,
            highest_sequence=self._highest,
            jitter=int(self._jitter),
            last_report=last,
            delay=now - at,
        )
