"""From an agent's choices to adapters, and what is missing before they can work."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from campanile.config import Settings, settings
from campanile.errors import Invalid

from .deepgram import DeepgramSpeechToText
from .elevenlabs import ElevenLabsSpeech
from .openai import OpenAIChat
from .openai_speech import OpenAISpeech
from .pool import Pool
from .protocols import LanguageModel, Providers, SpeechToText, TextToSpeech


@dataclass(frozen=True, slots=True)
class SttSettings:
    provider: str = "deepgram"
    model: str = "nova-3"
    endpointing_ms: int = 300
    """Silence after which the provider itself calls an utterance finished."""


@dataclass(frozen=True, slots=True)
class LlmSettings:
    provider: str = "openai"
    model: str = "gpt-4o-mini"
    temperature: float = 0.7
    max_completion_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class TtsSettings:
    provider: str = "elevenlabs"
    voice_id: str = "campanile"
    model: str = "eleven_flash_v2_5"
    stability: float = 0.5
    similarity_boost: float = 0.75
    speed: float = 1.0


def build(
    *, stt: SttSettings, llm: LlmSettings, tts: TtsSettings, pool: Pool
) -> Providers:
    """The three adapters; raises Invalid where a provider has none."""
    return Providers(
        stt=_pick(_STT, stt.provider)(pool, stt, settings()),
        llm=_pick(_LLM, llm.provider)(pool, llm, settings()),
        tts=_pick(_TTS, tts.provider)(pool, tts, settings()),
    )


def language_model(llm: LlmSettings, *, pool: Pool) -> LanguageModel:
    """The model alone, for what happens after a call."""
    return _pick(_LLM, llm.provider)(pool, llm, settings())


def missing_keys(*, stt: SttSettings, llm: LlmSettings, tts: TtsSettings) -> list[str]:
    """Settings that must be given before these can be used, e.g. for preflight.

    A server of one's own (another address than the vendor's) may go without a key.
    """
    names = dict.fromkeys((stt.provider, llm.provider, tts.provider))
    return [
        f"CAMPANILE_{name.upper()}_API_KEY"
        for name in names
        if not getattr(settings(), f"{name}_api_key")
        and _is_vendors_own(name, getattr(settings(), f"{name}_url"))
    ]


def _is_vendors_own(name: str, url: str) -> bool:
    default: str = Settings.model_fields[f"{name}_url"].default
    return urlsplit(url).hostname == urlsplit(default).hostname


def _deepgram(pool: Pool, stt: SttSettings, at: Settings) -> SpeechToText:
    return DeepgramSpeechToText(
        pool,
        url=at.deepgram_url,
        api_key=at.deepgram_api_key,
        model=stt.model,
        endpointing_ms=stt.endpointing_ms,
    )


def _openai(pool: Pool, llm: LlmSettings, at: Settings) -> LanguageModel:
    return OpenAIChat(
        pool,
        url=at.openai_url,
        api_key=at.openai_api_key,
        model=llm.model,
        temperature=llm.temperature,
        max_completion_tokens=llm.max_completion_tokens,
    )


def _elevenlabs(pool: Pool, tts: TtsSettings, at: Settings) -> TextToSpeech:
    return ElevenLabsSpeech(
        pool,
        url=at.elevenlabs_url,
        api_key=at.elevenlabs_api_key,
        voice_id=tts.voice_id,
        model=tts.model,
        stability=tts.stability,
        similarity_boost=tts.similarity_boost,
        speed=tts.speed,
    )


def _openai_speech(pool: Pool, tts: TtsSettings, at: Settings) -> TextToSpeech:
    return OpenAISpeech(
        pool,
        url=at.openai_url,
        api_key=at.openai_api_key,
        voice_id=tts.voice_id,
        model=tts.model,
        speed=tts.speed,
    )


_STT: dict[str, Callable[[Pool, SttSettings, Settings], SpeechToText]] = {
    "deepgram": _deepgram
}
_LLM: dict[str, Callable[[Pool, LlmSettings, Settings], LanguageModel]] = {
    "openai": _openai
}
_TTS: dict[str, Callable[[Pool, TtsSettings, Settings], TextToSpeech]] = {
    "elevenlabs": _elevenlabs,
    "openai": _openai_speech,
}


_Adapter = TypeVar("_Adapter")


def _pick(adapters: dict[str, _Adapter], name: str) -> _Adapter:
    try:
        return adapters[name]
    except KeyError:
        raise Invalid(
            f"There is no adapter for the provider {name!r}.",
            hint=f"Available here: {', '.join(adapters)}.",
        ) from None
