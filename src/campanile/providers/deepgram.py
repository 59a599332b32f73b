"""Deepgram live transcription over a WebSocket.

https://developers.deepgram.com/reference/speech-to-text/listen-streaming
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import numpy as np
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidStatus,
    InvalidURI,
    WebSocketException,
)
from websockets.protocol import State

from campanile.audio.frames import FRAME_SAMPLES, SAMPLE_RATE, Pcm
from campanile.audio.g711 import encode_ulaw

from .errors import ProviderError, from_status
from .lanes import is_loopback
from .pool import Pool
from .protocols import Transcript

NAME = "deepgram"

_CHUNK_SAMPLES = 4 * FRAME_SAMPLES
"""80 ms. Each message costs the same whatever its length; and `finalize`, which follows
every utterance, does not wait for a chunk to fill."""
_BACKLOG_BYTES = 5 * SAMPLE_RATE  # more than 5 s unsent: the far end stopped reading
_UNDECODABLE = 1008  # DATA-0000: the same audio will be refused again


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each thing may take, in seconds."""

    open: float = 4.0
    close: float = 1.0
    quiet: float = 4.0
    """Then KeepAlive: Deepgram hangs up after 10 s without audio (NET-0001)."""
    ping: float = 5.0
    """A half-open connection is known after at most twice this."""
    stall: float = 10.0
    """Since `finalize` was asked for and nothing at all has come."""


class DeepgramSpeechToText:
    """Implements `SpeechToText`."""

    name = NAME

    def __init__(
        self,
        pool: Pool,
        *,
        url: str,
        api_key: str,
        model: str,
        endpointing_ms: int = 300,
        patience: Patience = Patience(),
    ):
        self._pool = pool
        self._url = url.rstrip("/")
        self._api_key = api_key
        self._model = model
        self._endpointing_ms = endpointing_ms
        self._patience = patience

    def stream(self, *, language: str, keyterms: Sequence[str]) -> "DeepgramStream":
        query = {
            "model": self._model,
            "language": language,
            "encoding": "mulaw",
            "sample_rate": 8000,
            "channels": 1,
            "interim_results": "true",
            "punctuate": "true",
            "endpointing": self._endpointing_ms,
            # Older models refuse `keyterm` and know the weaker `keywords` instead.
            "keyterm" if self._model.startswith("nova-3") else "keywords": keyterms,
        }
        return DeepgramStream(
            self._pool,
            f"{self._url}/v1/listen?{urlencode(query, doseq=True)}",
            {"Authorization": f"Token {self._api_key}"} if self._api_key else {},
            self._patience,
        )


class _Socket(ClientConnection):
    """A connection that is written to at once and from anywhere on the loop.

    `send` takes twice as long: it must be awaited, and waits for a slow reader, which
    live audio cannot. Nothing is sent, and nothing raised, once the connection closes:
    whoever reads is told why.
    """

    @property
    def unsent(self) -> int:
        """Bytes that the far end has not taken."""
        return self.transport.get_write_buffer_size()

    def write(self, audio: bytes) -> None:
        if self.protocol.state is State.OPEN:
            self.protocol.send_binary(audio)
            self.send_data()

    def command(self, kind: str) -> None:
        if self.protocol.state is State.OPEN:
            self.protocol.send_text(b'{"type":"%b"}' % kind.encode())
            self.send_data()


