"""OpenAI speech: 24 kHz PCM streamed over plain HTTP, brought down to the line's 8 kHz.

https://platform.openai.com/docs/api-reference/audio/createSpeech
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from campanile.audio.frames import Pcm

from .downsampling import Downsampler
from .pool import Pool
from .speech import audio_of


class OpenAISpeech:
    """Implements `TextToSpeech`."""

    name = "openai"

    def __init__(
        self,
        pool: Pool,
        *,
        url: str,
        api_key: str,
        voice_id: str,
        model: str,
        speed: float = 1.0,
    ):
        self._pool = pool
        self._url = f"{url.rstrip('/')}/audio/speech"
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._options = {
            "model": model,
            "voice": voice_id,
            "response_format": "pcm",
            "speed": speed,
        }

    async def speak(self, text: str) -> AsyncGenerator[Pcm, None]:
        """Chunks as they arrive."""
        line = Downsampler()
        chunks = audio_of(
            self._pool,
            self.name,
            self._url,
            headers=self._headers,
            body=self._options | {"input": text},
        )
        async with aclosing(chunks):
            async for chunk in chunks:
                pcm = line.feed(chunk)
                if len(pcm):
                    yield pcm
        yield line.flush()
