"""Ends what a supervisor started, once the supervisor is gone, however it went.

Runs as a script of its own (`python -I -S warden_process.py`), hence no imports beyond
the standard library. It reads one line per event from its standard input:

    + <process group> <signal number>     started; this signal asks it to end
    - <process group>                     ended

The end of that input means that nobody holds the other end any more: the supervisor
has closed it, or was killed. Whatever has not ended is asked to, and killed after
`GRACE_SECONDS`.
"""

import os
import signal
import sys
import time
from collections.abc import Callable

GRACE_SECONDS = 4.0


def main() -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    groups: dict[int, int] = {}
    for line in sys.stdin:
        match line.split():
            case ["+", group, number]:
                groups[int(group)] = int(number)
            case ["-", group]:
                groups.pop(int(group), None)
    end(groups)


def end(groups: dict[int, int]) -> None:
    # Only the leader is asked: to PostgreSQL's children SIGINT means something else.
    for leader, number in groups.items():
        send(os.kill, leader, number)
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline and any(alive(group) for group in groups):
        time.sleep(0.05)
    for group in groups:
        send(os.killpg, group, signal.SIGKILL)


def alive(group: int) -> bool:
    return send(os.killpg, group, 0)


def send(kill: Callable[[int, int], None], target: int, number: int) -> bool:
    try:
        kill(target, number)
    except ProcessLookupError:
        return False
    except PermissionError:  # exists, but is no longer ours: macOS says so of zombies
        return False
    return True


if __name__ == "__main__":
    main()
