"""What is still to be said on a leg: a queue that can be ducked and cut off softly."""

import asyncio
from collections import deque

import numpy as np

from campanile.audio.frames import FRAME_SAMPLES, SAMPLE_RATE, Pcm


class Playout:
    """A queue of audio that gives one 20 ms frame at a time."""

    def __init__(self) -> None:
        self._chunks: deque[Pcm] = deque()
        self._offset = 0  # samples of the first chunk already given
        self._queued = 0
        self._played = 0
        self._gain = 1.0
        self._next_gain = 1.0
        self._waiters: list[asyncio.Future[None]] = []
        self._closed = False

    def play(self, pcm: Pcm) -> None:
        """Queue `pcm` behind what is still to be played; any length."""
        if len(pcm) and not self._closed:
            self._chunks.append(pcm)
            self._queued += len(pcm)

    def clear(self) -> float:
        """Drop the queue but for a fade of 20 ms; the seconds that were dropped."""
        tail = self._take(min(FRAME_SAMPLES, self._queued))
        dropped = self._queued
        self._chunks.clear()
        self._offset = self._queued = 0
        if len(tail):
            fade = np.linspace(1.0, 0.0, len(tail), dtype=np.float32)
            self.play((tail * fade).astype(np.int16))
        return dropped / SAMPLE_RATE

    def duck(self, gain: float) -> None:
        """Scale from the next frame on; that frame slides from the old gain to it."""
        self._next_gain = gain

    @property
    def queued(self) -> float:
        return self._queued / SAMPLE_RATE

    @property
    def played(self) -> float:
        return self._played / SAMPLE_RATE

    async def drained(self) -> None:
        """Return once the queue is empty or closed."""
        if self._queued == 0 or self._closed:
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        await waiter

    def close(self) -> None:
        """Drop everything and let nobody wait."""
        self._closed = True
        self._chunks.clear()
        self._offset = self._queued = 0
        self._wake()

    def next_frame(self) -> Pcm | None:
        """The next 160 samples, the last ones filled up with zeros; None for silence."""
        if self._queued == 0:
            self._gain = self._next_gain
            self._wake()  # only now has the last frame been on the wire for 20 ms
            return None
        frame = self._take(min(FRAME_SAMPLES, self._queued))
        self._played += len(frame)
        if len(frame) < FRAME_SAMPLES:
            frame = np.pad(frame, (0, FRAME_SAMPLES - len(frame)))
        if self._gain != 1.0 or self._next_gain != 1.0:
            frame = self._scaled(frame)
        return frame

    def _take(self, count: int) -> Pcm:
        """The next `count` samples; there must be as many."""
        self._queued -= count
        if self._chunks and self._offset + count < len(self._chunks[0]):
            self._offset += count  # nearly always: within the first chunk
            return self._chunks[0][self._offset - count : self._offset]
        pieces = []
        while count > 0:
            chunk = self._chunks[0]
            piece = chunk[self._offset : self._offset + count]
            pieces.append(piece)
            count -= len(piece)
            self._offset += len(piece)
            if self._offset == len(chunk):
                self._chunks.popleft()
                self._offset = 0
        if len(pieces) == 1:
            return pieces[0]
        return np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.int16)

    def _scaled(self, frame: Pcm) -> Pcm:
        if self._gain == self._next_gain:
            scaled = frame * np.float32(self._gain)
        else:
            slope = np.linspace(
                self._gain, self._next_gain, FRAME_SAMPLES, dtype=np.float32
            )
            scaled = frame * slope
            self._gain = self._next_gain
        pcm: Pcm = np.clip(scaled, -32768, 32767).astype(np.int16)
        return pcm

    def _wake(self) -> None:
        if self._waiters:
            for waiter in self._waiters:
                if not waiter.done():
                    waiter.set_result(None)
            self._waiters.clear()
