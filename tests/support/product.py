"""The product's own processes, for tests: each the real program, ended with the test."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from campanile.readiness import announced
from support.waiting import wait_until

Start = Callable[..., "subprocess.Popen[str]"]


class Product:
    """Starts `campanile` processes on one data folder; the settings come as `env`.

    `start` may be a namespace's, for the processes that must live in it.
    """

    def __init__(self, data_dir: Path, env: Mapping[str, str]) -> None:
        self.data_dir = data_dir
        self.env = {"CAMPANILE_DATA_DIR": str(data_dir), **env}
        self.processes: dict[str, subprocess.Popen[Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in reversed(self.processes.values()):
            process.kill()
        for process in self.processes.values():
            process.wait()

    def run(
        self, name: str, *command: str, inside: Start | None = None
    ) -> dict[str, Any]:
        """Start a process and wait until it is ready; answer what it announced."""
        logs = self.data_dir / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        arguments = [sys.executable, "-m", *command]
        environment = {**os.environ, **self.env, "CAMPANILE_PROCESS": name}
        with (logs / f"{name}.ndjson").open("a") as log:
            if inside is None:
                process = subprocess.Popen(
                    arguments, stdout=log, stderr=log, env=environment
                )
            else:
                process = inside(arguments, output=log, errors=log, env=environment)
        self.processes[name] = process
        run_dir = self.data_dir / "run"

        def ready() -> bool:
            assert process.poll() is None, self.log(name)
            found = announced(run_dir, name)
            return found is not None

        wait_until(ready, f"{name} is ready", timeout=60)
        return announced(run_dir, name) or {}

    def log(self, name: str) -> str:
        return (self.data_dir / "logs" / f"{name}.ndjson").read_text()

    def events(self, name: str) -> list[dict[str, Any]]:
        """The log of a process, line by line, what is not JSON left out."""
        lines = self.log(name).splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]
