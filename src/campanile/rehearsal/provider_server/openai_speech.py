"""`POST /v1/audio/speech`: PCM at 24 kHz, or the same as a WAV file.

https://platform.openai.com/docs/api-reference/audio/createSpeech
"""

import asyncio
import struct
import time

import orjson
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from .openai_errors import no_key, refused
from .service import Service
from .speech import Encoding, chunks, render

_PCM = Encoding("pcm", 24000)


class _Body(BaseModel):
    model: str
    input: str = Field(max_length=4096)
    voice: str
    response_format: str = "mp3"


async def speak(request: Request, service: Service) -> Response:
    began = time.monotonic()
    if not service.keys.accept(request.headers, "authorization", "bearer"):
        return no_key()
    try:
        body = _Body.model_validate(orjson.loads(await request.body()))
    except (orjson.JSONDecodeError, ValidationError) as error:
        return refused(400, str(error))
    if body.response_format not in ("pcm", "wav"):
        return refused(
            400,
            f"The rehearsal speaks 'pcm' and 'wav', not '{body.response_format}'.",
            param="response_format",
        )
    await asyncio.sleep(service.delays.tts)
    audio = await render(service.voices, body.input, body.voice, _PCM)
    seconds = _PCM.seconds(audio)
    service.note("speech", began, text=body.input, voice=body.voice, seconds=seconds)
    if body.response_format == "wav":
        return Response(_wav_head(len(audio)) + audio, media_type="audio/wav")
    return StreamingResponse(chunks(audio, _PCM), media_type="audio/pcm")


def _wav_head(size: int) -> bytes:
    """RIFF header of mono 16-bit PCM at 24 kHz."""
    form = struct.pack("<HHIIHH", 1, 1, _PCM.rate, 2 * _PCM.rate, 2, 16)
    return (
        b"RIFF"
        + struct.pack("<I", 36 + size)
        + b"WAVEfmt "
        + struct.pack("<I", len(form))
        + form
        + b"data"
        + struct.pack("<I", size)
    )
