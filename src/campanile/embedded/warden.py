"""Starts processes that cannot outlive us.

Every child is told to a small process, the warden (warden_process.py), through a pipe
that only we hold. When we die, by whatever signal, the pipe closes and the warden ends
what is left: on Linux and macOS alike, process groups of grandchildren included.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from campanile.embedded import warden_process
from campanile.embedded.accounts import Account

# The child tells its own process id before it becomes the program, so that there is no
# moment at which it runs and the warden does not know of it. Its standard input is the
# pipe until then.
_TELL_AND_BECOME = 'echo "+ $$ $1" >&0; shift; exec "$@" </dev/null'


class Warden:
    """Open from `__enter__` to `close`; closing ends whatever was not ended before."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", warden_process.__file__],
            stdin=subprocess.PIPE,
            cwd="/",
            start_new_session=True,  # a terminal's Ctrl-C is for us alone
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def spawn(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        folder: Path | None = None,
        account: Account | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> subprocess.Popen[bytes]:
        """Start `command` in a process group of its own, writing to the end of `log`."""
        who = account.identity if account else {}
        with log.open("ab") as output:
            return subprocess.Popen(
                [
                    "/bin/sh",
                    "-c",
                    _TELL_AND_BECOME,
                    "sh",
                    str(int(stop_signal)),
                    *command,
                ],
                stdin=self._pipe,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=folder,
                start_new_session=True,
                **who,
            )

    def ended(self, child: subprocess.Popen[bytes]) -> None:
        """Say that `child` has been waited for; kills what it left behind."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        with suppress(BrokenPipeError):
            os.write(self._pipe, f"- {child.pid}\n".encode())

    def close(self) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        stdin.close()
        self._process.wait()

    @property
    def _pipe(self) -> int:
        assert self._process.stdin is not None
        return self._process.stdin.fileno()
