"""Imported by every Python that has this folder on its PYTHONPATH, before anything else.

In the call worker, and only there, it watches the event loop for as long as the file
`stalls` lies in the data folder, and then writes `stalls.json` beside it: where the loop
was whenever it had not come round for too long, and each pause of the collector.
"""

import gc
import json
import os
import sys
import threading
import time
import traceback
from asyncio import AbstractEventLoop
from pathlib import Path

_LOOK_SECONDS = 0.004
_STALL_SECONDS = 0.018
_FRAMES = 6


class _Pulse:
    """Beats on the event loop, as often as it comes round."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self.at = time.monotonic()
        self.thread = 0
        loop.call_soon_threadsafe(self._beat)

    def _beat(self) -> None:
        self.at, self.thread = time.monotonic(), threading.get_ident()
        self._loop.call_later(_LOOK_SECONDS, self._beat)


def _watch(folder: Path) -> None:
    from dramatiq.asyncio import get_event_loop_thread  # noqa: PLC0415  not yet at start

    flag = folder / "stalls"
    while not flag.exists():
        time.sleep(0.2)
    looped = get_event_loop_thread()
    assert looped is not None
    pulse, stalls, pauses = _Pulse(looped.loop), [], []
    began = 0.0

    def collecting(phase: str, info: dict[str, int]) -> None:
        nonlocal began
        if phase == "start":
            began = time.monotonic()
        elif threading.get_ident() == pulse.thread:
            pauses.append((info["generation"], time.monotonic() - began))

    gc.callbacks.append(collecting)
    while flag.exists():
        time.sleep(_LOOK_SECONDS)
        late = time.monotonic() - pulse.at
        if late > _STALL_SECONDS and pulse.thread:
            stack = traceback.extract_stack(sys._current_frames()[pulse.thread])
            where = [
                f"{'/'.join(Path(at.filename).parts[-2:])}:{at.lineno} {at.name}"
                for at in reversed(stack[-_FRAMES:])
            ]
            stalls.append((late, where))
    gc.callbacks.remove(collecting)
    found = {"stalls": stalls, "pauses": pauses}
    (folder / "stalls.json").write_text(json.dumps(found))


if os.environ.get("CAMPANILE_PROCESS") == "worker" and "calls" in sys.orig_argv:
    data = Path(os.environ["CAMPANILE_DATA_DIR"])
    threading.Thread(target=_watch, args=(data,), daemon=True).start()
