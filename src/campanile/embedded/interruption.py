"""How somebody ends us: Ctrl-C, SIGTERM, a closed terminal, or a killed `make`."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDS_WITH_PARENT = "CAMPANILE_ENDS_WITH_PARENT"
"""Set by the Makefile: nobody is left to press Ctrl-C once `make` was killed. Not the
default, because a shell that has started us in the background may well go away."""
LOOK_SECONDS = 0.5


@contextmanager
def interruptible() -> Iterator[None]:
    """Make SIGTERM and SIGHUP unwind the block as Ctrl-C does.

    A second one, while the block is being left, hands the rest to the warden, which
    does not wait for calls. SIGHUP stays ignored where `nohup` ignored it.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    # SIGINT too: a shell starts background jobs with it ignored.
    signals = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signals.append(signal.SIGHUP)
    before = {number: signal.signal(number, interrupt) for number in signals}
    left = threading.Event()
    if os.environ.get(ENDS_WITH_PARENT):
        threading.Thread(
            target=_watch_parent, args=(os.getppid(), left), name="parent", daemon=True
        ).start()
    try:
        yield
    finally:
        left.set()
        for number, handler in before.items():
            signal.signal(number, handler)


def _watch_parent(parent: int, left: threading.Event) -> None:
    while not left.wait(LOOK_SECONDS):
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)
            return
