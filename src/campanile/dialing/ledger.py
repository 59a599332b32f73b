"""The dial ledger: an append-only file outside the database, fsynced before each INVITE.

Restoring a backup rewinds attempt counters; this file does not go back (DESIGN D17).
One JSON object per line: {t, attempt, root, number}. `t` is unix seconds.
"""

import json
import os
from pathlib import Path
from uuid import UUID


class Ledger:
    """Appends survive a crash of process and machine before `record` returns."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # O_APPEND makes one write of one line whole, whoever else writes.
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def record(self, *, t: float, attempt: UUID, root: UUID, number: str) -> None:
        line = {"t": t, "attempt": str(attempt), "root": str(root), "number": number}
        os.write(self._file, json.dumps(line).encode() + b"\n")
        os.fsync(self._file)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
