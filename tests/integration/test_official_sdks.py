"""The vendors' own SDKs against the rehearsal's provider server.

It is right where these cannot tell it from the real one: they parse every field.
"""

import asyncio
import json
import sys

import httpx
import numpy as np
import openai
import pytest
from deepgram import AsyncDeepgramClient
from deepgram.core.events import EventType
from deepgram.environment import DeepgramClientEnvironment
from deepgram.listen.v1.types import (
    ListenV1Metadata,
    ListenV1Results,
    ListenV1SpeechStarted,
)
from elevenlabs.client import AsyncElevenLabs
from elevenlabs.core import ApiError

from campanile.audio.g711 import decode_ulaw, encode_ulaw
from campanile.rehearsal.voices import Voices

SERVER = "campanile.rehearsal.provider_server"
PROMPT = "You are the friendly telephone assistant of Riverside Dental."
FIRST_MESSAGE = "This is Riverside Dental about your appointment. Can you make it?"
FRAME_BYTES = 160

# Deepgram's SDK speaks through the client that websockets has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
async def url(tmp_path):
    """A provider server in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", SERVER, "--data", str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    async with asyncio.timeout(30):
        address = (await process.stdout.readline()).decode().strip()
    yield address
    process.terminate()
    await process.communicate()


@pytest.fixture
def log_file(tmp_path):
    return tmp_path / "rehearsal" / "providers.ndjson"


@pytest.fixture
async def chat(url):
    async with openai.AsyncOpenAI(api_key="any", base_url=f"{url}/v1") as client:
        yield client


@pytest.fixture
def deepgram(url):
    socket = url.replace("http", "ws", 1)
    return AsyncDeepgramClient(
        api_key="any",
        environment=DeepgramClientEnvironment(
            base=url, production=socket, agent=socket, agent_rest=url
        ),
    )


@pytest.fixture
async def say(tmp_path):
    """Speak as a callee does: G.711 with a second of silence around it."""
    voices = Voices(tmp_path / "voices")

    async def speak(text: str, voice: str = "dave") -> bytes:
        quiet = np.zeros(8000, dtype=np.int16)
        return encode_ulaw(
            np.concatenate([quiet, await voices.speak(text, voice), quiet])
        )

    yield speak
    await voices.close()


def tool(name, **properties):
    schema = {"type": "object", "properties": properties}
    return {"type": "function", "function": {"name": name, "parameters": schema}}


TOOLS = [tool("end_call"), tool("find_slot", day={"type": "string"})]


def dialogue(*callee_and_agent):
    """Messages after the first one, the callee's first, then in turn."""
    roles = ("user", "assistant")
    return [
        {"role": "system", "content": PROMPT},
        {"role": "assistant", "content": FIRST_MESSAGE},
        *(
            {"role": roles[number % 2], "content": text}
            for number, text in enumerate(callee_and_agent)
        ),
    ]


class Stream:
    """A Deepgram stream of the SDK, with everything that it has parsed."""

    def __init__(self, connection):
        self.connection = connection
        self.messages = []
        self.news = asyncio.Event()
        connection.on(EventType.MESSAGE, self.take)

    def take(self, message) -> None:
        self.messages.append(message)
        self.news.set()

    async def until(self, condition) -> None:
        async with asyncio.timeout(15):
            while not condition():
                self.news.clear()
                await self.news.wait()

    async def send(self, audio: bytes) -> None:
        for at in range(0, len(audio), FRAME_BYTES):
            await self.connection.send_media(audio[at : at + FRAME_BYTES])

    def results(self):
        return [m for m in self.messages if isinstance(m, ListenV1Results)]

    def finals(self):
        return [m for m in self.results() if m.is_final]

    def text(self) -> str:
        said = [m.channel.alternatives[0].transcript for m in self.finals()]
        return " ".join(text for text in said if text)


@pytest.fixture
async def elevenlabs(url):
    async with httpx.AsyncClient() as http:  # the SDK never closes one of its own
        yield AsyncElevenLabs(api_key="any", base_url=url, httpx_client=http)


