"""The thread that writes the recordings of a process."""

import atexit
import struct
import threading
from collections import deque
from concurrent.futures import Future
from functools import cache
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO

import structlog

from campanile.audio.frames import SAMPLE_RATE

GATHER_SECONDS = 0.25
"""Between two rounds of writing. To wake the thread for each call's sound would have it
ask the event loop for the interpreter that often."""
_CHANNELS = 2
_SAMPLE_BYTES = 2
_FRAME_BYTES = _CHANNELS * _SAMPLE_BYTES
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")

log = structlog.get_logger(__name__)


class WavFile:
    """A WAV file whose header is true after every append. Used by one thread."""

    def __init__(self, path: Path):
        self.path = path
        self._file: BinaryIO | None = None
        self._size = 0

    def append(self, sound: bytes) -> None:
        """Write samples, then the header that counts them: in this order a reader
        never sees a header that promises more than there is."""
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("wb")
            self._file.write(_header(0))
        self._file.write(sound)
        self._size += len(sound)
        self._file.flush()
        self._file.seek(0)
        self._file.write(_header(self._size))
        self._file.flush()
        self._file.seek(0, SEEK_END)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class Writer:
    """Takes sound from the event loop and writes it in its own thread."""

    def __init__(self) -> None:
        self._orders: deque[tuple[WavFile, bytes | Future[None]]] = deque()
        self._broken: dict[WavFile, OSError] = {}
        self._hurry = threading.Event()
        self._finishing = False
        self._thread = threading.Thread(
            target=self._write_all, name="recordings", daemon=True
        )
        self._thread.start()

    def append(self, file: WavFile, sound: bytes) -> None:
        """Have `sound` written soon; returns at once. A failure shows when it is closed."""
        self._orders.append((file, sound))

    def close(self, file: WavFile) -> Future[None]:
        """Have everything before written, and `file` closed, now."""
        closed: Future[None] = Future()
        self._orders.append((file, closed))
        self._hurry.set()
        return closed

    def finish(self) -> None:
        """Write what was handed over, and end the thread."""
        self._finishing = True
        self._hurry.set()
        self._thread.join()

    def _write_all(self) -> None:
        while not self._finishing:
            self._hurry.wait(GATHER_SECONDS)
            self._hurry.clear()
            self._write_kept()
        self._write_kept()

    def _write_kept(self) -> None:
        while self._orders:
            file, what = self._orders.popleft()
            if isinstance(what, bytes):
                self._append(file, what)
            else:
                self._close(file, what)

    def _append(self, file: WavFile, sound: bytes) -> None:
        if file in self._broken:
            return
        try:
            file.append(sound)
        except OSError as error:  # a full disk must not cost the call
            self._broken[file] = error
            log.exception("recording.failed", path=str(file.path))

    def _close(self, file: WavFile, closed: Future[None]) -> None:
        try:
            file.close()
        except OSError as error:
            self._broken.setdefault(file, error)
        if broken := self._broken.pop(file, None):
            closed.set_exception(broken)
        else:
            closed.set_result(None)


@cache
def writer() -> Writer:
    """The writer of this process, started by its first recording."""
    started = Writer()
    atexit.register(started.finish)
    return started


def _header(size: int) -> bytes:
    """The 44 bytes in front of `size` bytes of sound (RIFF WAVE, format 1, PCM)."""
    rate, frame = SAMPLE_RATE, _FRAME_BYTES
    return _HEADER.pack(
        *(b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, _CHANNELS),
        *(rate, rate * frame, frame, 8 * _SAMPLE_BYTES, b"data", size),
    )
