"""Waiting for a process that tells nobody when it is ready."""

import time
from collections.abc import Callable


def wait_until(
    happened: Callable[[], bool], what: str, *, timeout: float = 10.0
) -> float:
    """Look every 20 ms; answer how many seconds it took. Raises AssertionError."""
    start = time.monotonic()
    while not happened():
        if time.monotonic() - start > timeout:
            raise AssertionError(f"Not within {timeout:g} s: {what}")
        time.sleep(0.02)
    return time.monotonic() - start
