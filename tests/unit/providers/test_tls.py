"""Certificates are verified, over HTTP and over WebSocket, by the same authorities."""

import pytest

from campanile.providers.deepgram import DeepgramSpeechToText
from campanile.providers.errors import ProviderError
from campanile.providers.openai import OpenAIChat
from campanile.providers.pool import Pool
from campanile.providers.protocols import ChatMessage
from support.tls import self_signed
from unit.providers.scripted import http_server, websocket_server


async def say_yes(exchange):
    await exchange.json({"choices": [{"message": {"content": "Yes."}}]})


async def listen(socket):
    await socket.wait_closed()


async def use_both(pool, http_url, websocket_url) -> list[str]:
    """What became of a chat and of a stream."""
    became = []
    chat = OpenAIChat(pool, url=http_url, api_key="", model="m")
    stt = DeepgramSpeechToText(pool, url=websocket_url, api_key="", model="m")
    try:
        became.append(await chat.write([ChatMessage("user", "Hello?")]))
    except ProviderError as error:
        became.append(error.cause)
    try:
        async with stt.stream(language="en", keyterms=[]):
            became.append("open")
    except ProviderError as error:
        became.append(error.cause)
    return became


@pytest.mark.parametrize(
    ("name", "trusted", "became"),
    [
        ("localhost", True, ["Yes.", "open"]),
        ("localhost", False, ["connection", "connection"]),
        ("elsewhere.example", True, ["connection", "connection"]),
    ],
)
async def test_only_the_right_name_of_a_trusted_authority_is_spoken_to(
    monkeypatch, tmp_path, name, trusted, became
):
    tls, certificate = self_signed(name, tmp_path)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with (
        http_server(say_yes, tls=tls) as server,
        websocket_server(listen, ssl=tls) as websocket_url,
        Pool() as pool,
    ):
        http_url = server.url.replace("http://127.0.0.1", "https://localhost")
        stt_url = websocket_url.replace("ws://127.0.0.1", "wss://localhost")
        assert await use_both(pool, http_url, stt_url) == became
