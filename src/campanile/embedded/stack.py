"""Which processes make a campanile on one machine, and in which order they start.

    postgres redis exchange providers → migrate → api jobs worker scheduler

A server that the environment names (`CAMPANILE_DATABASE_URL`, …) is used and not
started. What was started stands in `run/services.json`, where every process reads it
as its settings (config.py).
"""

import shutil
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from campanile.config import Settings, settings
from campanile.embedded import instance
from campanile.embedded.addresses import Addresses
from campanile.embedded.instance import InstanceLock
from campanile.embedded.interruption import interruptible
from campanile.embedded.postgres import PrivatePostgres
from campanile.embedded.redis import PrivateRedis
from campanile.embedded.services import Service, campanile
from campanile.embedded.supervisor import Supervisor
from campanile.logs import configure
from campanile.readiness import Facts

__all__ = ["Rehearsal", "api_url", "down", "interruptible", "running", "up", "wipe"]

CALLS_GRACE_SECONDS = 20.0
"""How long running calls may go on once everything is to stop; then they say goodbye."""
START_SECONDS = 60.0

Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """How the simulated phone network behaves, if it is started at all."""

    seed: int = 0
    callees: Path | None = None
    mute: bool = False

    def exchange(self) -> Service:
        options = ["--seed", str(self.seed)]
        if self.callees:
            options += ["--callees", str(self.callees)]
        if self.mute:
            options.append("--mute")
        return campanile(
            "exchange", "rehearsal", "exchange", *options, again=_same_port
        )

    def providers(self) -> Service:
        return campanile("providers", "rehearsal", "providers", again=_same_port)


def up(data_dir: Path, *, tell: Tell = lambda _sentence: None) -> None:
    """Run until Ctrl-C, SIGTERM or SIGHUP.

    A provider whose key is set is the real one; all else that is not named is simulated.
    """
    real = {
        f"{provider}_url": Settings.model_fields[f"{provider}_url"].default
        for provider in ("deepgram", "openai", "elevenlabs")
        if getattr(settings(), f"{provider}_api_key")
    }
    with (
        suppress(KeyboardInterrupt),
        interruptible(),
        running(data_dir, facts=real, tell=tell),
    ):
        tell(f"Running; the API is at {api_url()}. Ctrl-C ends it.")
        threading.Event().wait()


def down(data_dir: Path) -> bool:
    """End what `up` started on `data_dir` and wait for it; False where nothing runs."""
    return instance.stop(data_dir.absolute() / "run")


def api_url() -> str:
    return f"http://{settings().api_host}:{settings().api_port}"


@contextmanager
def running(
    data_dir: Path,
    *,
    facts: Mapping[str, Any] | None = None,
    rehearsal: Rehearsal | None = None,
    tell: Tell = lambda _sentence: None,
) -> Iterator[Supervisor]:
    """Everything, started and ready; ended when the block is left.

    `facts` are settings for all processes, by field name; the environment wins over
    them. Raises Unavailable when something does not start, Conflict when a supervisor
    already runs on `data_dir`.
    """
    with Supervisor(data_dir, environment={"PYTHONUTF8": "1"}) as supervisor:
        configure(file=supervisor.logs_dir / "supervisor.ndjson")
        addresses = Addresses(supervisor.run_dir / "services.json", facts or {})
        try:
            tell("Starting the database, the queue and the rehearsal.")
            _start_servers(supervisor, addresses, rehearsal or Rehearsal())
            tell("Bringing the database up to date.")
            supervisor.run(campanile("migrate", "migrate"))
            tell("Starting API, workers and scheduler.")
            _start_processes(supervisor, addresses)
            yield supervisor
        finally:
            addresses.forget()


def wipe(data_dir: Path) -> None:
    """Delete the database, queue, logs and recordings of a campanile that is not running.

    The voices' cache stays. Raises Conflict where a supervisor runs.
    """
    run_dir = data_dir / "run"
    run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with InstanceLock(run_dir / "supervisor.pid"):
        PrivatePostgres(data_dir / "postgres").remove()
        for name in ("redis", "recordings", "logs", "ledger", "journal"):
            shutil.rmtree(data_dir / name, ignore_errors=True)
        for log in (data_dir / "rehearsal").glob("*.ndjson"):
            log.unlink()


def _start_servers(
    supervisor: Supervisor, addresses: Addresses, rehearsal: Rehearsal
) -> None:
    data_dir = supervisor.data_dir
    waiting: list[str] = []

    def start(service: Service) -> None:
        supervisor.start(service)
        waiting.append(service.name)

    if addresses.lack("gateway_url"):
        start(rehearsal.exchange())
    if addresses.lack("deepgram_url", "openai_url", "elevenlabs_url"):
        start(rehearsal.providers())
    if addresses.lack("redis_url"):
        redis = PrivateRedis(data_dir / "redis")
        start(redis.service())
        addresses.know(redis_url=redis.url())
    postgres = PrivatePostgres(data_dir / "postgres")
    if own_database := addresses.lack("database_url"):
        postgres.prepare()
        start(postgres.service())
        addresses.know(database_url=postgres.url())
    told = supervisor.wait_until_ready(*waiting, timeout=START_SECONDS)
    if own_database:
        postgres.create_database()
    if "exchange" in told:
        addresses.know(gateway_url=told["exchange"]["url"], media_address="127.0.0.1")
    addresses.know(**told.get("providers", {}))
    addresses.write()


def _start_processes(supervisor: Supervisor, addresses: Addresses) -> None:
    if addresses.lack("api_port") and _taken(settings().api_host, settings().api_port):
        addresses.know(api_port=0)
        addresses.write()
    supervisor.start(
        campanile("api", "api"),
        campanile("jobs", "worker", "--queue", "jobs"),
        campanile("worker", "worker", grace_seconds=CALLS_GRACE_SECONDS),
        campanile("scheduler", "scheduler"),
    )
    told = supervisor.wait_until_ready(
        "api", "jobs", "worker", "scheduler", timeout=START_SECONDS
    )
    addresses.know(api_port=urlsplit(told["api"]["url"]).port)
    addresses.write()


def _same_port(told: Facts) -> tuple[str, ...]:
    """The option that makes a restarted server take the port that others know."""
    url = next(str(fact) for name, fact in told.items() if name.endswith("url"))
    return ("--port", str(urlsplit(url).port))


def _taken(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False
