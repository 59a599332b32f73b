"""OpenAI speech: 24 kHz PCM streamed over plain HTTP, brought down to the line's 8 kHz.

https://platform.openai.com/docs/api-reference/audio/createSpeech
"""

from collections.abc import AsyncGenerator

from campanile.audio.frames import Pcm

from .downsampling import Downsampler
from .errors import ProviderError
from .pool import Pool
from .speech import refuse_other_than_audio


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
        heard = False
        line = Downsampler()
        async with self._pool.post(
            self.name,
            self._url,
            headers=self._headers,
            body=self._options | {"input": text},
        ) as response:
            refuse_other_than_audio(self.name, response)
            async for chunk in response.aiter_bytes():
                pcm = line.feed(chunk)
                if len(pcm):
                    heard = True
                    yield pcm
            if not heard:
                raise ProviderError(self.name, "no_audio", retryable=True)
        yield line.flush()
