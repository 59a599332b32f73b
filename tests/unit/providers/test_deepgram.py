"""Live transcription against a server that behaves well, and badly."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import numpy as np
import orjson
import pytest
from websockets.asyncio.server import ServerConnection

from campanile.audio.g711 import encode_ulaw
from campanile.providers.deepgram import DeepgramSpeechToText, Patience
from campanile.providers.errors import ProviderError
from campanile.providers.protocols import Transcript
from unit.providers.scripted import websocket_server

FRAME = np.full(160, 1000, dtype=np.int16)
HASTY = Patience(open=0.3, close=0.2, quiet=0.1, ping=0.1, stall=0.2)


def results(text, *, final=False, **more) -> str:
    channel = {"alternatives": [{"transcript": text, "confidence": 0.9}]}
    event = {"type": "Results", "channel": channel, "is_final": final}
    return orjson.dumps(event | more).decode()


def deepgram(pool, url, **options) -> DeepgramSpeechToText:
    return DeepgramSpeechToText(
        pool, url=url, api_key="k", model="nova-3", patience=HASTY, **options
    )


def english(pool, url, keyterms=()):
    return deepgram(pool, url).stream(language="en", keyterms=keyterms)


async def everything(stream):
    return [transcript async for transcript in stream]


async def test_a_stream_asks_for_what_it_needs_and_hears_what_is_said(pool):
    asked = []

    async def script(socket: ServerConnection):
        asked.append(socket.request)
        await socket.send('{"type": "SpeechStarted", "timestamp": 0.1}')
        await socket.send(results("yes"))
        await socket.send(results("Yes, I can.", final=True, start=0.4, duration=1.1))
        await socket.send(results("", final=True))
        await socket.send(results("", final=True, speech_final=True))
        await socket.wait_closed()

    async with (
        websocket_server(script) as url,
        english(pool, url, ["Riverside", "Dr Bos"]) as stream,
    ):
        heard = [await anext(aiter(stream)) for _ in range(3)]
    assert heard == [
        Transcript("yes", is_final=False),
        Transcript("Yes, I can.", is_final=True, start=0.4, duration=1.1),
        Transcript("", is_final=True, speech_final=True),
    ]
    query = parse_qs(urlsplit(asked[0].path).query)
    assert urlsplit(asked[0].path).path == "/v1/listen"
    assert query["encoding"] == ["mulaw"]
    assert query["sample_rate"] == ["8000"]
    assert query["interim_results"] == ["true"]
    assert query["endpointing"] == ["300"]
    assert query["keyterm"] == ["Riverside", "Dr Bos"]
    assert asked[0].headers["Authorization"] == "Token k"


async def test_an_older_model_gets_its_own_kind_of_key_terms(pool):
    asked = []

    async def script(socket: ServerConnection):
        asked.append(socket.request.path)
        await socket.wait_closed()

    async with websocket_server(script) as url:
        stt = DeepgramSpeechToText(pool, url=url, api_key="", model="nova-2-phonecall")
        async with stt.stream(language="nl", keyterms=["Bos"]):
            pass
    assert "keywords=Bos" in asked[0]
    assert "keyterm" not in asked[0]


async def test_audio_goes_in_chunks_of_80_ms_and_finalize_sends_what_is_left(pool):
    received = []
    done = asyncio.Event()

    async def script(socket: ServerConnection):
        async for message in socket:
            received.append(message)
            if isinstance(message, str):
                await socket.send(results("Yes.", from_finalize=True, final=True))
                done.set()

    async with websocket_server(script) as url, english(pool, url) as stream:
        for _ in range(9):
            stream.send(FRAME)
            await asyncio.sleep(0.005)
        await stream.finalize()
        await done.wait()
        answer = await anext(aiter(stream))
    assert answer.speech_final
    assert [len(part) for part in received[:3]] == [640, 640, 160]
    assert received[0] == encode_ulaw(FRAME) * 4
    assert received[3] == '{"type":"Finalize"}'


async def test_a_quiet_stream_is_kept_alive_and_closed_politely(pool):
    received = asyncio.Queue()

    async def script(socket: ServerConnection):
        async for message in socket:
            received.put_nowait(message)

    async with websocket_server(script) as url:
        async with english(pool, url):
            async with asyncio.timeout(2):
                assert await received.get() == '{"type":"KeepAlive"}'
                assert await received.get() == '{"type":"KeepAlive"}'
        while (last := await received.get()) == '{"type":"KeepAlive"}':
            pass
    assert last == '{"type":"CloseStream"}'


async def test_keep_alive_is_for_when_no_audio_goes(pool):
    received = []
    kept = asyncio.Event()

    async def script(socket: ServerConnection):
        async for message in socket:
            received.append(message)
            if message == '{"type":"KeepAlive"}':
                kept.set()

    async with websocket_server(script) as url, english(pool, url) as stream:
        async with asyncio.timeout(5):
            for _ in range(40):
                stream.send(FRAME)
                await asyncio.sleep(0.01)
            spoken = [message for message in received if isinstance(message, str)]
            await kept.wait()
    assert spoken == []


async def test_closing_ends_whoever_is_still_listening(pool):
    async def script(socket: ServerConnection):
        await socket.wait_closed()

    async with websocket_server(script) as url:
        async with english(pool, url) as stream:
            listener = asyncio.create_task(everything(stream))
            await asyncio.sleep(0)
        assert await listener == []
        await stream.close()
        stream.send(FRAME)


@pytest.mark.parametrize(
    ("status", "retryable"), [(401, False), (429, True), (500, True)]
)
async def test_a_refused_stream_says_whether_to_try_again(pool, status, retryable):
    async def refuse(socket: ServerConnection, request):
        return socket.respond(status, "no")

    async def script(socket: ServerConnection): ...

    async with websocket_server(script, process_request=refuse) as url:
        with pytest.raises(ProviderError) as failure:
            async with english(pool, url):
                pass
    assert (failure.value.cause, failure.value.retryable) == (
        f"http_{status}",
        retryable,
    )


async def test_a_handshake_that_hangs_is_a_timeout(pool):
    async def accept_and_wait(reader, writer):
        await reader.read()
        writer.close()

    server = await asyncio.start_server(accept_and_wait, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ProviderError) as failure:
            async with english(pool, f"ws://127.0.0.1:{port}"):
                pass
    assert (failure.value.cause, failure.value.retryable) == ("timeout", True)


async def test_nobody_at_the_address_is_retryable(pool):
    with pytest.raises(ProviderError) as failure:
        async with english(pool, "ws://127.0.0.1:1"):
            pass
    assert (failure.value.cause, failure.value.retryable) == ("connection", True)


async def test_a_web_page_instead_of_a_websocket_is_a_connection_error(pool):
    async def answer_in_plain_http(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"hello\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer_in_plain_http, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ProviderError) as failure:
            async with english(pool, f"ws://127.0.0.1:{port}"):
                pass
    assert (failure.value.cause, failure.value.retryable) == ("connection", True)


async def hang_up(socket: ServerConnection):
    await socket.close(1011, "NET-0000")


async def refuse_the_audio(socket: ServerConnection):
    await socket.close(1008, "DATA-0000")


async def end_too_early(socket: ServerConnection):
    await socket.close()


async def cut(socket: ServerConnection):
    socket.transport.abort()


async def stop_reading_and_writing(socket: ServerConnection):
    """Half open: the other side is gone, and the network has not noticed."""
    socket.transport.pause_reading()
    await asyncio.sleep(0.5)
    socket.transport.abort()


async def send_nonsense(socket: ServerConnection):
    await socket.send("<html>")
    await socket.wait_closed()


async def send_another_shape(socket: ServerConnection):
    await socket.send('{"type": "Results", "channel": {"alternatives": []}}')
    await socket.wait_closed()


async def report_an_error(socket: ServerConnection):
    await socket.send('{"type": "Error", "description": "out of luck"}')
    await socket.wait_closed()


@pytest.mark.parametrize(
    ("script", "cause", "retryable"),
    [
        (hang_up, "closed", True),
        (refuse_the_audio, "closed", False),
        (end_too_early, "closed", True),
        (cut, "closed", True),
        (stop_reading_and_writing, "closed", True),
        (send_nonsense, "malformed", True),
        (send_another_shape, "malformed", True),
        (report_an_error, "stream_error", True),
    ],
)
async def test_every_failure_ends_the_iteration_with_one_error(
    pool, script, cause, retryable
):
    async with websocket_server(script) as url, english(pool, url) as stream:
        with pytest.raises(ProviderError) as failure:
            async with asyncio.timeout(1):
                await everything(stream)
        stream.send(FRAME)
    assert (failure.value.cause, failure.value.retryable) == (cause, retryable)


async def test_a_server_that_never_answers_finalize_has_stalled(pool):
    async def listen_for_ever(socket: ServerConnection):
        async for _ in socket:
            pass

    async with websocket_server(listen_for_ever) as url, english(pool, url) as stream:
        await stream.finalize()
        with pytest.raises(ProviderError) as failure:
            async with asyncio.timeout(2):
                await everything(stream)
    assert (failure.value.cause, failure.value.retryable) == ("stalled", True)


async def test_a_server_that_stops_reading_has_stalled(pool):
    async def read_nothing(socket: ServerConnection):
        socket.transport.pause_reading()
        await socket.wait_closed()

    async with websocket_server(read_nothing) as url, english(pool, url) as stream:
        for _ in range(3):  # more than any socket takes
            stream.send(np.zeros(5_000_000, dtype=np.int16))
        with pytest.raises(ProviderError) as failure:
            async with asyncio.timeout(2):
                await everything(stream)
    assert (failure.value.cause, failure.value.retryable) == ("stalled", True)
