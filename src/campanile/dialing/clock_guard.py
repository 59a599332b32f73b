"""Whether this process may trust its clock: no clock, no lawful hour (pure).

Three witnesses: the database's clock, which all processes share; the monotonic clock of
this process, which nobody can set; and the ledger, whose newest line cannot lie ahead.
"""

import time
from datetime import datetime, timedelta
from threading import Lock

APART = timedelta(seconds=5)
"""Leases and next attempts are read by one clock and written by another."""
DRIFT_SECONDS = 2.0
GOOD_CHECKS = 3
CHECK_SECONDS = 1.0
"""Checks that follow each other faster than this count as one."""
AHEAD_SECONDS = 2 * APART.total_seconds()
"""How far ahead of ours another host's clock may have written the newest line."""


class ClockGuard:
    """Notices that somebody has set the clock: wall and monotonic time part.

    Closed from then on, until three checks in a row found them together again; the new
    wall time is then taken for right, and the database has the last word on that.
    """

    def __init__(self, *, wall: float, monotonic: float) -> None:
        self._offset = wall - monotonic
        self._checked = monotonic
        self._good = GOOD_CHECKS
        self._lock = Lock()

    def check(self, *, wall: float, monotonic: float) -> bool:
        """Whether the clock has been steady; `wall` in unix seconds."""
        with self._lock:
            if abs(wall - monotonic - self._offset) >= DRIFT_SECONDS:
                self._offset = wall - monotonic
                self._good = 0
                self._checked = monotonic
            elif (
                self._good < GOOD_CHECKS and monotonic - self._checked >= CHECK_SECONDS
            ):
                self._good += 1
                self._checked = monotonic
            return self._good >= GOOD_CHECKS


def trouble_with_clock(
    guard: ClockGuard, *, ours: datetime, databases: datetime, newest_dial: float
) -> str | None:
    """Why this process may not dial now, in words; None: its clock can be trusted.

    `newest_dial` is the time of the ledger's last line, in unix seconds.
    """
    steady = guard.check(wall=ours.timestamp(), monotonic=time.monotonic())
    apart = abs(ours - databases)
    if apart >= APART:
        return f"our clock and the database's differ by {apart.total_seconds():.0f} s"
    if not steady:
        return "our clock was set while we ran; it is being watched"
    if newest_dial > ours.timestamp() + AHEAD_SECONDS:
        return "the last dial in the ledger lies in the future: our clock is behind"
    return None


THIS_PROCESS = ClockGuard(wall=time.time(), monotonic=time.monotonic())
