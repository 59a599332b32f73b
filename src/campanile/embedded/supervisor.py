"""Starts processes, waits until they are ready, starts again what dies, and ends all.

    with Supervisor(data_dir) as supervisor:
        supervisor.start(postgres.service(), redis.service())
        supervisor.wait_until_ready("postgres", "redis")

In the data folder: `run/supervisor.pid` (locked while we live), `run/<name>.pid`,
`run/<name>.ready`, `logs/<name>.ndjson` (`.log` where the program is not ours).
A process that dies before it was ever ready is a mistake and is reported; one that dies
later is started again, after a pause that doubles. Leaving the block ends everything in
reverse order; being killed ends everything too (warden.py).
"""

import os
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import structlog

from campanile.embedded.instance import InstanceLock
from campanile.embedded.services import Service
from campanile.embedded.warden import Warden
from campanile.errors import Unavailable
from campanile.readiness import (
    PROCESS_NAME,
    Facts,
    announced,
    pid_file,
    ready_file,
    write_whole,
)

LOOK_SECONDS = 0.2
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 15.0
HEALTHY_AFTER_SECONDS = 30.0
"""A process that lived this long starts again without delay the next time."""
INSIST_SECONDS = 10.0
"""From the second stop signal to SIGKILL."""
LARGEST_LOG_BYTES = 20_000_000

log = structlog.get_logger(__name__)


@dataclass
class _Running:
    service: Service
    process: subprocess.Popen[bytes]
    started_at: float = field(default_factory=time.monotonic)
    facts: Facts | None = None
    """What it told when it became ready."""
    pause: float = FIRST_PAUSE_SECONDS
    again_at: float | None = None
    """When to start it again; None while it runs."""


