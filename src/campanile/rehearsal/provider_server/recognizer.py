"""Recognises utterances in processes of their own (decoder.py)."""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from campanile.audio.frames import Pcm
from campanile.errors import Unavailable

_DECODER = f"{__package__}.decoder"


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    start: float
    """Seconds from the utterance's first sample."""
    end: float


@dataclass(frozen=True, slots=True)
class Heard:
    text: str
    """Lower case, no punctuation; empty where it was no sentence that is known."""
    words: Sequence[Word] = field(default=())


class Recognizer:
    """Gives each utterance to the process that is free first. `start` and `close` it."""

    def __init__(self, phrases: Sequence[str], *, processes: int):
        """`phrases` in JSGF."""
        self._phrases = phrases
        self._count = processes
        self._processes: list[asyncio.subprocess.Process] = []
        self._idle: asyncio.Queue[asyncio.subprocess.Process] = asyncio.Queue()
        self._asking: set[asyncio.Task[Heard]] = set()
        self._prepared: set[tuple[str, ...]] = set()

    @property
    def busy(self) -> bool:
        """Whether an utterance would have to wait."""
        return self._idle.empty()

    async def start(self) -> None:
        """Return when every process is warm. Raises Unavailable."""
        await asyncio.gather(*(self._begin() for _ in range(self._count)))

    async def close(self) -> None:
        """May be called twice."""
        await asyncio.gather(*self._asking, return_exceptions=True)
        processes, self._processes = self._processes, []
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()  # it ends at the end of its input
        for process in processes:
            await process.wait()

    async def recognize(
        self, pcm: Pcm, rate: int, keyterms: Sequence[str] = ()
    ) -> Heard:
        """What one utterance says. Raises Unavailable."""
        process = await self._idle.get()
        # Shielded: an answer that nobody reads would be taken for the next one's.
        asking = asyncio.create_task(self._ask(process, pcm, rate, keyterms))
        self._asking.add(asking)
        asking.add_done_callback(self._asking.discard)
        return await asyncio.shield(asking)

    async def prepare(self, keyterms: Sequence[str]) -> None:
        """Have the key terms' grammar ready in every process. Raises Unavailable."""
        known = tuple(keyterms)
        if known not in self._prepared:
            self._prepared.add(known)
            nothing = np.zeros(0, dtype=np.int16)
            await asyncio.gather(
                *(self.recognize(nothing, 8000, known) for _ in self._processes)
            )

    async def _begin(self) -> None:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", _DECODER),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self._processes.append(process)
        await _answer(process, _line({"phrases": list(self._phrases)}))
        self._idle.put_nowait(process)

    async def _ask(
        self,
        process: asyncio.subprocess.Process,
        pcm: Pcm,
        rate: int,
        keyterms: Sequence[str],
    ) -> Heard:
        audio = pcm.astype("<i2").tobytes()
        head = {"keyterms": list(keyterms), "rate": rate, "size": len(audio)}
        try:
            heard = await _answer(process, _line(head) + audio)
        except Unavailable:
            self._processes.remove(process)
            await process.wait()
            self._prepared.clear()
            await self._begin()  # for the next utterance; this one is lost
            raise
        self._idle.put_nowait(process)
        return Heard(heard["text"], [Word(*word) for word in heard["words"]])


async def _answer(process: asyncio.subprocess.Process, request: bytes) -> Any:
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(request)
        await process.stdin.drain()
        line = await process.stdout.readline()
    except ConnectionError:
        line = b""
    if not line:
        raise Unavailable("A decoder process has ended")
    return json.loads(line)


def _line(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"
