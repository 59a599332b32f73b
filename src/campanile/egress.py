"""The one way out to addresses that a user wrote down: tools, webhooks.

A name is resolved once, every answer must be public, and the connection goes to the
address that was judged, with the original Host and TLS name. So neither a second DNS
answer nor a redirect nor an odd spelling reaches what is only ours to reach. Private
targets are normal for self-hosters: the *operator* allows them by
`CAMPANILE_EGRESS_ALLOW`, never a tenant.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

import httpx

from campanile.config import settings
from campanile.errors import Invalid

_Address = IPv4Address | IPv6Address
_Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Host and port → addresses as text; raises OSError."""

_RESOLVE_SECONDS = 3.0
_PORTS = {"https": 443, "http": 80}
_INNER_NAMES = ("localhost", "local", "internal", "localdomain", "home.arpa")
_GLOBAL_UNICAST = ip_network("2000::/3")
_NAT64 = ip_network("64:ff9b::/96")
_SPECIAL = [
    # What `is_global` lets pass on some Python, or what reaches where it should not.
    ip_network("192.0.0.0/24"),  # IETF protocol assignments
    ip_network("192.88.99.0/24"),  # 6to4 relay anycast
    ip_network("2001::/23"),  # IETF protocol assignments, Teredo among them
]


class EgressRefused(Invalid):
    """The address may not be reached from here."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the operator opened besides the public internet."""

    hosts: frozenset[tuple[str, int]] = frozenset()
    networks: tuple[_Network, ...] = ()

    def host(self, url: httpx.URL) -> bool:
        return (url.host.lower(), _port(url)) in self.hosts

    def address(self, address: _Address) -> bool:
        return any(address in network for network in self.networks)


def parse_allowed(text: str) -> Allowed:
    """`10.1.0.0/16, hooks.example:8080` → Allowed; raises Invalid."""
    hosts: set[tuple[str, int]] = set()
    networks: list[_Network] = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        try:
            networks.append(ip_network(entry))
        except ValueError:
            host, _, port = entry.rpartition(":")
            if not (host and port.isdigit()):
                raise Invalid(
                    f"CAMPANILE_EGRESS_ALLOW has an entry that is neither: {entry!r}.",
                    hint="Write host:port, an address or a CIDR, separated by commas.",
                ) from None
            hosts.add((host.strip("[]").lower(), int(port)))
    return Allowed(frozenset(hosts), tuple(networks))


def refusal(url: httpx.URL, allowed: Allowed) -> str:
    """Why this URL is refused before its name is even resolved; empty if it is not."""
    name = url.host.lower().rstrip(".")
    if url.scheme not in _PORTS or not name:
        return "only http and https addresses can be reached"
    if url.userinfo:
        return "an address must not carry a user name or password"
    if allowed.host(url) or allowed.networks:
        return ""  # with networks allowed, the resolved address decides
    if url.scheme != "https" or _port(url) != 443:
        return "only https on port 443 is allowed"
    if any(name == inner or name.endswith(f".{inner}") for inner in _INNER_NAMES):
        return "the name belongs to an internal network"
    return ""


def is_public(address: _Address) -> bool:
    """May a stranger's URL lead here? IPv4 hidden within IPv6 is judged as IPv4."""
    if isinstance(address, IPv4Address):
        odd = address.is_multicast or address.is_reserved
        return address.is_global and not odd and not _is_special(address)
    hidden = address.ipv4_mapped or address.sixtofour
    if address in _NAT64:
        hidden = IPv4Address(int(address) & 0xFFFFFFFF)
    if hidden:
        return is_public(hidden)
    return address in _GLOBAL_UNICAST and address.is_global and not _is_special(address)


def client(*, timeout: float, allowed: Allowed | None = None) -> httpx.AsyncClient:
    """A guarded client: no redirects, no proxy, no kept connections. `timeout` in
    seconds, for each of connect, read and write. Close it."""
    return httpx.AsyncClient(
        transport=GuardedTransport(allowed),
        timeout=timeout,
        follow_redirects=False,
        trust_env=False,
    )


class GuardedTransport(httpx.AsyncBaseTransport):
    """Judges, pins, then connects. Raises EgressRefused, or httpx's own errors."""

    def __init__(
        self,
        allowed: Allowed | None = None,
        *,
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
    ):
        self._allowed = allowed or parse_allowed(settings().egress_allow)
        self._resolve = resolve or _resolve
        # Nothing is kept: a pinned connection is known by its address, and two names
        # at one address must not share one that was verified for the other.
        self._transport = httpx.AsyncHTTPTransport(
            verify=tls or httpx.create_ssl_context(trust_env=False),
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        if reason := refusal(url, self._allowed):
            raise _refused(url, reason)
        failure: httpx.ConnectError | None = None
        for address in await self._judged(url):
            pinned = httpx.Request(
                request.method,
                url.copy_with(host=str(address)),
                headers=request.headers,  # Host among them, from the original URL
                stream=request.stream,
                extensions=request.extensions | {"sni_hostname": _wire_name(url)},
            )
            try:
                return await self._transport.handle_async_request(pinned)
            except httpx.ConnectError as error:
                failure = error
        raise failure or httpx.ConnectError(f"{url.host} has no address")

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def _judged(self, url: httpx.URL) -> list[_Address]:
        try:
            async with asyncio.timeout(_RESOLVE_SECONDS):
                found = await self._resolve(_wire_name(url), _port(url))
        except (OSError, UnicodeError) as error:  # TimeoutError is an OSError
            raise httpx.ConnectError(f"{url.host} cannot be resolved") from error
        addresses = [ip_address(text) for text in dict.fromkeys(found)]
        for address in addresses:
            if not self._may_reach(url, address):
                raise _refused(url, "it leads to an address that is not public")
        return addresses

    def _may_reach(self, url: httpx.URL, address: _Address) -> bool:
        if self._allowed.host(url) or self._allowed.address(address):
            return True
        without_networks = Allowed(self._allowed.hosts)
        return not refusal(url, without_networks) and is_public(address)


async def _resolve(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    )
    return [str(entry[4][0]) for entry in found]


def _is_special(address: _Address) -> bool:
    return any(address in network for network in _SPECIAL)


def _wire_name(url: httpx.URL) -> str:
    return url.raw_host.decode("ascii")


def _port(url: httpx.URL) -> int:
    return url.port or _PORTS.get(url.scheme, 0)


def _refused(url: httpx.URL, reason: str) -> EgressRefused:
    return EgressRefused(
        f"{url.host or 'The address'} cannot be called: {reason}.",
        hint="The operator may allow it: CAMPANILE_EGRESS_ALLOW=host:port or a CIDR.",
    )