class Supervisor:
    """One per data folder. Its methods may be called from any thread."""

    def __init__(self, data_dir: Path, *, environment: Mapping[str, str] | None = None):
        self.data_dir = data_dir.absolute()
        self.run_dir = self.data_dir / "run"
        self.logs_dir = self.data_dir / "logs"
        self._environment = {
            **os.environ,
            "CAMPANILE_DATA_DIR": str(self.data_dir),
            "PYTHONUNBUFFERED": "1",
            **(environment or {}),
        }
        self._instance = InstanceLock(self.run_dir / "supervisor.pid")
        self._warden = Warden()
        self._running: dict[str, _Running] = {}
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._tending = threading.Thread(
            target=self._tend, name="supervisor", daemon=True
        )

    def __enter__(self) -> Self:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.run_dir.mkdir(mode=0o700, exist_ok=True)
        self.logs_dir.mkdir(exist_ok=True)
        self._instance.__enter__()
        self._warden.__enter__()
        self._tending.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._tending.join()
        try:
            for name in reversed(list(self._running)):
                self.stop(name)
        finally:
            self._warden.close()
            self._instance.__exit__()

    def start(self, *services: Service) -> None:
        """Start them in this order, without waiting."""
        with self._lock:
            for service in services:
                self._running[service.name] = _Running(service, self._spawn(service))

    def wait_until_ready(self, *names: str, timeout: float = 30.0) -> dict[str, Facts]:
        """What each told of itself. Raises Unavailable when one dies or takes too long."""
        deadline = time.monotonic() + timeout
        while waiting := [name for name in names if self._facts(name) is None]:
            for name in waiting:
                status = self._running[name].process.poll()
                if status is not None:
                    raise self._failure(name, f"ended with status {status}")
            if time.monotonic() > deadline:
                raise self._failure(waiting[0], f"is not ready after {timeout:.0f} s")
            time.sleep(LOOK_SECONDS / 10)
        return {name: self._facts(name) or {} for name in names}

    def run(self, service: Service, *, timeout: float = 60.0) -> None:
        """Run a process that ends by itself. Raises Unavailable when it fails."""
        process = self._spawn(service)
        running = _Running(service, process)
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._end(running)
            raise self._failure(
                service.name, f"did not end in {timeout:.0f} s"
            ) from None
        self._forget(running)
        if status != 0:
            raise self._failure(service.name, f"ended with status {status}")

    def stop(self, name: str) -> None:
        """Ask it to end, insist after its grace time, and do not start it again."""
        with self._lock:
            running = self._running.pop(name)
        self._end(running)

    def alive(self) -> dict[str, bool]:
        """Each process by name, and whether it runs at this moment."""
        with self._lock:
            return {
                name: running.process.poll() is None
                for name, running in self._running.items()
            }

    def _tend(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            with self._lock:
                for name, running in list(self._running.items()):
                    self._revive(name, running)

    def _revive(self, name: str, running: _Running) -> None:
        now = time.monotonic()
        if running.process.poll() is None or running.facts is None:
            return
        if running.again_at is None:
            self._warden.ended(running.process)
            if now - running.started_at > HEALTHY_AFTER_SECONDS:
                running.pause = FIRST_PAUSE_SECONDS
            running.again_at = now + running.pause
            log.warning(
                "process.died",
                process=name,
                status=running.process.returncode,
                again_in=running.pause,
            )
        elif now >= running.again_at:
            service = running.service
            again = service.again(running.facts) if service.again else ()
            self._running[name] = _Running(
                service,
                self._spawn(replace(service, command=(*service.command, *again))),
                facts=running.facts,
                pause=min(running.pause * 2, LONGEST_PAUSE_SECONDS),
            )

    def _spawn(self, service: Service) -> subprocess.Popen[bytes]:
        ready_file(self.run_dir, service.name).unlink(missing_ok=True)
        base = self._environment if service.environment is None else service.environment
        process = self._warden.spawn(
            service.command,
            environment={**base, PROCESS_NAME: service.name, **service.additions},
            log=self._log_file(service),
            folder=service.folder,
            account=service.account,
            stop_signal=service.stop_signal,
        )
        write_whole(pid_file(self.run_dir, service.name), f"{process.pid}\n")
        log.info("process.started", process=service.name, pid=process.pid)
        return process

    def _facts(self, name: str) -> Facts | None:
        with self._lock:
            running = self._running[name]
            if running.facts is None:
                asked = running.service.ready
                running.facts = asked() if asked else announced(self.run_dir, name)
            return running.facts

    def _end(self, running: _Running) -> None:
        process = running.process
        if process.poll() is None:
            process.send_signal(running.service.stop_signal)
            try:
                process.wait(running.service.grace_seconds)
            except subprocess.TimeoutExpired:
                self._insist(running)
        self._forget(running)

    def _insist(self, running: _Running) -> None:
        """Asked again, a call worker has its calls say goodbye; then it is killed."""
        process = running.process
        process.send_signal(running.service.stop_signal)
        try:
            process.wait(INSIST_SECONDS)
        except subprocess.TimeoutExpired:
            log.warning("process.killed", process=running.service.name)
            process.kill()
            process.wait()

    def _forget(self, running: _Running) -> None:
        self._warden.ended(running.process)
        pid_file(self.run_dir, running.service.name).unlink(missing_ok=True)
        ready_file(self.run_dir, running.service.name).unlink(missing_ok=True)
        if running.service.leftover:
            with suppress(OSError):
                running.service.leftover.rmdir()

    def _log_file(self, service: Service) -> Path:
        file = self.logs_dir / f"{service.name}{service.log_suffix}"
        if file.exists() and file.stat().st_size > LARGEST_LOG_BYTES:
            file.replace(file.with_name(f"{file.name}.1"))
        return file

    def _failure(self, name: str, what: str) -> Unavailable:
        matching = sorted(self.logs_dir.glob(f"{name}.*"))
        last_lines = (
            matching[0].read_text("utf-8", "replace").splitlines()[-8:]
            if matching
            else []
        )
        return Unavailable(
            f"The process {name} {what}.",
            hint=f"Its log is {matching[0] if matching else self.logs_dir}.",
            details=last_lines,
        )
