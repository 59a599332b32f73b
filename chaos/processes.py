"""Processes that are killed, frozen and started again; none of them outlives us."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

import psutil  # type: ignore[import-untyped]

from campanile.embedded.services import Service
from campanile.embedded.warden import Warden

AGAIN_SECONDS = 0.3
GRACE_SECONDS = 5.0


class Processes:
    """Starts services and starts them again when they die, until told otherwise.

    `tend` has to be called now and then; every method may be called from any thread.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]):
        self._folder = folder
        self.environment = dict(environment)
        self._warden = Warden()
        self._services: dict[str, Service] = {}
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._again_at: dict[str, float] = {}
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        (self._folder / "logs").mkdir(parents=True, exist_ok=True)
        self._warden.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            for name in reversed(list(self._children)):
                self.end(name)
            self._warden.close()

    def start(self, service: Service) -> None:
        with self._lock:
            self._services[service.name] = service
            self._spawn(service)

    def end(self, name: str) -> None:
        """Ask it to end and do not start it again."""
        with self._lock:
            service, child = self._services.pop(name), self._children.pop(name)
            self._again_at.pop(name, None)
        self._signal_all(child, signal.SIGCONT)
        child.send_signal(service.stop_signal)
        try:
            child.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        self._warden.ended(child)

    def names(self, prefix: str) -> list[str]:
        return [name for name in self._services if name.startswith(prefix)]

    def pid(self, name: str) -> int | None:
        with self._lock:
            return self._children[name].pid if self.alive(name) else None

    def alive(self, name: str) -> bool:
        with self._lock:
            child = self._children.get(name)
            return child is not None and child.poll() is None

    def kill(
        self, name: str, how: signal.Signals = signal.SIGKILL, *, down: float = 0.0
    ) -> None:
        """Signal it; once it is gone it is started again after `down` seconds."""
        with self._lock:
            child = self._children[name]
            self._again_at[name] = time.monotonic() + max(down, AGAIN_SECONDS)
            self._signal_all(child, signal.SIGCONT)
            child.send_signal(how)

    def freeze(self, name: str) -> None:
        """SIGSTOP, children (PostgreSQL's backends) included."""
        with self._lock:
            self._signal_all(self._children[name], signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        with self._lock:
            if name in self._children:
                self._signal_all(self._children[name], signal.SIGCONT)

    def cpu(self) -> dict[str, float]:
        """Seconds of CPU by service, of those that run now, their children included."""
        used = {}
        for name in list(self._children):
            if (pid := self.pid(name)) is not None:
                parent = psutil.Process(pid)
                family = (parent, *parent.children(recursive=True))
                used[name] = sum(map(_cpu_seconds, family))
        return used

    def tend(self) -> list[str]:
        """Start again what is down and due; answer the names of what was started."""
        started = []
        with self._lock:
            for name, child in list(self._children.items()):
                if child.poll() is None:
                    continue
                again_at = self._again_at.setdefault(
                    name, time.monotonic() + AGAIN_SECONDS
                )
                if time.monotonic() >= again_at:
                    del self._again_at[name]
                    self._warden.ended(child)
                    self._spawn(self._services[name])
                    started.append(name)
        return started

    def wait_for(self, name: str, *, seconds: float = 30.0) -> None:
        """Until the service says that it is ready. Raises SystemExit."""
        asked = self._services[name].ready
        assert asked is not None
        deadline = time.monotonic() + seconds
        while asked() is None:
            if time.monotonic() > deadline or not self.alive(name):
                raise SystemExit(f"{name} did not start; see {self._log(name)}")
            time.sleep(0.05)

    def _spawn(self, service: Service) -> None:
        self._children[service.name] = self._warden.spawn(
            service.command,
            environment=service.environment
            or {
                **os.environ,
                **self.environment,
                "CAMPANILE_PROCESS": service.name,
                **service.additions,
            },
            log=self._log(service.name),
            folder=service.folder,
            account=service.account,
            stop_signal=service.stop_signal,
        )

    def _log(self, name: str) -> Path:
        return self._folder / "logs" / f"{name}.ndjson"

    def _signal_all(self, child: subprocess.Popen[bytes], what: signal.Signals) -> None:
        with suppress(psutil.Error):
            parent = psutil.Process(child.pid)
            for member in (parent, *parent.children(recursive=True)):
                with suppress(psutil.Error):
                    member.send_signal(what)


def _cpu_seconds(process: psutil.Process) -> float:
    """0 of one that has just ended, as PostgreSQL's backends do."""
    try:
        return float(sum(process.cpu_times()[:4]))
    except psutil.NoSuchProcess:
        return 0.0
