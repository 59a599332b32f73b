"""Deepgram, OpenAI and ElevenLabs with fixed delays and ready answers, on one port.

    python benchmarks/canned_providers.py            # prints the addresses as JSON

No engine runs here: a hundred calls cost a part of one core, so that what a benchmark
measures is the dialer. The delays are those of reference/baseline.md: a final text
200 ms after the last loud audio arrived; the model's first token after 200 ms, then 30
a second, its first sentence being four tokens; speech 100 ms after its text, then at
four times real time. What they add up to is `Delays.before_first_sample`.

Raw asyncio protocols: a WebSocket library costs more per message than this whole file.
"""

import argparse
import asyncio
import base64
import gc
import hashlib
import json
import re
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Any, cast

import numpy as np
import orjson
import uvloop
from websockets.speedups import apply_mask

from campanile.audio.frames import SAMPLE_RATE, Pcm
from campanile.audio.g711 import decode_ulaw, encode_ulaw

FIRST_SENTENCE = ("Thanks", " for", " that", ".")
OTHER_SENTENCE = tuple(
    re.findall(r" \S+", " I have written it down and will ask you one more thing.")
)
REPLY = FIRST_SENTENCE + OTHER_SENTENCE
HEARD = (
    "I think the morning would be best for me",
    "it is about the kitchen and the garden door",
    "we moved into this house eleven years ago",
    "my neighbour told me about your company",
    "the number on the letter was seven hundred",
)
"""What every callee is understood to say, in turn."""

_CHARACTERS_PER_SECOND = 17.0
_CHUNK_SECONDS = 0.1  # ElevenLabs sends some 3 KB at a time
_INTERIM_SECONDS = 0.5
_WEBSOCKET_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _BINARY, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10
_LOUD = bytes(np.abs(decode_ulaw(bytes(range(256))).astype(np.int32)) >= 256)


@dataclass(frozen=True, slots=True)
class Delays:
    """Seconds, and rates."""

    final_text: float = 0.2
    first_token: float = 0.2
    tokens_per_second: float = 30.0
    first_byte: float = 0.1
    speed: float = 4.0
    """Of speech, as a multiple of real time."""

    @property
    def first_sentence(self) -> float:
        """From the request to the last token of the first sentence."""
        return self.first_token + (len(FIRST_SENTENCE) - 1) / self.tokens_per_second

    @property
    def before_first_sample(self) -> float:
        """What model and voice take, whatever the dialer does."""
        return self.first_sentence + self.first_byte