class DeepgramStream:
    """One call's transcription.

    Every failure, whenever it happens, ends the iteration with one ProviderError;
    opening raises it at once.
    """

    def __init__(
        self, pool: Pool, url: str, headers: dict[str, str], patience: Patience
    ):
        self._pool = pool
        self._url = url
        self._headers = headers
        self._patience = patience
        self._frames: list[Pcm] = []
        self._samples = 0
        self._results: asyncio.Queue[Transcript | ProviderError | None] = (
            asyncio.Queue()
        )
        self._socket: _Socket | None = None
        self._reading: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._spoke = False
        self._heard_at = 0.0
        self._asked_at: float | None = None
        self._over = False

    async def __aenter__(self) -> "DeepgramStream":
        self._socket = await self._connect()
        self._reading = asyncio.create_task(
            self._read(self._socket), name="deepgram-reader"
        )
        self._schedule()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    def send(self, pcm: Pcm) -> None:
        if self._over:
            return
        self._frames.append(pcm)
        self._samples += len(pcm)
        if self._samples >= _CHUNK_SAMPLES:
            self._write()

    async def finalize(self) -> None:
        """Deepgram answers only where it holds audio that it has not yet finished."""
        self._asked_at = self._asked_at or asyncio.get_running_loop().time()
        self._write()
        self._command("Finalize")

    async def __aiter__(self) -> AsyncGenerator[Transcript, None]:
        while (result := await self._results.get()) is not None:
            if isinstance(result, ProviderError):
                raise result
            yield result

    async def close(self) -> None:
        """Ends the iteration without error. May be called twice."""
        self._end(None)
        if self._timer:
            self._timer.cancel()
        if self._reading:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        socket, self._socket = self._socket, None
        if socket:
            socket.command("CloseStream")
            await socket.close()

    async def _connect(self) -> _Socket:
        try:
            return await connect(  # type: ignore[return-value]  # it makes what it is told
                self._url,
                create_connection=_Socket,
                additional_headers=self._headers,
                ssl=self._pool.tls if self._url.startswith("wss:") else None,
                proxy=None if is_loopback(self._url) else True,
                compression=None,  # of G.711: all cost, no gain
                open_timeout=self._patience.open,
                close_timeout=self._patience.close,
                ping_interval=self._patience.ping,
                ping_timeout=self._patience.ping,
            )
        except InvalidStatus as error:
            body = (error.response.body or b"").decode(errors="replace")[:200]
            raise from_status(NAME, error.response.status_code, body) from error
        except TimeoutError as error:
            raise ProviderError(NAME, "timeout", retryable=True) from error
        except InvalidURI as error:
            raise ProviderError(NAME, "bad_address", retryable=False) from error
        except (OSError, WebSocketException, EOFError) as error:
            raise ProviderError(
                NAME, "connection", retryable=True, detail=type(error).__name__
            ) from error

    def _write(self) -> None:
        """Send the audio that is kept."""
        frames, self._frames, self._samples = self._frames, [], 0
        if frames and self._socket:
            self._spoke = True
            self._socket.write(encode_ulaw(np.concatenate(frames)))
            if self._socket.unsent > _BACKLOG_BYTES:
                self._end(ProviderError(NAME, "stalled", retryable=True))

    async def _read(self, socket: _Socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            async for message in socket:
                self._heard_at = loop.time()
                result = _transcript(message)
                if result:
                    if result.speech_final:
                        self._asked_at = None
                    self._results.put_nowait(result)
            self._end(ProviderError(NAME, "closed", retryable=True))
        except ConnectionClosed as error:
            code, why = (
                (error.rcvd.code, error.rcvd.reason) if error.rcvd else (0, str(error))
            )
            self._end(
                ProviderError(
                    NAME, "closed", retryable=code != _UNDECODABLE, detail=why
                )
            )
        except ProviderError as error:
            self._end(error)

    def _command(self, kind: str) -> None:
        if self._socket:
            self._socket.command(kind)

    def _schedule(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(
            self._patience.quiet, self._look_after
        )

    def _look_after(self) -> None:
        """Every few seconds: keep a quiet stream open, notice one that has died."""
        now = asyncio.get_running_loop().time()
        asked = self._asked_at
        if asked and now - max(asked, self._heard_at) > self._patience.stall:
            self._end(ProviderError(NAME, "stalled", retryable=True))
            return
        if not self._spoke:
            self._command("KeepAlive")
        self._spoke = False
        self._schedule()

    def _end(self, error: ProviderError | None) -> None:
        if self._over:
            return
        self._over = True
        self._results.put_nowait(error)


def _transcript(message: str | bytes) -> Transcript | None:
    """What a message says, or None where it says nothing new."""
    try:
        event: dict[str, Any] = orjson.loads(message)
        kind = event["type"]
        if kind == "Error":
            raise ProviderError(
                NAME,
                "stream_error",
                retryable=True,
                detail=str(event.get("description") or event.get("message") or ""),
            )
        if kind != "Results":
            return None
        text = event["channel"]["alternatives"][0]["transcript"]
        final = bool(event.get("is_final"))
        ended = bool(event.get("speech_final") or event.get("from_finalize"))
        if not (text or ended):
            return None
        return Transcript(
            text=text,
            is_final=final or ended,
            speech_final=ended,
            start=float(event.get("start", 0.0)),
            duration=float(event.get("duration", 0.0)),
        )
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise ProviderError(
            NAME, "malformed", retryable=True, detail=type(error).__name__
        ) from error
