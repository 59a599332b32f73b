"""One supervisor per data folder, and how to reach it from another terminal."""

import fcntl
import os
import signal
import time
from pathlib import Path
from typing import Self

from campanile.embedded.orphans import end_orphans
from campanile.errors import Conflict, Unavailable


class InstanceLock:
    """A pid file that its process keeps locked; the kernel drops the lock with it.

    Whoever takes it knows that what an earlier holder left running is an orphan.
    """

    def __init__(self, file: Path):
        self._file = file
        self._descriptor = -1

    def __enter__(self) -> Self:
        """Raises Conflict where a living supervisor holds the file."""
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode().strip()
            os.close(descriptor)
            raise Conflict(
                f"campanile already runs on {self._file.parent.parent} "
                f"(process {holder}).",
                hint="Stop it with `campanile down`, or choose another "
                "CAMPANILE_DATA_DIR.",
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor
        end_orphans(self._file.parent)
        return self

    def __exit__(self, *_: object) -> None:
        # The file stays, empty: removing it would let a third process lock a new file
        # of the same name beside a second one that waits for this one.
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def running(run_dir: Path) -> int | None:
    """The process id of the living supervisor of `run_dir`, if there is one."""
    try:
        descriptor = os.open(run_dir / "supervisor.pid", os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(os.read(descriptor, 32).decode().strip() or 0) or None
    else:
        return None
    finally:
        os.close(descriptor)


def stop(run_dir: Path, *, timeout: float = 90.0) -> bool:
    """End the supervisor of `run_dir` and wait for it; False where none runs.

    Raises Unavailable when it is still there after `timeout` seconds.
    """
    pid = running(run_dir)
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout
    while running(run_dir):
        if time.monotonic() > deadline:
            raise Unavailable(
                f"campanile (process {pid}) still runs after {timeout:.0f} s.",
                hint="It waits for calls to end; `kill` it to end them at once.",
            )
        time.sleep(0.1)
    return True
