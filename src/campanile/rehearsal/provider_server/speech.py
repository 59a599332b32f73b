"""Text to audio in the encodings that the speech services offer, in chunks."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from campanile.audio.frames import Pcm
from campanile.audio.g711 import encode_alaw, encode_ulaw
from campanile.rehearsal.voices import Voices

_CHUNK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Encoding:
    kind: str
    """`pcm` (16 bit, little-endian), `ulaw` or `alaw`."""
    rate: int

    @property
    def sample_bytes(self) -> int:
        return 2 if self.kind == "pcm" else 1

    def encode(self, pcm: Pcm) -> bytes:
        if self.kind == "ulaw":
            return encode_ulaw(pcm)
        if self.kind == "alaw":
            return encode_alaw(pcm)
        return pcm.astype("<i2").tobytes()

    def seconds(self, audio: bytes) -> float:
        return round(len(audio) / self.sample_bytes / self.rate, 3)


async def render(voices: Voices, text: str, voice: str, encoding: Encoding) -> bytes:
    """`text` spoken whole; empty where there is nothing to say. Raises Unavailable."""
    if not any(letter.isalnum() for letter in text):
        return b""
    return encoding.encode(await voices.speak(text, voice, rate=encoding.rate))


async def chunks(audio: bytes, encoding: Encoding) -> AsyncIterator[bytes]:
    """`audio` in pieces, as fast as they are taken."""
    size = round(_CHUNK_SECONDS * encoding.rate) * encoding.sample_bytes
    for start in range(0, len(audio), size):
        yield audio[start : start + size]
        await asyncio.sleep(0)  # others' requests are not held up by a long text
