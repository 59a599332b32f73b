"""Both speech adapters against a server that behaves well, and badly."""

import asyncio
from contextlib import aclosing

import numpy as np
import pytest

from campanile.audio.g711 import decode_ulaw, encode_ulaw
from campanile.providers.downsampling import Downsampler
from campanile.providers.elevenlabs import ElevenLabsSpeech
from campanile.providers.errors import ProviderError
from campanile.providers.openai_speech import OpenAISpeech
from unit.providers.scripted import Exchange, http_server


def tone(frequency: float, *, rate: int, seconds: float = 0.5):
    at = np.arange(int(rate * seconds)) / rate
    return (8000 * np.sin(2 * np.pi * frequency * at)).astype(np.int16)


def elevenlabs(pool, url, **options) -> ElevenLabsSpeech:
    return ElevenLabsSpeech(
        pool, url=url, api_key="k", voice_id="Ann/é", model="m", **options
    )


def openai(pool, url, **options) -> OpenAISpeech:
    return OpenAISpeech(
        pool, url=url, api_key="k", voice_id="alloy", model="tts-1", **options
    )


async def everything(voice, text="Good day."):
    return np.concatenate([chunk async for chunk in voice.speak(text)])


async def test_elevenlabs_sounds_as_soon_as_the_first_bytes_are_there(pool):
    go_on = asyncio.Event()
    audio = encode_ulaw(tone(440, rate=8000))

    async def script(exchange: Exchange):
        await exchange.begin(b"audio/basic")
        await exchange.chunk(audio[:7])
        await go_on.wait()
        await exchange.chunk(audio[7:])
        await exchange.end()

    async with http_server(script) as server:
        async with aclosing(elevenlabs(pool, server.url).speak("Good day.")) as speech:
            first = await anext(speech)
            go_on.set()
            rest = [chunk async for chunk in speech]
        request = server.requests[0]
    assert len(first) == 7
    assert np.array_equal(np.concatenate([first, *rest]), decode_ulaw(audio))
    path = "/v1/text-to-speech/Ann%2F%C3%A9/stream?output_format=ulaw_8000"
    assert request.head.startswith(f"POST {path} ")
    assert "xi-api-key: k" in request.head.lower()
    assert request.json["text"] == "Good day."
    assert request.json["model_id"] == "m"


async def test_elevenlabs_speed_stays_within_what_it_accepts(pool):
    async def script(exchange: Exchange):
        await exchange.begin(b"audio/basic")
        await exchange.chunk(b"\xff")
        await exchange.end()

    async with http_server(script) as server:
        await everything(elevenlabs(pool, server.url, speed=2.0))
        assert server.requests[0].json["voice_settings"]["speed"] == 1.2


@pytest.mark.parametrize("size", [1, 2, 3, 7, 481, 100_000])
async def test_openai_sounds_the_same_whatever_the_chunks(pool, size):
    wire = tone(440, rate=24_000, seconds=0.1).tobytes()

    async def script(exchange: Exchange):
        await exchange.begin(b"audio/pcm")
        for at in range(0, len(wire), size):
            await exchange.chunk(wire[at : at + size])
        await exchange.end()

    async with http_server(script) as server:
        heard = await everything(openai(pool, server.url))
        assert server.requests[0].json == {
            "model": "tts-1",
            "voice": "alloy",
            "response_format": "pcm",
            "speed": 1.0,
            "input": "Good day.",
        }
    wanted = tone(440, rate=8000, seconds=0.1)
    assert len(heard) == len(wanted)
    assert np.abs(heard.astype(int) - wanted)[20:-20].max() < 80


@pytest.mark.parametrize(
    ("frequency", "gain"), [(300, 1.0), (1000, 1.0), (3000, 1.0), (5000, 0.0)]
)
def test_what_the_line_cannot_carry_is_filtered_out(frequency, gain):
    line = Downsampler()
    wire = tone(frequency, rate=24_000).tobytes()
    heard = np.concatenate([line.feed(wire), line.flush()]).astype(float)
    loudness = np.sqrt(np.mean(heard[100:-100] ** 2)) / (8000 / np.sqrt(2))
    assert loudness == pytest.approx(gain, abs=0.02)


async def hang(exchange: Exchange):
    await exchange.hang()


async def hang_half_way(exchange: Exchange):
    await exchange.begin(b"audio/basic")
    await exchange.chunk(b"\xff" * 100)
    await exchange.hang()


async def cut(exchange: Exchange):
    await exchange.begin(b"audio/basic")
    await exchange.chunk(b"\xff" * 100)
    exchange.cut()


async def say_nothing(exchange: Exchange):
    await exchange.begin(b"audio/basic")
    await exchange.end()


async def show_a_page(exchange: Exchange):
    await exchange.begin(b"text/html")
    await exchange.chunk(b"<html>Log in to the hotel's network</html>")
    await exchange.end()


async def be_busy(exchange: Exchange):
    await exchange.status(429, b'{"detail": {"message": "too many requests"}}')


async def be_broken(exchange: Exchange):
    await exchange.status(500)


async def know_no_such_voice(exchange: Exchange):
    await exchange.status(404)


@pytest.mark.parametrize("voice", [elevenlabs, openai])
@pytest.mark.parametrize(
    ("script", "cause", "retryable"),
    [
        (hang, "timeout", True),
        (hang_half_way, "timeout", True),
        (cut, "connection", True),
        (say_nothing, "no_audio", True),
        (show_a_page, "malformed", True),
        (be_busy, "http_429", True),
        (be_broken, "http_500", True),
        (know_no_such_voice, "http_404", False),
    ],
)
async def test_every_failure_is_one_error(hasty_pool, voice, script, cause, retryable):
    async with http_server(script) as server:
        with pytest.raises(ProviderError) as failure:
            await everything(voice(hasty_pool, server.url))
    assert (failure.value.cause, failure.value.retryable) == (cause, retryable)
