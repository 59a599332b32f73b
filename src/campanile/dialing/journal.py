"""A worker's journal: what the rows may not know yet, on disk, one JSON line each.

`<data folder>/journal/<worker>.ndjson`, one file per process, locked while it lives.
A file that nobody holds is that of a process that died: whoever starts next reads it.
What the rows refuse for good goes to `refused.jsonl` beside them, which no program reads:

    {"at": ISO 8601, "why": the error, "line": the account as it stood in a journal}

Transcripts stand in it, so nobody but us may read the folder.
"""

import errno
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path

from campanile.clock import now

REFUSED = "refused.jsonl"
"""Not `.ndjson`: nobody is to take it for an abandoned journal."""


class Journal:
    """Not for two threads at once."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._path = folder / f"{name}.ndjson"
        self._file = _opened(self._path)

    def keep(self, lines: list[bytes]) -> None:
        """They survive a crash of process and machine when this has returned."""
        os.write(self._file, b"".join(line + b"\n" for line in lines))
        os.fsync(self._file)

    def clear(self) -> None:
        """The rows know all of it."""
        os.ftruncate(self._file, 0)

    def set_aside(self, line: bytes, *, why: str) -> None:
        """Keep what nobody will try again. All processes of the folder write one file.
        Raises OSError; then nothing is there."""
        kept = {
            "at": now().isoformat(),
            "why": why,
            "line": line.decode("utf-8", "replace"),
        }
        text = json.dumps(kept).encode() + b"\n"
        file = os.open(
            self._folder / REFUSED, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600
        )
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            before = os.fstat(file).st_size
            if os.write(file, text) != len(text):
                os.ftruncate(file, before)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file)
        finally:
            os.close(file)

    def inherit(self) -> list[bytes]:
        """Take over what dead processes left behind."""
        inherited = []
        for path in sorted(self._folder.glob("*.ndjson")):
            if path == self._path:
                continue
            for lines in _abandoned(path):
                if lines:
                    self.keep(lines)  # ours before the other file goes
                inherited += lines
                path.unlink()
        return inherited

    def close(self) -> None:
        """Leave nothing behind that is empty. May be called twice."""
        if self._file < 0:
            return
        if os.fstat(self._file).st_size == 0:
            self._path.unlink(missing_ok=True)
        os.close(self._file)
        self._file = -1


def _opened(path: Path) -> int:
    while True:
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        # Between the two somebody may have taken it for an abandoned one.
        if _is_named(file, path):
            return file
        os.close(file)


def _abandoned(path: Path) -> Iterator[list[bytes]]:
    """Its whole lines, locked while they are used; nothing while its process lives.

    A last line without an end was being written when the process died.
    """
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:  # another one was quicker
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_named(file, path):
            with open(file, "rb", closefd=False) as text:
                yield [line[:-1] for line in text if line.endswith(b"\n")]
    except BlockingIOError:
        return
    finally:
        os.close(file)


def _is_named(file: int, path: Path) -> bool:
    try:
        return path.stat().st_ino == os.fstat(file).st_ino
    except FileNotFoundError:
        return False
