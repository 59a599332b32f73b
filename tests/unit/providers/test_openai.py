"""The chat adapter against a server that behaves well, and badly."""

import asyncio
from contextlib import aclosing

import orjson
import pytest

from campanile.providers.errors import ProviderError
from campanile.providers.openai import OpenAIChat
from campanile.providers.protocols import (
    ChatMessage,
    TextDelta,
    ToolCall,
    ToolSpec,
)
from unit.providers.scripted import Exchange, http_server

ASK = [ChatMessage("system", "You are brief."), ChatMessage("user", "Hello?")]
FIND_SLOT = ToolSpec("find_slot", "Finds a free hour.", {"type": "object"})


def event(delta=None, *, finish=None, **more) -> bytes:
    choices = [{"index": 0, "delta": delta or {}, "finish_reason": finish}]
    return b"data: %s\n\n" % orjson.dumps({"choices": choices} | more)


def call_delta(index, *, call_id=None, name=None, arguments=""):
    function = {"arguments": arguments} | ({"name": name} if name else {})
    part = {"index": index, "function": function} | ({"id": call_id} if call_id else {})
    return {"tool_calls": [part]}


def chat(pool, url, **options) -> OpenAIChat:
    return OpenAIChat(pool, url=url, api_key="k", model="gpt-4o-mini", **options)


async def everything(model, messages=ASK, tools=()):
    return [part async for part in model.reply(messages, tools)]


async def test_text_arrives_as_it_is_written(pool):
    go_on = asyncio.Event()

    async def script(exchange: Exchange):
        await exchange.begin()
        await exchange.chunk(event({"role": "assistant", "content": ""}))
        await exchange.chunk(event({"content": "Good "}))
        await go_on.wait()
        await exchange.chunk(event({"content": "day."}) + event(finish="stop"))
        await exchange.chunk(b"data: [DONE]\n\n")
        await exchange.end()

    async with http_server(script) as server:
        async with aclosing(chat(pool, server.url).reply(ASK, ())) as reply:
            assert await anext(reply) == TextDelta("Good ")
            go_on.set()
            assert [part async for part in reply] == [TextDelta("day.")]
        request = server.requests[0]
        assert request.head.startswith("POST /chat/completions")
        assert "authorization: bearer k" in request.head.lower()
        assert request.json["messages"][1] == {"role": "user", "content": "Hello?"}
        assert request.json["temperature"] == 0.7
        assert "tools" not in request.json


async def test_events_torn_anywhere_are_put_together_again(pool):
    whole = (
        event({"content": "één "})
        + b": a comment\n\n"
        + event({"content": "twee"}).replace(b"\n", b"\r\n")
        + event(finish="stop")
        + b'data: {"choices":[],"usage":{"total_tokens":9}}\n\n'
        + b"data: [DONE]\n\n"
    )

    async def script(exchange: Exchange):
        await exchange.begin()
        for at in range(len(whole)):
            await exchange.chunk(whole[at : at + 1])
        await exchange.end()

    async with http_server(script) as server:
        parts = await everything(chat(pool, server.url))
    assert parts == [TextDelta("één "), TextDelta("twee")]


async def test_tool_calls_are_assembled_and_come_after_the_text(pool):
    async def script(exchange: Exchange):
        await exchange.begin()
        await exchange.chunk(
            event(call_delta(1, call_id="b", name="end_call"))
            + event(call_delta(0, call_id="a", name="find_slot"))
            + event(call_delta(0, arguments='{"day": "mon'))
            + event({"content": "One moment."})
            + event(call_delta(0, arguments='day"}'))
            + event(finish="tool_calls")
        )
        await exchange.end()

    async with http_server(script) as server:
        parts = await everything(chat(pool, server.url), tools=[FIND_SLOT])
        assert server.requests[0].json["tools"][0]["function"]["name"] == "find_slot"
    assert parts == [
        TextDelta("One moment."),
        ToolCall("a", "find_slot", {"day": "monday"}),
        ToolCall("b", "end_call", {}),
    ]


async def test_a_tools_answer_goes_back_with_the_call_it_belongs_to(pool):
    call = ToolCall("a", "find_slot", {"day": "monday"})
    messages = [
        ChatMessage("assistant", "", tool_calls=(call,)),
        ChatMessage("tool", "10:00", tool_call_id="a"),
    ]

    async def script(exchange: Exchange):
        await exchange.begin()
        await exchange.chunk(event({"content": "Ten."}) + event(finish="stop"))
        await exchange.end()

    async with http_server(script) as server:
        await everything(chat(pool, server.url), messages)
        asked, answered = server.requests[0].json["messages"]
    assert asked["content"] is None
    assert asked["tool_calls"][0]["function"] == {
        "name": "find_slot",
        "arguments": '{"day":"monday"}',
    }
    assert answered == {"role": "tool", "content": "10:00", "tool_call_id": "a"}


async def test_reasoning_models_are_not_told_a_temperature(pool):
    async def script(exchange: Exchange):
        await exchange.json({"choices": [{"message": {"content": "Yes."}}]})

    async with http_server(script) as server:
        model = OpenAIChat(pool, url=server.url, api_key="", model="gpt-5-mini")
        assert await model.write(ASK) == "Yes."
        assert "temperature" not in server.requests[0].json
        assert "authorization" not in server.requests[0].head.lower()


