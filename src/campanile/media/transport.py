"""One leg's ICE, DTLS and SRTP, by aiortc and aioice, without their RTP path.

The only file that uses names which those packages do not promise to keep; each stands
in `check_private_names`, which start-up calls (DESIGN D8).
"""

import inspect
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache

from aioice import Candidate
from aioice import ice as aioice_ice
from aioice.candidate import candidate_foundation, candidate_priority
from aiortc import (
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    RTCIceGatherer,
    RTCIceParameters,
    RTCIceTransport,
)
from aiortc.sdp import candidate_from_sdp, candidate_to_sdp
from pylibsrtp import Session
from pylibsrtp._binding import ffi, lib  # type: ignore[import-not-found]  # compiled

from campanile.errors import CampanileError, Unavailable
from campanile.media.datagrams import Arrivals, Datagrams, bind
from campanile.media.sdp import Description

_MOST_ARRIVED = 100  # packets kept for the next tick: two seconds of sound
_LONGEST_SRTP = 1400
_SRTP_ROOM = 1500  # with what libsrtp adds: 144 bytes, and 4 more to RTCP, at most

PacketSink = Callable[[bytes, float], None]
"""Called with a packet and the `time.monotonic()` of its arrival."""


class MediaFailed(Unavailable):
    """The leg's audio could not be connected, or was lost."""


def check_private_names() -> None:
    """Raise CampanileError if packages are installed that this file does not fit."""
    missing = [
        f"{owner.__name__}.{name}"
        for owner, name in (
            (aioice_ice.Connection, "get_component_candidates"),
            (aioice_ice.Connection, "data_received"),
            (aioice_ice.StunProtocol, "datagram_received"),
            (RTCDtlsTransport, "_set_role"),
        )
        if not callable(getattr(owner, name, None))
    ]
    for owner, name in (
        (aioice_ice.Connection, "_protocols"),
        (aioice_ice.Connection, "_nominated"),
        (RTCIceGatherer, "_connection"),
        (RTCIceTransport, "_connection"),
        (RTCDtlsTransport, "_rx_srtp"),
        (RTCDtlsTransport, "_tx_srtp"),
        (Session, "_srtp"),
    ):
        if f"self.{name}" not in inspect.getsource(owner):
            missing.append(f"{owner.__name__}.{name}")
    missing += [
        f"pylibsrtp.{name}"
        for name in ("protect", "protect_rtcp", "unprotect", "unprotect_rtcp")
        if not hasattr(lib, f"srtp_{name}")
    ]
    if missing:
        raise CampanileError(
            f"The installed aiortc, aioice or pylibsrtp lacks {', '.join(missing)}",
            hint="Install the versions of requirements.lock",
        )


class _Connection(aioice_ice.Connection):
    """ICE on the addresses we say, on sockets of ours, for host candidates.

    aioice leaves 127.0.0.1 out, which the rehearsal and the tests live on.
    """

    def __init__(self, address: str, *, controlling: bool, arrived: Arrivals):
        super().__init__(ice_controlling=controlling)
        self._address = address
        self._arrived = arrived

    async def get_component_candidates(
        self, component: int, addresses: list[str], timeout: int = 5
    ) -> list[Candidate]:
        candidates = []
        for address in [self._address] if self._address else addresses:
            try:
                sock = bind(address)
            except OSError as error:
                if self._address:
                    raise MediaFailed(
                        f"No media can be received at {address}: {error.strerror}",
                        hint="Look at CAMPANILE_MEDIA_ADDRESS",
                    ) from error
                continue  # an interface that is down, a link-local address, …
            protocol = aioice_ice.StunProtocol(self)
            Datagrams(sock, protocol, self._arrived)
            host, port = sock.getsockname()[:2]
            protocol.local_candidate = Candidate(
                foundation=candidate_foundation("host", "udp", host),
                component=component,
                transport="udp",
                priority=candidate_priority(component, "host"),
                host=host,
                port=port,
                type="host",
            )
            self._protocols.append(protocol)
            candidates.append(protocol.local_candidate)
        return candidates

    def selected(self) -> tuple[Datagrams, tuple[str, int]]:
        """The socket and the far address of the nominated pair."""
        pair = self._nominated[1]
        transport = pair.protocol.transport
        assert isinstance(transport, Datagrams)
        return transport, pair.remote_addr


@cache
def _certificates() -> list[RTCCertificate]:
    return [RTCCertificate.generateCertificate()]


def _certificate() -> RTCCertificate:
    """This process's self-signed certificate; a new one before it expires."""
    certificates = _certificates()
    if certificates[-1].expires - datetime.now(UTC) < timedelta(days=1):
        certificates.append(RTCCertificate.generateCertificate())
    return certificates[-1]


class _Cipher:
    """libsrtp on one direction's keys, without the binding's allocations per packet."""

    def __init__(self, session: Session):
        self._session = session  # owns the keys below
        self._srtp = session._srtp[0]
        self._packet = ffi.new("char[]", _SRTP_ROOM)
        self._bytes = ffi.buffer(self._packet)
        self._size = ffi.new("int *")

    def protect(self, packet: bytes) -> bytes | None:
        return self._process(lib.srtp_protect, packet)

    def protect_rtcp(self, packet: bytes) -> bytes | None:
        return self._process(lib.srtp_protect_rtcp, packet)

    def unprotect(self, packet: bytes) -> bytes | None:
        return self._process(lib.srtp_unprotect, packet)

    def unprotect_rtcp(self, packet: bytes) -> bytes | None:
        return self._process(lib.srtp_unprotect_rtcp, packet)

    def _process(self, work: Callable[..., int], packet: bytes) -> bytes | None:
        """What `work` made of at most 1400 bytes; None if it refused them."""
        size = self._size
        size[0] = length = len(packet)
        self._bytes[:length] = packet
        if work(self._srtp, self._packet, size):
            return None
        whole: bytes = self._bytes[: size[0]]
        return whole


