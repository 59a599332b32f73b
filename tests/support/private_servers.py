"""A PostgreSQL and a Redis of one test's own, to be frozen, killed and started again."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from campanile.embedded.postgres import DATABASE, PrivatePostgres
from campanile.embedded.redis import PrivateRedis
from campanile.embedded.services import Service
from support.waiting import wait_until


class PrivateServer:
    """One server process; it may be ended and started again as often as one likes."""

    def __init__(self, service: Service, log: Path) -> None:
        self._service = service
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        identity = self._service.account.identity if self._service.account else {}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._service.command,
                cwd=self._service.folder,
                env=dict(self._service.environment or os.environ),
                stdout=log,
                stderr=log,
                **identity,
            )
        asked = self._service.ready
        assert asked is not None
        wait_until(lambda: asked() is not None, f"{self._service.name} serves")

    def freeze(self) -> None:
        """SIGSTOP to all of it: it accepts connections and never answers."""
        for process in reversed(self._family()):
            with suppress(psutil.NoSuchProcess):  # a backend may end at any time
                process.suspend()

    def thaw(self) -> None:
        for process in self._family():
            with suppress(psutil.NoSuchProcess):
                process.resume()

    def stop(self) -> None:
        """The orderly end, as by its service manager."""
        self._end(self._service.stop_signal)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            with suppress(psutil.NoSuchProcess):
                self.thaw()
            self.stop()

    def _end(self, how: signal.Signals) -> None:
        assert self._process is not None
        family = self._family()
        self._process.send_signal(how)
        self._process.wait(15)
        psutil.wait_procs(family, timeout=15)

    def _family(self) -> list[psutil.Process]:
        assert self._process is not None
        parent = psutil.Process(self._process.pid)
        return [parent, *parent.children(recursive=True)]


@contextmanager
def private_postgres() -> Iterator[tuple[PrivateServer, str]]:
    """Its server and its URL; the database is empty."""
    with tempfile.TemporaryDirectory(prefix="campanile-own-pg-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # root's PostgreSQL runs under another account
        postgres = PrivatePostgres(folder / "postgres", settings={"fsync": "off"})
        postgres.prepare()
        server = PrivateServer(postgres.service(), folder / "postgres.log")
        server.start()
        try:
            postgres.create_database(DATABASE)
            yield server, postgres.url()
        finally:
            server.close()


@contextmanager
def private_redis() -> Iterator[tuple[PrivateServer, str]]:
    with tempfile.TemporaryDirectory(prefix="campanile-own-redis-") as name:
        redis = PrivateRedis(Path(name) / "redis")
        server = PrivateServer(redis.service(), Path(name) / "redis.log")
        server.start()
        try:
            yield server, redis.url()
        finally:
            server.close()
