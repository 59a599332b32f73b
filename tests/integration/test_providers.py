"""The production adapters against the rehearsal's provider server, by address alone."""

import asyncio
import sys
from contextlib import aclosing

import numpy as np
import pytest

from campanile.agents import files, provisioning, schemas
from campanile.agents.tools import specs
from campanile.audio.frames import FRAME_SAMPLES
from campanile.config import settings
from campanile.providers.pool import Pool
from campanile.providers.protocols import ChatMessage, TextDelta, ToolCall

SERVER = "campanile.rehearsal.provider_server"


@pytest.fixture
async def address(tmp_path):
    """Host and port of a provider server in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", SERVER, "--port", "0", "--data", str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    async with asyncio.timeout(30):
        url = (await process.stdout.readline()).decode().strip()
    yield url.split("//")[1].split("/")[0]
    process.terminate()
    await process.communicate()


@pytest.fixture
async def pool():
    async with Pool() as pool:
        yield pool


@pytest.fixture
def agent(address, monkeypatch, tmp_path):
    """The example agent, its providers at the rehearsal's address, without any key."""
    monkeypatch.setenv("CAMPANILE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CAMPANILE_DEEPGRAM_URL", f"ws://{address}")
    monkeypatch.setenv("CAMPANILE_OPENAI_URL", f"http://{address}/v1")
    monkeypatch.setenv("CAMPANILE_ELEVENLABS_URL", f"http://{address}")
    for name in ("DEEPGRAM", "OPENAI", "ELEVENLABS"):
        monkeypatch.delenv(f"CAMPANILE_{name}_API_KEY", raising=False)
    settings.cache_clear()
    yield files.parse(files.example())
    settings.cache_clear()


@pytest.fixture
def providers(agent, pool):
    assert provisioning.missing_keys(agent) == []
    return provisioning.providers_of(agent, pool=pool)


async def spoken(tts, text):
    async with aclosing(tts.speak(text)) as speech:
        return np.concatenate([chunk async for chunk in speech])


def loudness(pcm) -> float:
    return float(np.sqrt(np.mean(pcm.astype(float) ** 2)))


@pytest.mark.parametrize("voice", ["elevenlabs", "openai"])
async def test_a_sentence_is_spoken(agent, pool, voice):
    tts = agent.tts_config.model_copy(update={"provider": voice})
    agent = agent.model_copy(update={"tts_config": tts})
    voice = provisioning.providers_of(agent, pool=pool).tts
    pcm = await spoken(voice, "Good day, this is Riverside Dental.")
    assert 1.0 < len(pcm) / 8000 < 6.0
    assert loudness(pcm) > 300


async def test_what_is_spoken_is_heard(providers):
    pcm = await spoken(providers.tts, "yes")
    quiet = np.zeros(8000, dtype=np.int16)
    audio = np.concatenate([quiet // 2, pcm, quiet])
    heard = []
    async with providers.stt.stream(language="en", keyterms=[]) as stream:
        for at in range(0, len(audio) - FRAME_SAMPLES, FRAME_SAMPLES):
            stream.send(audio[at : at + FRAME_SAMPLES])
            await asyncio.sleep(0.02)
        await stream.finalize()
        async with asyncio.timeout(10):
            async for transcript in stream:
                heard.append(transcript)
                if transcript.speech_final:
                    break
    words = " ".join(transcript.text for transcript in heard if transcript.is_final)
    assert "yes" in words.lower()


async def test_the_model_answers_and_may_use_a_tool(agent, providers):
    messages = [
        ChatMessage("system", agent.llm_config.messages[0].content),
        ChatMessage("assistant", agent.first_message or ""),
        ChatMessage("user", "Yes, I can."),
    ]
    async with aclosing(providers.llm.reply(messages, specs(agent))) as reply:
        parts = [part async for part in reply]
    assert any(isinstance(part, TextDelta | ToolCall) for part in parts)


async def test_the_model_fills_a_schema_and_writes_a_summary(agent, providers):
    schema = agent.analysis_plan.structured_data_plan.schema_
    transcript = "Agent: Can you make it?\nCallee: Yes, I can."
    messages = [
        ChatMessage("system", "Extract the data."),
        ChatMessage("user", f"Transcript:\n{transcript}"),
    ]
    data = await providers.llm.fill(messages, schema)
    assert schemas.complaints(schema, data) == []
    assert await providers.llm.write(messages)