async def test_fill_sends_the_schema_and_reads_the_object(pool):
    schema = {"type": "object", "properties": {"confirmed": {"type": "boolean"}}}

    async def script(exchange: Exchange):
        content = '{"confirmed": true}'
        await exchange.json({"choices": [{"message": {"content": content}}]})

    async with http_server(script) as server:
        assert await chat(pool, server.url).fill(ASK, schema) == {"confirmed": True}
        wanted = server.requests[0].json["response_format"]["json_schema"]
    assert wanted["schema"] == schema


@pytest.mark.parametrize("content", ["I am not sure", "[1]", "", None])
async def test_fill_calls_anything_but_an_object_malformed(pool, content):
    async def script(exchange: Exchange):
        await exchange.json({"choices": [{"message": {"content": content}}]})

    async with http_server(script) as server:
        with pytest.raises(ProviderError) as failure:
            await chat(pool, server.url).fill(ASK, {})
    assert failure.value.cause == "malformed"


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(400, False), (401, False), (404, False), (429, True), (500, True), (503, True)],
)
async def test_a_status_says_whether_to_try_again(pool, status, retryable):
    async def script(exchange: Exchange):
        await exchange.status(status, b'{"error": {"message": "No such luck."}}')

    async with http_server(script) as server:
        with pytest.raises(ProviderError) as failure:
            await everything(chat(pool, server.url))
    assert failure.value.cause == f"http_{status}"
    assert failure.value.retryable is retryable
    assert "No such luck." in failure.value.message


async def hang_before_the_answer(exchange: Exchange):
    await exchange.hang()


async def hang_within_the_answer(exchange: Exchange):
    await exchange.begin()
    await exchange.chunk(event({"content": "Good "}))
    await exchange.hang()


async def cut_within_the_answer(exchange: Exchange):
    await exchange.begin()
    await exchange.chunk(event({"content": "Good "}))
    exchange.cut()


async def end_without_a_finish(exchange: Exchange):
    await exchange.begin()
    await exchange.chunk(event({"content": "Good "}))
    await exchange.end()


async def fail_within_the_answer(exchange: Exchange):
    await exchange.begin()
    await exchange.chunk(b'data: {"error": {"message": "overloaded"}}\n\n')
    await exchange.end()


async def answer_nonsense(exchange: Exchange):
    await exchange.begin()
    await exchange.chunk(b"data: <html>\n\n")
    await exchange.end()


async def answer_another_shape(exchange: Exchange):
    await exchange.begin()
    await exchange.chunk(b'data: {"output": []}\n\n')
    await exchange.end()


async def tear_a_tool_call(exchange: Exchange):
    await exchange.begin()
    await exchange.chunk(
        event(call_delta(0, call_id="a", name="find_slot", arguments='{"day'))
        + event(finish="tool_calls")
    )
    await exchange.end()


@pytest.mark.parametrize(
    ("script", "cause"),
    [
        (hang_before_the_answer, "timeout"),
        (hang_within_the_answer, "timeout"),
        (cut_within_the_answer, "connection"),
        (end_without_a_finish, "cut_short"),
        (fail_within_the_answer, "stream_error"),
        (answer_nonsense, "malformed"),
        (answer_another_shape, "malformed"),
        (tear_a_tool_call, "malformed"),
    ],
)
async def test_every_broken_answer_is_one_retryable_error(hasty_pool, script, cause):
    async with http_server(script) as server:
        with pytest.raises(ProviderError) as failure:
            await everything(chat(hasty_pool, server.url))
    assert (failure.value.cause, failure.value.retryable) == (cause, True)


async def test_nobody_at_the_address_is_retryable(pool):
    with pytest.raises(ProviderError) as failure:
        await everything(chat(pool, "http://127.0.0.1:1"))
    assert (failure.value.cause, failure.value.retryable) == ("connection", True)


async def test_stopping_mid_sentence_ends_the_request(pool):
    gone = asyncio.Event()

    async def script(exchange: Exchange):
        await exchange.begin()
        try:
            while True:
                await exchange.chunk(event({"content": "and on "}))
                await asyncio.sleep(0.01)
        except ConnectionError:
            gone.set()
            raise

    async with http_server(script) as server:
        async with aclosing(chat(pool, server.url).reply(ASK, ())) as reply:
            await anext(reply)
        async with asyncio.timeout(2):
            await gone.wait()


async def test_a_kept_connection_that_was_closed_is_replaced(pool):
    """Some servers drop a kept connection in the moment the next request is sent."""

    async def script(exchange: Exchange):
        if exchange.count == 2:
            exchange.cut()
            return
        await exchange.json({"choices": [{"message": {"content": "Yes."}}]})

    async with http_server(script) as server:
        model = chat(pool, server.url)
        assert await model.write(ASK) == "Yes."
        assert await model.write(ASK) == "Yes."
        assert len(server.requests) == 3


async def test_a_hundred_replies_at_once_share_the_pool(pool):
    async def script(exchange: Exchange):
        await exchange.begin()
        for _ in range(5):
            await exchange.chunk(event({"content": "la "}))
            await asyncio.sleep(0.005)
        await exchange.chunk(event(finish="stop"))
        await exchange.end()

    async with http_server(script) as server:
        model = chat(pool, server.url)
        for _ in range(2):
            replies = await asyncio.gather(*(everything(model) for _ in range(100)))
            assert all(len(reply) == 5 for reply in replies)
        assert len(server.requests) == 200
        assert server.connections == 100
