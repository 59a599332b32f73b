"""Run a program whose wall clock can be set while it runs.

    python -m chaos.stepped campanile_workers calls

`$CHAOS_CLOCK` names a file with the seconds to add, read again twice a second. What
Python reads as wall time is stepped (`time.time`, `campanile.clock`); monotonic clocks,
the database's and the kernel's are not, just as when an administrator sets the clock of
one host of several.
"""

import os
import runpy
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

LOOK_SECONDS = 0.5


def stepped(file: Path, real: Callable[[], float]) -> Callable[[], float]:
    """The wall clock that runs off by what `file` says."""
    looked, off = float("-inf"), 0.0

    def now() -> float:
        nonlocal looked, off
        if time.monotonic() - looked > LOOK_SECONDS:
            looked = time.monotonic()
            off = float(file.read_text() or 0) if file.exists() else 0.0
        return real() + off

    return now


def main(program: str) -> None:
    clock = stepped(Path(os.environ["CHAOS_CLOCK"]), time.time)
    time.time = clock
    # Before anything else imports its names.
    from campanile import clock as campanile_clock  # noqa: PLC0415

    campanile_clock.now = lambda: datetime.fromtimestamp(clock(), UTC)
    sys.argv = sys.argv[1:]
    runpy.run_module(program, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1])
