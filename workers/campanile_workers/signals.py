"""How a process learns that it is to end, whatever its threads are doing."""

import os
import signal


def endings() -> int:
    """A descriptor on which a byte comes in for every SIGTERM and SIGINT.

    No handler of ours runs: it would have to wait for the main thread to wake up, and
    could interrupt it while it holds the very lock that the handler needs.
    """
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell)
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: None)
    return told
