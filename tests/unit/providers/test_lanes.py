"""Which connection a request goes over: a kept one, a new one, or a proxy's."""

import pytest

from campanile.providers.lanes import Lanes
from campanile.providers.pool import LIVE
from unit.providers.scripted import Exchange, http_server


async def say_hello(exchange: Exchange):
    await exchange.json({"hello": exchange.count})


async def ask(lanes: Lanes, url: str) -> bytes:
    answer = await lanes.post(url, headers={}, body=b"{}", timeout=LIVE)
    try:
        return await answer.whole()
    finally:
        await answer.aclose()


@pytest.fixture
async def lanes():
    lanes = Lanes(lambda: pytest.fail("no TLS is wanted"))
    yield lanes
    await lanes.aclose()


async def test_one_connection_serves_one_request_after_the_other(lanes):
    async with http_server(say_hello) as server:
        said = [await ask(lanes, server.url) for _ in range(3)]
        assert said == [b'{"hello":1}', b'{"hello":2}', b'{"hello":3}']
        assert server.connections == 1


async def test_an_answer_that_nobody_reads_to_its_end_costs_its_connection(lanes):
    async def begin_to_talk(exchange: Exchange):
        await exchange.begin()
        await exchange.chunk(b"once upon a time")
        await exchange.hang()

    async with http_server(begin_to_talk) as server:
        for _ in range(2):
            answer = await lanes.post(server.url, headers={}, body=b"", timeout=LIVE)
            assert await anext(answer.chunks()) == b"once upon a time"
            await answer.aclose()
        assert server.connections == 2


async def test_a_connection_that_the_far_end_closed_is_not_used_again(lanes):
    async def say_goodbye(exchange: Exchange):
        await say_hello(exchange)
        exchange.cut()

    async with http_server(say_goodbye) as server:
        for _ in range(2):
            assert (await ask(lanes, server.url)).startswith(b'{"hello"')


async def test_the_environments_proxy_is_asked_with_its_password(lanes, monkeypatch):
    async with http_server(say_hello) as proxy:
        address = proxy.url.removeprefix("http://")
        monkeypatch.setenv("http_proxy", f"http://ann:p%40ss@{address}")
        monkeypatch.delenv("no_proxy", raising=False)
        assert await ask(lanes, "http://speech.example:8080/v1?a=b") == b'{"hello":1}'
        head = proxy.requests[0].head
    assert head.startswith("POST http://speech.example:8080/v1?a=b HTTP/1.1\r\n")
    assert "\r\nHost: speech.example:8080\r\n" in head
    assert "\r\nProxy-Authorization: Basic YW5uOnBAc3M=\r\n" in head


async def test_this_machine_is_not_asked_for_through_a_proxy(lanes, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with http_server(say_hello) as server:
        assert await ask(lanes, server.url) == b'{"hello":1}'
