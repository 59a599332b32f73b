"""The UDP socket of a leg.

Until DTLS is done, it is read by the event loop like any other. From then on it is read
when `poll` is called, on the leg's tick: a frame is played on a tick anyhow, and a
hundred legs cost the loop no wake-up per packet.
"""

import asyncio
import socket
import struct
import sys
import time
from collections import deque
from typing import Any, Protocol

from campanile.audio.frames import FRAME_SECONDS

_LONGEST_DATAGRAM = 2048
_DATAGRAMS_PER_POLL = 64  # more than a second of audio; a flood must not hold the loop
_RECEIVE_BUFFER = 256 * 1024
_FRESH_SECONDS = FRAME_SECONDS
"""A packet as young as this is taken for the last one, which saves asking for another.

Were there one, it is younger still: the next poll comes in time for it, finds this
one's successor old and reads on. So nothing waits for longer than a frame.
"""
_SO_TIMESTAMPNS = 35  # Linux; the socket module does not name it
_TIMESPEC = struct.Struct("@ll")
_ANCILLARY = socket.CMSG_SPACE(_TIMESPEC.size)

Arrivals = deque[tuple[bytes, float]]
"""SRTP and SRTCP datagrams, each with the `time.monotonic()` of its arrival."""


class DatagramProtocol(Protocol):
    """What is done with STUN and DTLS: aioice's StunProtocol."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None: ...
    def connection_lost(self, exc: Exception | None) -> None: ...
    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None: ...


class Datagrams(asyncio.DatagramTransport):
    """A UDP socket that the event loop watches, or that its owner polls.

    It stands in for the loop's own transport, which can do only the first.
    """

    def __init__(
        self,
        sock: socket.socket,
        protocol: DatagramProtocol,
        arrived: Arrivals,
    ):
        super().__init__({"sockname": sock.getsockname()})
        self._sock = sock
        self._protocol = protocol
        self._arrived = arrived
        self._loop = asyncio.get_running_loop()
        self._watched = True
        self._closed = False
        self._loop.add_reader(sock.fileno(), self.poll)
        protocol.connection_made(self)

    def unwatch(self) -> None:
        """From now on somebody calls `poll` in time."""
        if self._watched:
            self._watched = False
            self._loop.remove_reader(self._sock.fileno())

    def poll(self) -> None:
        """Take what has arrived: SRTP is kept, STUN and DTLS handed on to aioice."""
        receive = self._sock.recvmsg
        now = time.monotonic()
        since_wall = now - time.time()
        for _ in range(_DATAGRAMS_PER_POLL):
            if self._closed:
                return
            try:
                data, stamps, _, address = receive(_LONGEST_DATAGRAM, _ANCILLARY)
            except BlockingIOError:
                return
            except OSError:  # an ICMP error of an earlier send; the socket lives on
                continue
            if data and 128 <= data[0] < 192:  # RFC 7983
                at = _arrival(stamps, since_wall)
                self._arrived.append((data, at or now))
                if at and now - at < _FRESH_SECONDS and not self._watched:
                    return
            elif data:
                self._protocol.datagram_received(data, address)

    def sendto(self, data: Any, addr: Any = None) -> None:
        try:  # noqa: SIM105 - suppress() costs as much as packing the packet
            self._sock.sendto(data, addr)
        except OSError:
            pass  # full buffer, no route, ICMP: to UDP all of them are a lost packet

    def close(self) -> None:
        if self._closed:
            return
        self.unwatch()
        self._closed = True
        self._sock.close()
        self._loop.call_soon(self._protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()

    def is_closing(self) -> bool:
        return self._closed


def bind(address: str) -> socket.socket:
    """A socket at `address`, on a free port. Raises OSError."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        if sys.platform == "linux":
            # A poll sees a packet up to 20 ms late; reports want to know better.
            sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        sock.bind((address, 0))
    except OSError:
        sock.close()
        raise
    return sock


def _arrival(stamps: list[tuple[int, int, bytes]], since_wall: float) -> float:
    """When the kernel received a datagram, on the monotonic clock; 0 if it kept no time."""
    for _, kind, value in stamps:
        if kind == _SO_TIMESTAMPNS:
            seconds, nanoseconds = _TIMESPEC.unpack(value)
            return float(seconds + nanoseconds / 1e9 + since_wall)
    return 0.0