class Hearing:
    """One live transcription: loudness in, fixed sentences out."""

    def __init__(self, send: Callable[[bytes], None], delays: Delays):
        self._send = send
        self._delays = delays
        self._sentences: Iterator[str] = cycle(HEARD)
        self._sentence = ""
        self._position = 0.0
        self._began = 0.0
        self._last_loud = 0.0
        self._next_interim = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def audio(self, ulaw: bytes) -> None:
        self._position += len(ulaw) / SAMPLE_RATE
        if ulaw.translate(_LOUD).find(1) < 0:
            return
        loop = asyncio.get_running_loop()
        self._last_loud = loop.time()
        if self._timer is None:
            self._began = self._position
            self._sentence = next(self._sentences)
            self._next_interim = self._last_loud + _INTERIM_SECONDS
            self._timer = loop.call_later(self._delays.final_text, self._look)
        elif self._last_loud >= self._next_interim:
            self._next_interim += _INTERIM_SECONDS
            self._tell(self._sentence[: len(self._sentence) // 2], final=False)

    def close(self) -> None:
        if self._timer:
            self._timer.cancel()

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        due = self._last_loud + self._delays.final_text
        if due > loop.time() + 0.0005:
            self._timer = loop.call_at(due, self._look)
            return
        self._timer = None
        self._tell(self._sentence, final=True)

    def _tell(self, text: str, *, final: bool) -> None:
        self._send(
            orjson.dumps(
                {
                    "type": "Results",
                    "start": self._began,
                    "duration": self._position - self._began,
                    "is_final": final,
                    "speech_final": final,
                    "channel": {"alternatives": [{"transcript": text}]},
                }
            )
        )


class Connection(asyncio.Protocol):
    """HTTP/1.1 with kept connections, or, after an upgrade, a WebSocket."""

    def __init__(self, delays: Delays):
        self._delays = delays
        self._transport: asyncio.Transport
        self._data = bytearray()
        self._hearing: Hearing | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass

    def connection_lost(self, error: Exception | None) -> None:
        if self._timer:
            self._timer.cancel()
        if self._hearing:
            self._hearing.close()

    def data_received(self, data: bytes) -> None:
        self._data += data
        if self._hearing:
            self._read_frames(self._hearing)
        else:
            self._read_request()

    # HTTP ------------------------------------------------------------------------

    def _read_request(self) -> None:
        head, found, rest = self._data.partition(b"\r\n\r\n")
        if not found:
            return
        first, *lines = head.split(b"\r\n")
        fields = {
            bytes(name).lower(): bytes(value).strip()
            for name, _, value in (line.partition(b":") for line in lines)
        }
        length = int(fields.get(b"content-length", b"0"))
        if len(rest) < length:
            return
        path = first.split(b" ")[1].decode()
        self._data = rest[length:]
        if key := fields.get(b"sec-websocket-key"):
            self._upgrade(key)
            return
        body = orjson.loads(rest[:length]) if length else {}
        if path.endswith("/chat/completions"):
            (self._stream_reply if body.get("stream") else self._whole_reply)(body)
        elif path.startswith("/v1/text-to-speech/"):
            self._speak(str(body["text"]))
        else:
            self._respond(b"404 Not Found", b"{}")

    def _respond(self, status: bytes, body: bytes) -> None:
        self._transport.write(
            b"HTTP/1.1 %b\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (status, len(body), body)
        )

    def _stream_reply(self, _body: dict[str, Any]) -> None:
        def pieces() -> Iterator[tuple[float, bytes]]:
            yield self._delays.first_token, _event(REPLY[0])
            for token in REPLY[1:]:
                yield 1 / self._delays.tokens_per_second, _event(token)
            yield 0.0, _event("", "stop") + b"data: [DONE]\n\n"

        self._stream(b"text/event-stream", pieces())

    def _whole_reply(self, body: dict[str, Any]) -> None:
        form = body.get("response_format", {}).get("json_schema", {}).get("schema")
        text = json.dumps(_least(form)) if form else "They talked about a house."
        answer = {"choices": [{"message": {"role": "assistant", "content": text}}]}
        self._later(
            self._delays.first_token,
            lambda: self._respond(b"200 OK", orjson.dumps(answer)),
        )

    def _speak(self, text: str) -> None:
        size = round(len(text) / _CHARACTERS_PER_SECOND * SAMPLE_RATE)
        step = round(_CHUNK_SECONDS * self._delays.speed * SAMPLE_RATE)

        def pieces() -> Iterator[tuple[float, bytes]]:
            delay = self._delays.first_byte
            for begin in range(0, size, step):
                yield delay, _SPEECH[begin : min(begin + step, size)]
                delay = _CHUNK_SECONDS

        self._stream(b"audio/basic", pieces())

    def _stream(self, kind: bytes, pieces: Iterator[tuple[float, bytes]]) -> None:
        """Send each piece so many seconds after the one before was due."""
        self._transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n" % kind
        )
        loop = asyncio.get_running_loop()
        due = loop.time()

        def send(piece: bytes) -> None:
            self._transport.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            go_on()

        def go_on() -> None:
            nonlocal due
            delay, piece = next(pieces, (0.0, b""))
            due += delay
            if piece:
                self._timer = loop.call_at(due, send, piece)
            else:
                self._transport.write(b"0\r\n\r\n")

        go_on()

    def _later(self, delay: float, act: Callable[[], None]) -> None:
        self._timer = asyncio.get_running_loop().call_later(delay, act)

    # WebSocket (RFC 6455) ----------------------------------------------------------

    def _upgrade(self, key: bytes) -> None:
        accept = base64.b64encode(hashlib.sha1(key + _WEBSOCKET_GUID).digest())
        self._transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Accept: %b\r\n\r\n" % accept
        )
        self._hearing = Hearing(lambda text: self._frame(_TEXT, text), self._delays)
        if self._data:
            self._read_frames(self._hearing)

    def _read_frames(self, hearing: Hearing) -> None:
        """Clients' frames: masked and, from our adapter, never fragmented."""
        data, at = self._data, 0
        while len(data) - at >= 6:
            kind, size, start = data[at] & 15, data[at + 1] & 127, at + 6
            if size == 126:
                size, start = struct.unpack_from("!H", data, at + 2)[0], at + 8
            if len(data) < start + size:
                break
            mask = bytes(data[start - 4 : start])
            payload = apply_mask(bytes(data[start : start + size]), mask)
            at = start + size
            if kind == _BINARY:
                hearing.audio(payload)
            elif kind == _PING:
                self._frame(_PONG, payload)
            elif kind == _CLOSE:
                self._frame(_CLOSE, payload)
                self._transport.close()
        del data[:at]

    def _frame(self, kind: int, payload: bytes) -> None:
        size = len(payload)
        head = bytes([size]) if size < 126 else struct.pack("!BH", 126, size)
        self._transport.write(bytes([128 | kind]) + head + payload)


def _event(text: str, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return b"data: " + orjson.dumps({"choices": [choice]}) + b"\n\n"


def _least(schema: dict[str, Any]) -> Any:
    """The emptiest value that a schema allows."""
    if "enum" in schema:
        return None if None in schema["enum"] else schema["enum"][0]
    kind = schema.get("type", "object")
    if isinstance(kind, list):
        kind = "null" if "null" in kind else kind[0]
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: _least(part) for name, part in properties.items()}
    return {"array": [], "string": "", "boolean": False, "null": None}.get(kind, 0)


def _murmur(seconds: float) -> Pcm:
    """Something loud and pitched, with the gaps between syllables but no silence."""
    at = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    voice = np.sin(2 * np.pi * 130 * at + 3 * np.sin(2 * np.pi * 2.7 * at))
    pcm: Pcm = (7000 * voice * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * at))).astype(
        np.int16
    )
    return pcm


_SPEECH = encode_ulaw(_murmur(30.0))


async def serve(delays: Delays, *, port: int = 0) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(delays), "127.0.0.1", port)
    host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    addresses = {
        "deepgram_url": f"ws://{host}",
        "openai_url": f"http://{host}/v1",
        "elevenlabs_url": f"http://{host}",
    }
    sys.stdout.write(json.dumps(addresses) + "\n")
    sys.stdout.flush()
    gc.collect()
    gc.freeze()  # nothing here is garbage; a full collection would be a late answer
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    for name in Delays.__slots__:
        option = "--" + name.replace("_", "-")
        parser.add_argument(option, type=float, default=getattr(Delays(), name))
    given = vars(parser.parse_args())
    port = given.pop("port")
    uvloop.run(serve(Delays(**given), port=port))


if __name__ == "__main__":
    main()