@pytest.fixture
def transcribe(deepgram):
    """Open a stream, hand it to `talk`, close it, and give it back read to its end."""

    async def run(talk, **query) -> Stream:
        options = {
            "model": "nova-3",
            "encoding": "mulaw",
            "sample_rate": "8000",
            "interim_results": "true",
            "punctuate": "true",
            "endpointing": "300",
        }
        async with deepgram.listen.v1.connect(**{**options, **query}) as connection:
            stream = Stream(connection)
            reading = asyncio.create_task(connection.start_listening())
            await talk(stream)
            await connection.send_close_stream()
            async with asyncio.timeout(20):
                await reading
        return stream

    return run


async def test_deepgram_transcribes_an_utterance_and_says_where_it_was(transcribe, say):
    audio = await say("Yes, I can make it.")
    stream = await transcribe(lambda stream: stream.send(audio), vad_events="true")
    assert stream.text().lower().strip(".") == "yes i can make it"
    final = next(m for m in stream.finals() if m.channel.alternatives[0].transcript)
    assert final.speech_final
    assert 0.7 < final.start < 1.1
    words = final.channel.alternatives[0].words
    assert [word.word for word in words] == ["yes", "i", "can", "make", "it"]
    assert 0.9 < words[0].start < words[0].end <= words[-1].start < words[-1].end
    assert words[-1].end < final.start + final.duration + 0.1
    started = [m for m in stream.messages if isinstance(m, ListenV1SpeechStarted)]
    assert len(started) == 1


async def test_deepgram_ends_with_what_it_has_heard_in_all(transcribe, say):
    audio = await say("Yes, please book that.")
    stream = await transcribe(lambda stream: stream.send(audio))
    last = stream.messages[-1]
    assert isinstance(last, ListenV1Metadata)
    assert last.duration == pytest.approx(len(audio) / 8000, abs=0.05)


async def test_deepgram_answers_finalize_at_once(transcribe, say):
    audio = await say("By email, please.")
    voice_only = audio[8000 : len(audio) - 8000 + 1600]  # 0.2 s of silence after it

    async def talk(stream):
        await stream.send(voice_only)
        await stream.connection.send_finalize()
        await stream.until(lambda: any(m.from_finalize for m in stream.results()))

    stream = await transcribe(talk, endpointing="5000")
    final = next(m for m in stream.finals() if m.from_finalize)
    assert final.channel.alternatives[0].transcript.lower() == "by email please."


async def test_deepgram_answers_finalize_though_nothing_was_said(transcribe):
    async def talk(stream):
        await stream.send(b"\xff" * 8000)
        await stream.connection.send_keep_alive()
        await stream.connection.send_finalize()
        await stream.until(stream.finals)

    stream = await transcribe(talk)
    assert stream.text() == ""
    assert stream.finals()[0].from_finalize


@pytest.mark.parametrize("hertz", [(440,), (1000,), (440, 480), (400, 450)])
async def test_deepgram_hears_no_words_in_tones(transcribe, hertz):
    times = np.arange(2 * 8000) / 8000
    sound = sum(6000 * np.sin(2 * np.pi * each * times) for each in hertz)
    quiet = np.zeros(8000)
    pcm = np.concatenate([quiet, sound, quiet]).astype(np.int16)
    stream = await transcribe(lambda stream: stream.send(encode_ulaw(pcm)))
    assert stream.text() == ""


async def test_openai_streams_a_reply(chat):
    stream = await chat.chat.completions.create(
        model="gpt-4o-mini",
        messages=dialogue("Yes, I can make it."),
        tools=TOOLS,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert "how satisfied were you" in text
    assert len(chunks) > 10
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].usage.total_tokens > 0


