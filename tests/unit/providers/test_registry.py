import pytest

from campanile.config import settings
from campanile.errors import Invalid
from campanile.providers import registry
from campanile.providers.registry import LlmSettings, SttSettings, TtsSettings

STT, LLM = SttSettings(), LlmSettings()


@pytest.fixture
def environment(monkeypatch, tmp_path):
    monkeypatch.setenv("CAMPANILE_DATA_DIR", str(tmp_path))
    for name in ("DEEPGRAM", "OPENAI", "ELEVENLABS"):
        monkeypatch.delenv(f"CAMPANILE_{name}_API_KEY", raising=False)
        monkeypatch.delenv(f"CAMPANILE_{name}_URL", raising=False)
    settings.cache_clear()
    yield monkeypatch
    settings.cache_clear()


async def test_choices_become_adapters(environment, pool):
    providers = registry.build(stt=STT, llm=LLM, tts=TtsSettings(), pool=pool)
    names = (providers.stt.name, providers.llm.name, providers.tts.name)
    assert names == ("deepgram", "openai", "elevenlabs")


async def test_an_unknown_provider_is_refused_with_a_hint(environment, pool):
    with pytest.raises(Invalid, match="inworld") as refusal:
        registry.build(stt=STT, llm=LLM, tts=TtsSettings("inworld"), pool=pool)
    assert "elevenlabs, openai" in refusal.value.hint


def test_the_vendors_own_servers_need_keys(environment):
    environment.setenv("CAMPANILE_ELEVENLABS_API_KEY", "k")
    missing = registry.missing_keys(stt=STT, llm=LLM, tts=TtsSettings())
    assert missing == ["CAMPANILE_DEEPGRAM_API_KEY", "CAMPANILE_OPENAI_API_KEY"]


def test_a_key_is_named_once_though_two_jobs_need_it(environment):
    environment.setenv("CAMPANILE_DEEPGRAM_API_KEY", "k")
    missing = registry.missing_keys(stt=STT, llm=LLM, tts=TtsSettings("openai"))
    assert missing == ["CAMPANILE_OPENAI_API_KEY"]


def test_a_server_of_ones_own_may_go_without(environment):
    for name in ("DEEPGRAM", "OPENAI", "ELEVENLABS"):
        environment.setenv(f"CAMPANILE_{name}_URL", "http://127.0.0.1:9100")
    assert registry.missing_keys(stt=STT, llm=LLM, tts=TtsSettings()) == []
