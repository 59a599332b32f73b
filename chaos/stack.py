"""Everything one round needs, as processes: the product's own programs and the world."""

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from campanile import db
from campanile.config import settings
from campanile.embedded.postgres import PrivatePostgres
from campanile.embedded.redis import PrivateRedis
from campanile.embedded.services import Service
from campanile.readiness import Facts
from chaos.processes import Processes
from chaos.scaled import Times
from chaos.world import World

ROOT = Path(__file__).parents[1]
SOURCES = ("src", "workers", "scheduler")
CANNED = ROOT / "benchmarks" / "canned_providers.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How many of each process, and what they are told."""

    workers: int = 3
    slots: int = 30
    schedulers: int = 1
    times: Times = field(default_factory=Times)
    sources: tuple[Path, ...] = tuple(ROOT / name for name in SOURCES)
    """where the product's packages are; a mutation is a changed copy of them"""
    callees: Mapping[str, float] | None = None
    """shares of how they behave (rehearsal/exchange/manners.py); None: as there"""


CLOCKED = "worker-1"
"""The process whose wall clock may be stepped (stepped.py)."""


def clock_file(folder: Path) -> Path:
    return folder / "clock"


@dataclass(frozen=True, slots=True)
class Stack:
    folder: Path
    processes: Processes
    postgres: PrivatePostgres
    redis: PrivateRedis
    shape: Shape


@contextmanager
def servers(folder: Path, world: World, *, shape: Shape) -> Iterator[Stack]:
    """PostgreSQL migrated, Redis, exchange and providers up; nobody dials yet."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # root's PostgreSQL runs under another account
    exchange, providers = _free_port(), _free_port()
    postgres = PrivatePostgres(folder / "postgres")
    postgres.prepare()
    redis = PrivateRedis(folder / "redis")
    environment = {
        **shape.times.environment(),
        "CAMPANILE_DATA_DIR": str(folder),
        "CAMPANILE_DATABASE_URL": postgres.url(),
        "CAMPANILE_REDIS_URL": redis.url(),
        "CAMPANILE_GATEWAY_URL": f"ws://127.0.0.1:{exchange}",
        "CAMPANILE_DEEPGRAM_URL": f"ws://127.0.0.1:{providers}",
        "CAMPANILE_OPENAI_URL": f"http://127.0.0.1:{providers}/v1",
        "CAMPANILE_ELEVENLABS_URL": f"http://127.0.0.1:{providers}",
        "CAMPANILE_MEDIA_ADDRESS": "127.0.0.1",
        "CAMPANILE_CLOCK_OFFSET": str(world["offset"]),
        "CAMPANILE_WORKER_SLOTS": str(shape.slots),
        "CAMPANILE_PROVIDER_SLOTS": "1000",
        # All share two cores with the faults: a loop that lags is no news here.
        "CAMPANILE_LAG_LIMIT_SECONDS": "1.0",
        "CHAOS_CLOCK": str(clock_file(folder)),
        "PYTHONPATH": os.pathsep.join(map(str, [*shape.sources, ROOT])),
        "PYTHONUTF8": "1",
    }
    with ExitStack() as opened:
        opened.enter_context(_settings(environment))
        processes = opened.enter_context(Processes(folder, environment))
        stack = Stack(folder, processes, postgres, redis, shape)
        for service in (
            postgres.service(),
            redis.service(),
            _exchange(folder, exchange, world, shape),
            _providers(providers),
        ):
            processes.start(service)
        for name in ("postgres", "redis", "exchange", "providers"):
            processes.wait_for(name)
        postgres.create_database()
        db.migrate()
        yield stack


def start_product(stack: Stack) -> None:
    shape = stack.shape
    for index in range(shape.schedulers):
        stack.processes.start(
            _ours(shape, f"scheduler-{index + 1}", "campanile_scheduler")
        )
    for index in range(shape.workers):
        stack.processes.start(
            _ours(shape, f"worker-{index + 1}", "campanile_workers", "calls")
        )
    stack.processes.start(_ours(shape, "jobs", "campanile_workers", "jobs"))


def scheduler(shape: Shape, name: str) -> Service:
    return _ours(shape, name, "campanile_scheduler")


def _ours(shape: Shape, name: str, *command: str) -> Service:
    # Lower in priority than the far end, whose clock is the judge's.
    nice = ("nice", "-n", "3")
    stepped = ("chaos.stepped",) if name == CLOCKED else ()
    return Service(
        name=name,
        command=(*nice, sys.executable, "-m", *stepped, *command),
    )


def _exchange(folder: Path, port: int, world: World, shape: Shape) -> Service:
    manners = folder / "manners.json"
    told = {"shares": shape.callees, "callers": world["fare"]}
    manners.write_text(json.dumps(told), "utf-8")
    options = {
        "port": port,
        "data": folder,
        "seed": world["seed"],
        "session-timeout": shape.times.gateway_session,
        "manners": manners,
    }
    flags = [
        part for name, value in options.items() for part in (f"--{name}", str(value))
    ]
    command = (
        sys.executable,
        "-m",
        "campanile.rehearsal.exchange",
        "--signalling-only",
    )
    return Service(
        name="exchange", command=(*command, *flags), ready=lambda: _listens(port)
    )


def _providers(port: int) -> Service:
    command = (sys.executable, str(CANNED), "--port", str(port), "--first-byte", "0.01")
    return Service(
        name="providers",
        command=(*command, "--speed", "400"),
        ready=lambda: _listens(port),
        stop_signal=signal.SIGINT,
    )


def _listens(port: int) -> Facts | None:
    with closing(socket.socket()) as probe:
        return {} if probe.connect_ex(("127.0.0.1", port)) == 0 else None


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _settings(environment: dict[str, str]) -> Iterator[None]:
    """Let the library in this process speak to the same servers."""
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    settings.cache_clear()
    db.forget_engine()
    try:
        yield
    finally:
        db.forget_engine()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        settings.cache_clear()
