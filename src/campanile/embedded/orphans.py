"""Ends what a predecessor left, when its warden was killed along with it.

`pkill -9 python` does that: PostgreSQL and Redis live on, and would be in our way.
"""

import os
import signal
import subprocess
from pathlib import Path

from campanile.embedded.warden_process import end


def end_orphans(run_dir: Path) -> None:
    """End every process that a pid file still names, unless its pid is another's now.

    Call it only when no supervisor of `run_dir` lives.
    """
    groups: dict[int, int] = {}
    for file in run_dir.glob("*.pid"):
        name, text = file.stem, file.read_text().strip()
        if name == "supervisor" or not text.isdigit():
            continue
        pid = int(text)
        if _is_ours(pid, name):
            groups[pid] = signal.SIGINT if name == "postgres" else signal.SIGTERM
        file.unlink()
        file.with_suffix(".ready").unlink(missing_ok=True)
    end(groups)


def _is_ours(pid: int, name: str) -> bool:
    """Whether this is a process of ours: the leader of its group, and called like one."""
    try:
        if os.getpgid(pid) != pid:
            return False
        asked = subprocess.run(
            ["ps", "-ww", "-o", "args=", "-p", str(pid)],
            capture_output=True,
            text=True,
            check=False,
        )
    except (ProcessLookupError, FileNotFoundError):
        return False
    return "campanile" in asked.stdout or name in asked.stdout