async def test_openai_streams_a_tool_call(chat):
    async with chat.chat.completions.stream(
        model="gpt-4o-mini",
        messages=dialogue(
            "No, I cannot make it.",
            "Which day of the week would suit you better?",
            "Thursday would be better for me.",
        ),
        tools=TOOLS,
    ) as stream:
        completion = await stream.get_final_completion()
    choice = completion.choices[0]
    assert choice.finish_reason == "tool_calls"
    [call] = choice.message.tool_calls
    assert call.function.name == "find_slot"
    assert json.loads(call.function.arguments) == {"day": "thursday"}


async def test_openai_offers_what_the_tool_has_found(chat):
    asked = dialogue(
        "No, I cannot make it.",
        "Which day of the week would suit you better?",
        "Thursday would be better for me.",
    )
    call = {
        "id": "call_1",
        "type": "function",
        "function": {"name": "find_slot", "arguments": '{"day": "thursday"}'},
    }
    completion = await chat.chat.completions.create(
        model="gpt-4o-mini",
        messages=[
            *asked,
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "call_1", "content": '{"slots":["9:00"]}'},
        ],
        tools=TOOLS,
    )
    text = completion.choices[0].message.content
    assert "Thursday" in text
    assert "Shall I book that?" in text


async def test_openai_fills_a_schema(chat):
    transcript = (
        "Transcript:\n"
        "Agent: This is Riverside Dental. Can you make it?\n"
        "Callee: No, I cannot make it that day.\n"
        "Agent: Which day of the week would suit you better?\n"
        "Callee: Friday would be better for me.\n"
    )
    properties = {
        "confirmed": {"type": ["boolean", "null"]},
        "new_day": {"enum": ["thursday", "friday", None]},
        "satisfaction": {"type": ["integer", "null"]},
    }
    completion = await chat.chat.completions.create(
        model="gpt-4o-mini",
        messages=[{"role": "user", "content": transcript}],
        response_format={
            "type": "json_schema",
            "json_schema": {
                "name": "answer",
                "schema": {"type": "object", "properties": properties},
            },
        },
    )
    assert json.loads(completion.choices[0].message.content) == {
        "confirmed": False,
        "new_day": "friday",
        "satisfaction": None,
    }


async def test_openai_refuses_as_the_vendor_does(url, chat):
    with pytest.raises(openai.BadRequestError) as refused:
        await chat.chat.completions.create(model="gpt-4o-mini", messages="nothing")
    assert refused.value.type == "invalid_request_error"
    with pytest.raises(openai.NotFoundError):
        await chat.get("/no-such-thing", cast_to=object)


async def test_openai_speaks(chat):
    async with chat.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts",
        voice="alloy",
        input="Good day, this is Riverside Dental.",
        response_format="pcm",
    ) as response:
        audio = b"".join([chunk async for chunk in response.iter_bytes()])
    pcm = np.frombuffer(audio, dtype="<i2")
    assert 1.0 < len(pcm) / 24000 < 6.0
    assert np.abs(pcm).max() > 3000


async def test_elevenlabs_speaks_for_the_telephone(elevenlabs):
    speech = elevenlabs.text_to_speech.stream(
        "campanile",
        text="Good day, this is Riverside Dental.",
        model_id="eleven_flash_v2_5",
        output_format="ulaw_8000",
    )
    pcm = decode_ulaw(b"".join([chunk async for chunk in speech]))
    assert 1.0 < len(pcm) / 8000 < 6.0
    assert np.abs(pcm).max() > 3000


async def test_elevenlabs_says_that_it_has_no_mp3(elevenlabs):
    with pytest.raises(ApiError) as refused:
        async for _ in elevenlabs.text_to_speech.stream("campanile", text="Good day."):
            pass
    assert refused.value.status_code == 400


async def test_what_was_asked_is_logged_without_numbers(url, chat, log_file):
    await chat.chat.completions.create(
        model="gpt-4o-mini",
        messages=dialogue("My number is +1 212-555-0187, and yes, I can."),
    )
    log = log_file.read_text()
    entry = json.loads(log.splitlines()[-1])
    assert {"t", "service", "ms"} <= entry.keys()
    assert "555-0187" not in log
