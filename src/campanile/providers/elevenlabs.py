"""ElevenLabs speech as G.711, streamed over plain HTTP.

https://elevenlabs.io/docs/api-reference/text-to-speech/stream
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from urllib.parse import quote

from campanile.audio.frames import Pcm
from campanile.audio.g711 import decode_ulaw

from .pool import Pool
from .speech import audio_of

_SLOWEST, _FASTEST = 0.7, 1.2
"""What the vendor accepts of the platform's 0.5–2."""


class ElevenLabsSpeech:
    """Implements `TextToSpeech`."""

    name = "elevenlabs"

    def __init__(
        self,
        pool: Pool,
        *,
        url: str,
        api_key: str,
        voice_id: str,
        model: str,
        stability: float = 0.5,
        similarity_boost: float = 0.75,
        speed: float = 1.0,
    ):
        self._pool = pool
        self._url = (
            f"{url.rstrip('/')}/v1/text-to-speech/{quote(voice_id, safe='')}"
            "/stream?output_format=ulaw_8000"
        )
        self._headers = {"xi-api-key": api_key} if api_key else {}
        self._options = {
            "model_id": model,
            "voice_settings": {
                "stability": stability,
                "similarity_boost": similarity_boost,
                "speed": min(max(speed, _SLOWEST), _FASTEST),
            },
        }

    async def speak(self, text: str) -> AsyncGenerator[Pcm, None]:
        """Chunks as they arrive; one byte is one sample, so none can be torn."""
        chunks = audio_of(
            self._pool,
            self.name,
            self._url,
            headers=self._headers,
            body=self._options | {"text": text},
        )
        async with aclosing(chunks):
            async for chunk in chunks:
                yield decode_ulaw(chunk)
