"""What the supervisor has to know of a process in order to keep it running."""

import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from campanile.embedded.accounts import Account
from campanile.readiness import Facts


@dataclass(frozen=True, kw_only=True)
class Service:
    """A process and what to expect of it."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] | None = None
    """The whole of it; None: ours."""
    additions: Mapping[str, str] = field(default_factory=dict)
    """Added to the environment."""
    folder: Path | None = None
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 10.0
    """From `stop_signal` to SIGKILL."""
    ready: Callable[[], Facts | None] | None = None
    """Asked until it answers; None: the process announces itself (readiness.py)."""
    again: Callable[[Facts], tuple[str, ...]] | None = None
    """Further arguments when it is started again, from what it told the first time."""
    leftover: Path | None = None
    """A folder to remove when it has been stopped, if it is empty by then."""
    log_suffix: Literal[".ndjson", ".log"] = ".ndjson"


def campanile(
    name: str,
    *command: str,
    grace_seconds: float = 10.0,
    again: Callable[[Facts], tuple[str, ...]] | None = None,
) -> Service:
    """One of our own processes: `campanile <command>`, run by this very interpreter."""
    return Service(
        name=name,
        command=(sys.executable, "-m", "campanile.cli.main", *command),
        grace_seconds=grace_seconds,
        again=again,
    )
