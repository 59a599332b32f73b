"""How a process says that it is ready, and where it can be reached.

Each process writes `run/<name>.pid` and, once it serves, `run/<name>.ready`: one JSON
object with its `pid` and whatever others need, such as the port that the kernel chose.
The supervisor waits for that file; a process started by hand writes it just the same.
"""

import json
import os
from pathlib import Path
from typing import Any

from campanile.config import settings

PROCESS_NAME = "CAMPANILE_PROCESS"
"""Set by the supervisor where a process runs under another name than its own."""

Facts = dict[str, Any]


def announce(name: str, **facts: Any) -> None:
    """Tell that this process is ready. `facts` must be JSON; a `url` is customary.

    >>> announce("exchange", url="ws://127.0.0.1:41234")
    """
    name = os.environ.get(PROCESS_NAME, name)
    run_dir = settings().run_dir
    run_dir.mkdir(parents=True, exist_ok=True)
    write_whole(pid_file(run_dir, name), f"{os.getpid()}\n")
    write_whole(ready_file(run_dir, name), json.dumps({"pid": os.getpid(), **facts}))


def announced(run_dir: Path, name: str) -> Facts | None:
    """What the process `name` told of itself; None while it has not."""
    try:
        facts: Facts = json.loads(ready_file(run_dir, name).read_text("utf-8"))
    except FileNotFoundError:
        return None
    return facts


def pid_file(run_dir: Path, name: str) -> Path:
    return run_dir / f"{name}.pid"


def ready_file(run_dir: Path, name: str) -> Path:
    return run_dir / f"{name}.ready"


def write_whole(file: Path, text: str, *, mode: int = 0o600) -> None:
    """Write so that a reader sees the old text or the new one, never half of it."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    draft.replace(file)
