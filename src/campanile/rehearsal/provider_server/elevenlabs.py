"""`/v1/text-to-speech/{voice_id}`: whole, streamed, and fed by WebSocket.

https://elevenlabs.io/docs/api-reference/text-to-speech
"""

import asyncio
import base64
import re
import time
from contextlib import suppress
from typing import Any

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.websockets import (
    WebSocket,
    WebSocketDisconnect,
    WebSocketDisconnected,
)

from .service import Service
from .speech import Encoding, chunks, render

_FORMAT = re.compile(r"(?P<kind>pcm|ulaw|alaw)_(?P<rate>8000|16000|22050|24000|44100)")
_SENTENCE_END = re.compile(r"[.!?]\s")


class _Body(BaseModel):
    text: str
    model_id: str = "eleven_multilingual_v2"


async def speak(request: Request, service: Service) -> Response:
    """The whole and the streamed endpoint answer with the same bytes."""
    began = time.monotonic()
    if not service.keys.accept(request.headers, "xi-api-key"):
        return _refused(401, "invalid_api_key", "Invalid API key")
    encoding = _encoding(request.query_params.get("output_format"))
    if encoding is None:
        return _refused(400, "invalid_output_format", _NO_FORMAT)
    try:
        body = _Body.model_validate(orjson.loads(await request.body()))
    except orjson.JSONDecodeError as error:
        return _invalid([{"loc": ["body"], "msg": str(error), "type": "json_invalid"}])
    except ValidationError as error:
        return _invalid(error.errors(include_url=False, include_context=False))
    voice = request.path_params["voice_id"]
    await asyncio.sleep(service.delays.tts)
    audio = await render(service.voices, body.text, voice, encoding)
    _note(service, began, body.text, voice, encoding, audio)
    media = "audio/pcm" if encoding.kind == "pcm" else "audio/basic"
    return StreamingResponse(chunks(audio, encoding), media_type=media)


async def stream_input(socket: WebSocket, service: Service) -> None:
    """Text in as it is written, audio out as soon as a sentence is whole."""
    if not service.keys.accept(socket.headers, "xi-api-key"):
        await socket.send_denial_response(
            _refused(401, "invalid_api_key", "Invalid API key")
        )
        return
    encoding = _encoding(socket.query_params.get("output_format"))
    if encoding is None:
        await socket.send_denial_response(
            _refused(400, "invalid_output_format", _NO_FORMAT)
        )
        return
    await socket.accept()
    with suppress(
        WebSocketDisconnect, WebSocketDisconnected
    ):  # whoever hangs up wants no more audio
        await _take_text(socket, service, encoding)


async def _take_text(socket: WebSocket, service: Service, encoding: Encoding) -> None:
    waiting = ""
    while True:
        message = _message(await socket.receive_text())
        if message is None:
            await socket.close(1008, "Invalid message")
            return
        text = str(message.get("text", ""))
        over = text == ""
        waiting += text
        ready = waiting if over or message.get("flush") else _whole_sentences(waiting)
        if ready.strip():
            await _send(socket, service, encoding, ready.strip())
            waiting = waiting[len(ready) :]
        if over:
            await socket.send_json({"audio": None, "isFinal": True})
            await socket.close()
            return


async def _send(
    socket: WebSocket, service: Service, encoding: Encoding, text: str
) -> None:
    began = time.monotonic()
    await asyncio.sleep(service.delays.tts)
    voice = socket.path_params["voice_id"]
    audio = await render(service.voices, text, voice, encoding)
    _note(service, began, text, voice, encoding, audio)
    async for chunk in chunks(audio, encoding):
        await socket.send_json(
            {
                "audio": base64.b64encode(chunk).decode(),
                "isFinal": None,
                "normalizedAlignment": None,
                "alignment": None,
            }
        )


def _whole_sentences(text: str) -> str:
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    return text[: ends[-1]] if ends else ""


def _message(text: str) -> dict[str, Any] | None:
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return message if isinstance(message, dict) else None


def _encoding(name: str | None) -> Encoding | None:
    match = _FORMAT.fullmatch(name or "")
    return Encoding(match["kind"], int(match["rate"])) if match else None


def _note(
    service: Service,
    began: float,
    text: str,
    voice: str,
    encoding: Encoding,
    audio: bytes,
) -> None:
    seconds = encoding.seconds(audio)
    service.note("speech", began, text=text, voice=voice, seconds=seconds)


_NO_FORMAT = "The rehearsal speaks pcm_*, ulaw_8000 and alaw_8000; name one."


def _refused(status: int, slug: str, message: str) -> JSONResponse:
    detail = {"status": slug, "message": message}
    return JSONResponse({"detail": detail}, status_code=status)


def _invalid(problems: Any) -> JSONResponse:
    return JSONResponse({"detail": problems}, status_code=422)
