"""The session descriptions (SDP) of a WebRTC leg that carries one G.711 stream.

A parser of our own, because what a gateway forwards from a trunk is wilder than what a
browser writes; it takes what it knows and leaves the rest.
"""

from dataclasses import dataclass, field
from typing import Literal

from campanile.errors import Invalid

Setup = Literal["actpass", "active", "passive"]

PCMU = 0
PCMA = 8
TELEPHONE_EVENT = 101
"""The payload type we offer for DTMF; an offer of the far end may use another."""


class UnusableDescription(Invalid):
    """The far end's SDP lacks something that a leg cannot do without."""


@dataclass(frozen=True, slots=True)
class Description:
    """One audio stream, as offered or answered."""

    ufrag: str
    password: str
    fingerprints: list[tuple[str, str]]
    """Pairs of algorithm (`sha-256`) and value (`AB:CD:…`)."""
    setup: Setup
    candidates: list[str]
    """ICE candidates as they stand behind `a=candidate:`."""
    codecs: list[int]
    """`PCMU` and `PCMA`, the preferred one first."""
    telephone_event: int | None
    """The payload type of RFC 4733 events, if there is one."""
    mid: str = "0"
    ice_lite: bool = False
    ssrc: int | None = None


def render(description: Description, *, host: str, port: int) -> str:
    """The SDP text; `host` and `port` are those of the default candidate."""
    payloads = list(description.codecs)
    names = {PCMU: "PCMU/8000", PCMA: "PCMA/8000"}
    lines = [f"a=rtpmap:{codec} {names[codec]}" for codec in payloads]
    if (event := description.telephone_event) is not None:
        payloads.append(event)
        lines += [f"a=rtpmap:{event} telephone-event/8000", f"a=fmtp:{event} 0-15"]
    family = "IP6" if ":" in host else "IP4"
    lines = [
        "v=0",
        f"o=- {description.ssrc or 1} 1 IN {family} {host}",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {description.mid}",
        f"m=audio {port} UDP/TLS/RTP/SAVPF {' '.join(map(str, payloads))}",
        f"c=IN {family} {host}",
        "a=sendrecv",
        f"a=mid:{description.mid}",
        f"a=rtcp:9 IN {family} {host}",
        "a=rtcp-mux",
        *lines,
        "a=ptime:20",
    ]
    if description.ssrc is not None:
        lines.append(f"a=ssrc:{description.ssrc} cname:campanile")
    lines += [f"a=candidate:{candidate}" for candidate in description.candidates]
    lines += [
        "a=end-of-candidates",
        f"a=ice-ufrag:{description.ufrag}",
        f"a=ice-pwd:{description.password}",
    ]
    lines += [
        f"a=fingerprint:{name} {value}" for name, value in description.fingerprints
    ]
    lines.append(f"a=setup:{description.setup}")
    return "\r\n".join(lines) + "\r\n"


def parse(sdp: str) -> Description:
    """Read an offer or an answer. Raises UnusableDescription."""
    attributes = _attributes(sdp)
    if not attributes.payloads:
        raise UnusableDescription("The SDP holds no audio that is accepted")
    codecs = [payload for payload in attributes.payloads if payload in (PCMU, PCMA)]
    if not codecs:
        raise UnusableDescription(
            "The far end speaks neither PCMU nor PCMA",
            hint="Restrict the trunk to G.711; campanile does not transcode",
        )
    first = attributes.first
    setup = first("setup") or "actpass"
    if not (first("ice-ufrag") and first("ice-pwd") and attributes.all["fingerprint"]):
        raise UnusableDescription("The SDP lacks ICE credentials or a fingerprint")
    if setup not in ("actpass", "active", "passive"):
        raise UnusableDescription(f"The SDP asks for an unknown DTLS role, {setup}")
    return Description(
        ufrag=first("ice-ufrag"),
        password=first("ice-pwd"),
        fingerprints=[
            (algorithm.lower(), value)
            for algorithm, _, value in (
                line.partition(" ") for line in attributes.all["fingerprint"]
            )
        ],
        setup=setup,  # type: ignore[arg-type]  # checked above; mypy does not narrow str
        candidates=list(attributes.all["candidate"]),
        codecs=codecs,
        telephone_event=_telephone_event(attributes),
        mid=first("mid") or "0",
        ice_lite="ice-lite" in attributes.all,
        ssrc=_ssrc(first("ssrc")),
    )


@dataclass(slots=True)
class _Attributes:
    """The session's and the first audio section's `a=` lines, by name."""

    payloads: list[int] = field(default_factory=list)
    all: dict[str, list[str]] = field(
        default_factory=lambda: {"fingerprint": [], "candidate": [], "rtpmap": []}
    )

    def first(self, name: str) -> str:
        # The media section stands behind the session's lines and goes before them.
        values = self.all.get(name)
        return values[-1] if values else ""


def _attributes(sdp: str) -> _Attributes:
    found = _Attributes()
    wanted = True
    for line in sdp.splitlines():
        if line.startswith("m="):
            bits = line[2:].split()
            wanted = bits[:1] == ["audio"] and bits[1:2] != ["0"] and not found.payloads
            if wanted:
                found.payloads = [int(bit) for bit in bits[3:] if bit.isdigit()]
        elif wanted and line.startswith("a="):
            name, _, value = line[2:].partition(":")
            found.all.setdefault(name, []).append(value.strip())
    return found


def _telephone_event(attributes: _Attributes) -> int | None:
    for line in attributes.all["rtpmap"]:
        payload, _, name = line.partition(" ")
        if name.lower().startswith("telephone-event/8000") and payload.isdigit():
            return int(payload)
    return None


def _ssrc(line: str) -> int | None:
    number = line.partition(" ")[0]
    return int(number) if number.isdigit() else None
