"""A network namespace for tests: two addresses on a veth pair, and nothing else.

What runs in it reaches only what runs in it; files and Unix sockets are as outside.
Root makes a plain namespace, anybody else one inside a user namespace. It needs no name
and leaves nothing behind: it is there as long as a process is in it, and every process
started here is killed with the one that started it.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

ADDRESS = "10.77.0.1"
"""Where everything in the namespace listens; loopback is no good to Janus."""

_TOOLS = ("unshare", "nsenter", "setpriv", "ip", "ss")
_SET_UP = f"""
ip link set lo up &&
ip link add campanile0 type veth peer name campanile1 &&
ip address add {ADDRESS}/24 dev campanile0 &&
ip address add 10.77.0.2/24 dev campanile1 &&
ip link set campanile0 up &&
ip link set campanile1 up &&
echo ready && exec cat
"""


class NoNamespace(Exception):
    """This machine or this user cannot make a network namespace."""


class Namespace:
    def __init__(self) -> None:
        # Ends by itself when this process does: its standard input closes.
        unshare = ["unshare", "--net"] + ([] if _root() else ["--map-root-user"])
        missing = [tool for tool in _TOOLS if not shutil.which(tool)]
        if missing:
            raise NoNamespace(f"not installed: {', '.join(missing)}")
        self._keeper = subprocess.Popen(
            [*unshare, "sh", "-c", _SET_UP],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._keeper.stdout
        if self._keeper.stdout.readline() != "ready\n":
            _, error = self._keeper.communicate()
            raise NoNamespace(f"no network namespace can be made: {error.strip()}")

    def start(
        self,
        command: Sequence[str | Path],
        *,
        output: int | IO[str] = subprocess.DEVNULL,
        errors: int | IO[str] = subprocess.STDOUT,
        env: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> subprocess.Popen[str]:
        """Start `command` inside. The process has the pid that the result names."""
        user = [] if _root() else ["--user", "--preserve-credentials"]
        enter = ["nsenter", "--target", str(self._keeper.pid), "--net", *user, "--"]
        return subprocess.Popen(
            [*enter, "setpriv", "--pdeathsig", "KILL", "--", *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            env=env,
            cwd=folder,
            text=True,
        )

    def listens(self, port: int, *, protocol: str) -> bool:
        """Does anything inside listen on `port` of `tcp` or `udp`?"""
        with self.start(
            ["ss", "-Hln", f"--{protocol}", f"sport = :{port}"], output=subprocess.PIPE
        ) as ss:
            return bool(ss.communicate()[0].strip())

    def close(self) -> None:
        self._keeper.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _root() -> bool:
    return os.geteuid() == 0
