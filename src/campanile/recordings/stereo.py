"""A call on file: 16-bit stereo WAV at 8 kHz, the callee left, the agent right.

The event loop keeps frames and puts them together now and then; one thread per process
writes for all calls. The file is playable at any moment, so that a worker killed with
-9 loses a second at most.
"""

from concurrent.futures import Future
from pathlib import Path

import numpy as np
import numpy.typing as npt

from campanile.audio.frames import FRAME_SAMPLES, FRAME_SECONDS, SAMPLE_RATE, Pcm
from campanile.recordings.writer import GATHER_SECONDS, WavFile, writer

_KEPT_SAMPLES = round((1.0 - GATHER_SECONDS) * SAMPLE_RATE)
LEFT, RIGHT = 0, 1
_NOTHING: Pcm = np.zeros(0, np.int16)


class StereoRecorder:
    """Records one call. Belongs to the event loop's thread; nothing here blocks.

    `left` and `right` are each called once per 20 ms tick. Where one side misses a
    tick, silence takes its place: the sides never part by more than one frame. Ticks
    that both sides missed are known, and filled, only where `left` is told the time.
    Frames are kept, not copied: nobody may change one afterwards.
    """

    def __init__(self, path: Path):
        self._file = WavFile(path)
        self._kept: tuple[list[Pcm], list[Pcm]] = ([], [])
        self._ends = [0, 0]  # samples kept of either side
        self._handed_over = 0
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
        ends = self._ends
        lead = ends[side] - ends[1 - side]
        if lead >= FRAME_SAMPLES:  # the other side missed its tick
            self._keep(1 - side, np.zeros(lead, np.int16))
        self._keep(side, pcm)
        if ends[LEFT] >= _KEPT_SAMPLES and ends[RIGHT] >= _KEPT_SAMPLES:
            self._hand_over(min(ends))

    def _keep(self, side: int, pcm: Pcm) -> None:
        self._kept[side].append(pcm)
        self._ends[side] += len(pcm)

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
        """Write so much of both sides, silence where one has less; keep the rest."""
        sound = np.zeros((samples, 2), np.int16)
        for side, frames in enumerate(self._kept):
            said = np.concatenate([*frames, _NOTHING])
            sound[: len(said), side] = said[:samples]
            frames[:] = [said[samples:]]
            self._ends[side] = len(frames[0])
        self._write(sound)

    def _write(self, sound: npt.NDArray[np.int16]) -> None:
        writer().append(self._file, sound.tobytes())
        self._handed_over += len(sound)
