"""The guard on outgoing addresses: canaries that must never be reached."""

import asyncio
import ssl
from contextlib import asynccontextmanager
from ipaddress import ip_address

import httpx
import pytest

from campanile.egress import (
    Allowed,
    EgressRefused,
    GuardedTransport,
    is_public,
    parse_allowed,
)
from campanile.errors import Invalid
from support.tls import self_signed

NOBODY = Allowed()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "203.0.113.7",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::",
        "2001:0:53aa:64c:0:7fff:80ff:fffe",
        "2001:db8::1",
        "100::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%1",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "4000::1",
    ],
)
def test_what_is_not_public(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "8.8.8.8",
        "2606:4700::1111",
        "2001:4860::8888",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "2002:808:808::1",
    ],
)
def test_what_is_public(address):
    assert is_public(ip_address(address))


@asynccontextmanager
async def canary(*, tls: ssl.SSLContext | None = None):
    """A listener on loopback that remembers who came; answers any request."""
    heads: list[str] = []

    async def handle(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        heads.append(head.decode())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1], heads


def answering(*addresses):
    """A resolver that gives these addresses for every name."""

    async def resolve(host, port):
        return list(addresses)

    return resolve


def guarded(allowed=NOBODY, **options) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=GuardedTransport(allowed, **options))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "LOCALHOST.",
        "sub.localhost",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "①②⑦.0.0.1",
        "metadata.google.internal",
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_no_spelling_of_our_own_machine_is_reached(scheme, host):
    async with canary() as (port, heads), guarded() as http:
        for url in (f"{scheme}://{host}:{port}/", f"{scheme}://{host}/"):
            with pytest.raises((EgressRefused, httpx.ConnectError, httpx.InvalidURL)):
                await http.get(url)
        assert heads == []


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://hooks.example/", "only https"),
        ("https://hooks.example:8443/", "only https on port 443"),
        ("https://me:secret@hooks.example/", "user name or password"),
        ("ftp://hooks.example/", "only http and https"),
        ("https://printer.local/", "internal network"),
    ],
)
async def test_some_urls_are_refused_before_their_name_is_resolved(url, reason):
    async def resolve(host, port):
        raise AssertionError("resolved")

    async with guarded(resolve=resolve) as http:
        with pytest.raises(EgressRefused, match=reason):
            await http.get(url)


async def test_one_private_address_among_public_ones_refuses_them_all():
    async with guarded(resolve=answering("8.8.8.8", "10.0.0.1")) as http:
        with pytest.raises(EgressRefused, match="not public"):
            await http.get("https://hooks.example/")


async def test_a_name_is_resolved_once_and_the_judged_address_is_used():
    """Rebinding: a second answer would be another address; there is no second look."""
    answers = [["127.0.0.1"], ["127.0.0.2"]]

    async def resolve(host, port):
        return answers.pop(0)

    async with canary() as (port, heads):
        allowed = parse_allowed(f"hooks.example:{port}")
        async with guarded(allowed, resolve=resolve) as http:
            response = await http.get(f"http://hooks.example:{port}/there?x=1")
    assert response.text == "hi"
    assert heads[0].startswith("GET /there?x=1 ")
    assert f"host: hooks.example:{port}" in heads[0].lower()
    assert answers == [["127.0.0.2"]]


async def test_the_next_address_is_tried_where_one_does_not_answer():
    async with canary() as (port, heads):
        allowed = parse_allowed("127.0.0.0/8")
        resolve = answering("127.0.0.9", "127.0.0.1")
        async with guarded(allowed, resolve=resolve) as http:
            await http.get(f"http://hooks.example:{port}/")
    assert len(heads) == 1


async def test_an_allowed_network_opens_no_other():
    async with guarded(parse_allowed("10.0.0.0/8"), resolve=answering("10.1.1.1")):
        pass
    for address in ("192.168.1.1", "8.8.8.8"):
        allowed, resolve = parse_allowed("10.0.0.0/8"), answering(address)
        async with guarded(allowed, resolve=resolve) as http:
            with pytest.raises(EgressRefused):
                await http.get("http://hooks.example:8080/")


async def test_an_allowed_host_opens_one_port_of_one_name():
    async with canary() as (port, heads):
        async with guarded(parse_allowed(f"localhost:{port}")) as http:
            assert (await http.get(f"http://localhost:{port}/")).text == "hi"
            with pytest.raises(EgressRefused):
                await http.get(f"http://localhost:{port + 1}/")
            with pytest.raises(EgressRefused):
                await http.get(f"http://127.0.0.1:{port}/")
        assert len(heads) == 1


@pytest.mark.parametrize("text", ["hooks.example", ":80", "10.0.0.0/99"])
def test_a_wrong_allowance_is_refused_with_a_hint(text):
    with pytest.raises(Invalid, match="CAMPANILE_EGRESS_ALLOW"):
        parse_allowed(text)


async def test_tls_is_verified_for_the_name_though_the_address_is_pinned(tmp_path):
    server, certificate = self_signed("hooks.example", tmp_path)
    trusting = ssl.create_default_context(cafile=certificate)
    async with canary(tls=server) as (port, heads):
        allowed = parse_allowed("127.0.0.0/8")
        options = {"resolve": answering("127.0.0.1"), "tls": trusting}
        async with guarded(allowed, **options) as http:
            assert (await http.get(f"https://hooks.example:{port}/")).text == "hi"
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await http.get(f"https://other.example:{port}/")
        assert len(heads) == 1


async def test_no_proxy_of_the_environment_sees_the_request(monkeypatch):
    async with canary() as (proxy_port, heads):
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy_port}")
        allowed = parse_allowed("127.0.0.0/8")
        async with guarded(allowed, resolve=answering("127.0.0.1")) as http:
            with pytest.raises(httpx.ConnectError):
                await http.get("http://hooks.example:1/")
        assert heads == []
