"""Imported by every Python that has this folder on its PYTHONPATH, before anything else.

In the call worker, and only there, it profiles the event loop's thread for as long as
the file `profile` lies in the data folder, and then writes `profile.stats` beside it.
"""

import cProfile
import os
import sys
import threading
import time
from pathlib import Path

_LOOK_SECONDS = 0.2


def _profile(folder: Path) -> None:
    from dramatiq.asyncio import get_event_loop_thread  # noqa: PLC0415  not yet at start

    flag, profiler = folder / "profile", cProfile.Profile()
    while not flag.exists():
        time.sleep(_LOOK_SECONDS)
    thread = get_event_loop_thread()
    assert thread is not None
    thread.loop.call_soon_threadsafe(profiler.enable)
    while flag.exists():
        time.sleep(_LOOK_SECONDS)
    thread.loop.call_soon_threadsafe(profiler.disable)
    time.sleep(_LOOK_SECONDS)
    profiler.dump_stats(folder / "profile.stats")


if os.environ.get("CAMPANILE_PROCESS") == "worker" and "calls" in sys.orig_argv:
    data = Path(os.environ["CAMPANILE_DATA_DIR"])
    threading.Thread(target=_profile, args=(data,), daemon=True).start()
