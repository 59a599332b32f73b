"""From what an agent chose to the providers it speaks, thinks and hears with."""

from campanile.providers import registry
from campanile.providers.pool import Pool
from campanile.providers.protocols import LanguageModel, Providers
from campanile.providers.registry import LlmSettings, SttSettings, TtsSettings

from .config import AgentConfig


def providers_of(config: AgentConfig, *, pool: Pool) -> Providers:
    """The three of one conversation; raises Invalid where there is no adapter."""
    return registry.build(
        stt=_stt(config), llm=_llm(config), tts=_tts(config), pool=pool
    )


def language_model_of(config: AgentConfig, *, pool: Pool) -> LanguageModel:
    """The model alone: text chat, and analysis after the call."""
    return registry.language_model(_llm(config), pool=pool)


def missing_keys(config: AgentConfig) -> list[str]:
    """Names of settings without which this agent cannot hold a call."""
    return registry.missing_keys(stt=_stt(config), llm=_llm(config), tts=_tts(config))


def _stt(config: AgentConfig) -> SttSettings:
    chosen = config.stt_config
    return SttSettings(provider=chosen.provider, model=chosen.model)


def _llm(config: AgentConfig) -> LlmSettings:
    chosen = config.llm_config
    return LlmSettings(
        provider=chosen.provider,
        model=chosen.model,
        temperature=chosen.temperature,
        max_completion_tokens=chosen.max_completion_tokens,
    )


def _tts(config: AgentConfig) -> TtsSettings:
    chosen = config.tts_config
    return TtsSettings(
        provider=chosen.provider,
        voice_id=chosen.voice_id,
        model=chosen.model,
        stability=chosen.stability,
        similarity_boost=chosen.similarity_boost,
        speed=chosen.speed,
    )