class SecureTransport:
    """Datagrams of RTP and RTCP to and from one far end, encrypted on the way."""

    def __init__(
        self,
        address: str,
        *,
        offering: bool,
        on_rtp: PacketSink,
        on_rtcp: PacketSink,
        on_lost: Callable[[], None],
    ):
        """`on_rtp` and `on_rtcp` get each packet decrypted, from within `deliver`."""
        self._on_rtp = on_rtp
        self._on_rtcp = on_rtcp
        self._on_lost = on_lost
        self._arrived: Arrivals = deque(maxlen=_MOST_ARRIVED)
        self._connection = _Connection(
            address, controlling=offering, arrived=self._arrived
        )
        gatherer = RTCIceGatherer(iceServers=[])
        gatherer._connection = self._connection
        self._ice = RTCIceTransport(gatherer)
        certificate = _certificate()
        self._dtls = RTCDtlsTransport(self._ice, [certificate])
        self._fingerprints = certificate.getFingerprints()
        self._rx: _Cipher | None = None
        self._tx: _Cipher | None = None
        self._datagrams: Datagrams | None = None
        self._remote: tuple[str, int] = ("", 0)
        self._closed = False
        self._leaving: list[bytes] = []
        self.undecryptable = 0
        """Packets that were forged, replayed or duplicated."""

    async def gather(self) -> list[str]:
        """Open the sockets; the candidates as SDP writes them. Raises MediaFailed."""
        await self._ice.iceGatherer.gather()
        candidates = self._ice.iceGatherer.getLocalCandidates()
        if not candidates:
            raise MediaFailed(
                "This machine has no address where media could be received",
                hint="Set CAMPANILE_MEDIA_ADDRESS, e.g. to 127.0.0.1",
            )
        return [candidate_to_sdp(candidate) for candidate in candidates]

    @property
    def credentials(self) -> tuple[str, str]:
        """The ICE user fragment and password."""
        return self._connection.local_username, self._connection.local_password

    @property
    def fingerprint(self) -> tuple[str, str]:
        # One suffices, and some gateways warn about more (reference/media.md 1).
        best = self._fingerprints[0]
        return best.algorithm, best.value

    async def connect(self, remote: Description, *, dtls_client: bool) -> None:
        """Check connectivity and shake hands. Raises MediaFailed."""
        for line in remote.candidates:
            await self._add_candidate(line)
        await self._ice.addRemoteCandidate(None)
        await self._ice.start(
            RTCIceParameters(
                usernameFragment=remote.ufrag,
                password=remote.password,
                iceLite=remote.ice_lite,
            )
        )
        if self._ice.state != "completed":
            raise MediaFailed("The far end's media address did not answer (ICE)")
        self._dtls._set_role("client" if dtls_client else "server")
        await self._dtls.start(
            RTCDtlsParameters(
                [RTCDtlsFingerprint(name, value) for name, value in remote.fingerprints]
            )
        )
        if self._dtls.state != "connected":
            raise MediaFailed("The far end's media could not be encrypted (DTLS)")
        self._rx = _Cipher(self._dtls._rx_srtp)
        self._tx = _Cipher(self._dtls._tx_srtp)
        self._datagrams, self._remote = self._connection.selected()
        self._datagrams.unwatch()
        self._arrived.clear()  # what overtook the handshake is old by now
        self._dtls.on("statechange", self._dtls_changed)

    async def _add_candidate(self, line: str) -> None:
        try:
            candidate = candidate_from_sdp(line)
        except (AssertionError, ValueError, IndexError) as error:
            raise MediaFailed(f"An ICE candidate cannot be read: {line}") from error
        if candidate.component == 1 and candidate.protocol.lower() == "udp":
            await self._ice.addRemoteCandidate(candidate)

    def _dtls_changed(self) -> None:
        if self._dtls.state in ("closed", "failed") and not self._closed:
            self._on_lost()

    def read(self) -> None:
        """Take what the socket has; `deliver` hands it on."""
        if self._datagrams is not None:
            self._datagrams.poll()

    def deliver(self) -> None:
        """Decrypt what was read and give it to `on_rtp` and `on_rtcp`."""
        arrived, rx = self._arrived, self._rx
        while arrived and rx is not None:
            data, at = arrived.popleft()
            if not 12 <= len(data) <= _LONGEST_SRTP:
                continue
            rtcp = 192 <= data[1] < 224  # RFC 5761: on the same port
            packet = rx.unprotect_rtcp(data) if rtcp else rx.unprotect(data)
            if packet is None:  # forged, or duplicated by the network
                self.undecryptable += 1
            elif rtcp:
                self._on_rtcp(packet, at)
            else:
                self._on_rtp(packet, at)

    def queue_rtp(self, packet: bytes) -> None:
        """Encrypt a packet; `write` sends it."""
        if self._tx and (encrypted := self._tx.protect(packet)):
            self._leaving.append(encrypted)

    def queue_rtcp(self, packet: bytes) -> None:
        if self._tx and (encrypted := self._tx.protect_rtcp(packet)):
            self._leaving.append(encrypted)

    def write(self) -> None:
        """Send what was queued."""
        if self._datagrams is not None:
            for data in self._leaving:
                self._datagrams.sendto(data, self._remote)
        self._leaving.clear()

    async def close(self) -> None:
        """Tell the far end and give back every socket and task. May be called twice."""
        if self._closed:
            return
        self._closed = True
        await self._dtls.stop()
        await self._ice.stop()
        self._dtls.remove_all_listeners()
        self._rx = self._tx = self._datagrams = None
