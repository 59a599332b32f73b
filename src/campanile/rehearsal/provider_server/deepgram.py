"""`GET /v1/listen`: live transcription over a WebSocket.

https://developers.deepgram.com/reference/speech-to-text/listen-streaming
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Mapping
from typing import Any, Literal

import orjson
from pydantic import BaseModel, Field, ValidationError
from starlette.datastructures import QueryParams
from starlette.responses import JSONResponse
from starlette.websockets import (
    WebSocket,
    WebSocketDisconnect,
    WebSocketDisconnected,
)

from campanile.errors import Unavailable

from .deepgram_messages import Session, punctuated
from .recognizer import Heard
from .service import Service
from .utterances import Coding, Segmenter, SpeechStarted, Utterance, UtteranceEnd

_IDLE_SECONDS = 10.0
"""Deepgram closes a stream that brings neither audio nor KeepAlive (NET-0001)."""
_IDLE_REASON = (
    "Deepgram did not receive audio data or a text message within the timeout window."
)


class Options(BaseModel):
    """The query of `/v1/listen`; what is not here is accepted and does nothing."""

    model: str = "base-general"
    language: str = "en"
    encoding: Coding
    sample_rate: Literal["8000", "16000"] = "8000"
    channels: Literal["1"] = "1"
    interim_results: bool = False
    endpointing: int | Literal["true", "false"] = 10
    utterance_end_ms: int | None = Field(default=None, ge=0)
    vad_events: bool = False
    punctuate: bool = False
    smart_format: bool = False
    keyterm: list[str] = []

    @property
    def silence(self) -> float:
        """Seconds of it that end an utterance."""
        if self.endpointing == "false":
            return 60.0
        milliseconds = 10 if self.endpointing == "true" else int(self.endpointing)
        # Its own default of 10 ms relies on a model of where sentences end; loudness
        # alone would cut within words.
        return max(0.2, milliseconds / 1000)


async def listen(socket: WebSocket, service: Service) -> None:
    request_id = str(uuid.uuid4())
    if not _has_key(socket, service):
        await socket.send_denial_response(
            _refused(401, "INVALID_AUTH", "Invalid credentials.", request_id)
        )
        return
    try:
        options = Options.model_validate(_query(socket.query_params))
    except ValidationError as error:
        first = error.errors()[0]
        told = f"{first['loc'][0]}: {first['msg']}"
        await socket.send_denial_response(
            _refused(400, "Bad Request", told, request_id)
        )
        return
    offered = socket.scope.get("subprotocols") or [None]
    await socket.accept(
        subprotocol=offered[0], headers=[(b"dg-request-id", request_id.encode())]
    )
    await _Listener(socket, service, options, request_id).run()


class _Listener:
    """One stream: a reader that cuts utterances, a writer that has them recognised."""

    def __init__(
        self, socket: WebSocket, service: Service, options: Options, request_id: str
    ):
        self._socket = socket
        self._service = service
        self._options = options
        self._session = Session(request_id, options.model)
        self._rate = int(options.sample_rate)
        end = options.utterance_end_ms
        self._segmenter = Segmenter(
            options.encoding,
            self._rate,
            endpointing=options.silence,
            utterance_end=None if end is None else end / 1000,
        )
        self._due: asyncio.Queue[object] = asyncio.Queue()
        self._began = time.monotonic()
        self._texts: list[str] = []
        self._last_message = 0.0
        self._open = True

    async def run(self) -> None:
        writer = asyncio.create_task(self._write(), name="deepgram.writer")
        idle = asyncio.create_task(self._close_when_idle(), name="deepgram.idle")
        try:
            await self._read()
            self._due.put_nowait(None)
            await writer
        except WebSocketDisconnect:
            pass
        finally:
            for task in (writer, idle):
                task.cancel()
            await asyncio.gather(writer, idle, return_exceptions=True)
            self._service.note(
                "listen",
                self._began,
                seconds=round(self._segmenter.position, 2),
                keyterms=self._options.keyterm,
                language=self._options.language,
                text=self._texts,
            )

    async def _read(self) -> None:
        """Until the client closes the stream; raises WebSocketDisconnect if it just
        goes."""
        loop = asyncio.get_running_loop()
        while True:
            self._last_message = loop.time()
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                self._open = False
                raise WebSocketDisconnect
            if audio := message.get("bytes"):
                for event in self._segmenter.feed(audio):
                    self._due.put_nowait(event)
                continue
            kind = _kind(message.get("text"))
            if kind == "Finalize":
                self._due.put_nowait(_Finalize(self._segmenter.flush()))
            elif kind == "CloseStream":
                if rest := self._segmenter.flush():
                    self._due.put_nowait(rest)
                return
            elif kind == "":
                await self._close(1008, "DATA-0000")
                raise WebSocketDisconnect

    async def _write(self) -> None:
        with contextlib.suppress(Unavailable):  # the first utterance will tell
            await self._service.recognizer.prepare(self._options.keyterm)
        with contextlib.suppress(WebSocketDisconnect):
            while (event := await self._due.get()) is not None:
                await self._tell(event)
            await self._send(self._session.metadata(self._segmenter.position))
            await self._close()

    async def _tell(self, event: object) -> None:
        match event:
            case SpeechStarted(at=at) if self._options.vad_events:
                await self._send(self._session.speech_started(at))
            case Utterance(kind="interim"):
                if self._options.interim_results and not self._service.recognizer.busy:
                    await self._transcribe(event, final=False)
            case Utterance(kind=kind):
                await self._transcribe(event, speech_final=kind == "ended")
            case UtteranceEnd(last_word_end=at):
                await self._send(self._session.utterance_end(at))
            case _Finalize(utterance=utterance) if utterance:
                await self._transcribe(utterance, from_finalize=True)
            case _Finalize():
                at = self._segmenter.position
                await self._send(self._session.nothing(at, from_finalize=True))

    async def _transcribe(
        self,
        utterance: Utterance,
        *,
        final: bool = True,
        speech_final: bool = False,
        from_finalize: bool = False,
    ) -> None:
        heard = await self._recognize(utterance)
        if final:
            await asyncio.sleep(self._service.delays.stt)
            if heard.text:
                self._texts.append(heard.text)
        elif not heard.text:
            return
        written = self._options.punctuate or self._options.smart_format
        await self._send(
            self._session.results(
                punctuated(heard.text) if written else heard.text,
                heard.words,
                start=utterance.start,
                duration=utterance.duration,
                is_final=final,
                speech_final=speech_final or from_finalize,
                from_finalize=from_finalize,
            )
        )

    async def _recognize(self, utterance: Utterance) -> Heard:
        if not self._options.language.startswith(("en", "multi")):
            return Heard("")  # the only acoustic model is of English
        try:
            return await self._service.recognizer.recognize(
                utterance.pcm, self._rate, self._options.keyterm
            )
        except Unavailable:
            return Heard("")

    async def _close_when_idle(self) -> None:
        loop = asyncio.get_running_loop()
        left = _IDLE_SECONDS
        while left > 0:
            await asyncio.sleep(left)
            left = self._last_message + _IDLE_SECONDS - loop.time()
        await self._close(1011, _IDLE_REASON)

    async def _send(self, message: Mapping[str, Any]) -> None:
        if not self._open:
            raise WebSocketDisconnect
        try:
            await self._socket.send_text(orjson.dumps(message).decode())
        except WebSocketDisconnected as error:  # the client went as we spoke
            raise WebSocketDisconnect from error

    async def _close(self, code: int = 1000, reason: str = "") -> None:
        """Once, and not where the client was first."""
        if self._open:
            self._open = False
            with contextlib.suppress(WebSocketDisconnect, WebSocketDisconnected):
                await self._socket.close(code, reason)


class _Finalize:
    __match_args__ = ("utterance",)

    def __init__(self, utterance: Utterance | None):
        self.utterance = utterance


def _has_key(socket: WebSocket, service: Service) -> bool:
    """In the header, or as browsers send it: subprotocols `token` and the key."""
    offered = socket.scope.get("subprotocols") or []
    if len(offered) == 2 and offered[0] in ("token", "bearer"):
        return bool(offered[1])
    return service.keys.accept(socket.headers, "authorization", "token", "bearer")


def _query(params: QueryParams) -> dict[str, Any]:
    return {**params, "keyterm": params.getlist("keyterm")}


def _kind(text: str | None) -> str:
    """The type of a control message; empty where it is none."""
    try:
        return str(orjson.loads(text or "")["type"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ""


def _refused(status: int, code: str, message: str, request_id: str) -> JSONResponse:
    return JSONResponse(
        {"err_code": code, "err_msg": message, "request_id": request_id},
        status_code=status,
    )
