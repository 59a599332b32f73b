"""A call on file: 16-bit stereo WAV at 8 kHz, the callee left, the agent right.

The event loop only copies samples; one thread per process writes for all calls. The
file is playable at any moment, so that a worker killed with -9 loses a second at most.
"""

from concurrent.futures import Future
from pathlib import Path

import numpy as np
import numpy.typing as npt

from campanile.audio.frames import FRAME_SAMPLES, FRAME_SECONDS, SAMPLE_RATE, Pcm
from campanile.recordings.writer import WavFile, writer

_BUFFER_SAMPLES = SAMPLE_RATE  # handed over once per second
LEFT, RIGHT = 0, 1


class StereoRecorder:
    """Records one call. Belongs to the event loop's thread; nothing here blocks.

    `left` and `right` are each called once per 20 ms tick. Where one side misses a
    tick, silence takes its place: the sides never part by more than one frame. Ticks
    that both sides missed are known, and filled, only where `left` is told the time.
    """

    def __init__(self, path: Path):
        self._file = WavFile(path)
        self._buffer = np.zeros((_BUFFER_SAMPLES + 2 * FRAME_SAMPLES, 2), np.int16)
        self._ends = [0, 0]
        self._handed_over = 0  # samples no longer in the buffer
        self._began_at: float | None = None
        self._closed: Future[None] | None = None

    @property
    def seconds(self) -> float:
        """How much has been recorded: the place of *now* in the file."""
        return (self._handed_over + max(self._ends)) / SAMPLE_RATE

    def left(self, pcm: Pcm, *, at: float | None = None) -> None:
        """Add what the callee said in this tick, shape (160,); `at` is `Frame.at`."""
        if at is not None and self._closed is None:
            self._catch_up(at)
        self._add(LEFT, pcm)

    def right(self, pcm: Pcm) -> None:
        """Add what the agent said in this tick, shape (160,)."""
        self._add(RIGHT, pcm)

    def close(self) -> Future[None]:
        """Finish the file. May be called twice; sound that comes later is dropped.

        The future is done when the file is complete, or carries the OSError that cost
        us the recording; `asyncio.wrap_future` makes it awaitable.
        """
        if self._closed is None:
            self._hand_over(max(self._ends))
            self._closed = writer().close(self._file)
        return self._closed

    def _add(self, side: int, pcm: Pcm) -> None:
        if self._closed is not None:
            return
        lead = self._ends[side] - self._ends[1 - side]
        if lead >= FRAME_SAMPLES:
            # The other side missed its tick; the buffer is silent there already.
            self._ends[1 - side] += lead
        start = self._ends[side]
        self._ends[side] = start + len(pcm)
        self._buffer[start : self._ends[side], side] = pcm
        if (complete := min(self._ends)) >= _BUFFER_SAMPLES:
            self._hand_over(complete)

    def _catch_up(self, at: float) -> None:
        """Fill what a stalled clock skipped, so that the file keeps the call's time."""
        position = (self._handed_over + self._ends[LEFT]) / SAMPLE_RATE
        if self._began_at is None:
            self._began_at = at - position
        missed = round((at - self._began_at - position) / FRAME_SECONDS)
        if missed >= 2:  # one may be a late tick
            self._hand_over(max(self._ends))
            self._write(np.zeros((missed * FRAME_SAMPLES, 2), np.int16))

    def _hand_over(self, samples: int) -> None:
        self._write(self._buffer[:samples])
        rest = self._buffer[samples:].copy()
        self._buffer[:] = 0
        self._buffer[: len(rest)] = rest
        self._ends = [max(0, end - samples) for end in self._ends]

    def _write(self, sound: npt.NDArray[np.int16]) -> None:
        writer().append(self._file, sound.tobytes())
        self._handed_over += len(sound)
