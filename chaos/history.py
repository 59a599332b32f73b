"""What was done to the product and when: `history.ndjson`, one JSON object per line.

`t` is the instant (unix seconds) at which a thing was in force: for an order, when its
commit had returned. `asked` is when it was begun; `until`, in a line of its own or not
at all, when it was over.
"""

import json
import threading
import time
from pathlib import Path
from typing import Any


def faults_in(folder: Path) -> int:
    """How many faults and orders the history of a round has."""
    lines = (folder / "history.ndjson").read_text("utf-8").splitlines()
    return sum(bool(json.loads(line)["fault"]) for line in lines)


class History:
    """May be written to from any thread."""

    def __init__(self, file: Path):
        self._file = file.open("a", encoding="utf-8")
        self._lock = threading.Lock()
        self.count = 0
        """of faults and orders"""

    def note(self, event: str, *, fault: bool = True, **facts: Any) -> None:
        line = {"t": time.time(), "event": event, "fault": fault, **facts}
        with self._lock:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()
            self.count += fault

    def close(self) -> None:
        self._file.close()
