"""The whole product, set up to be measured: real processes, canned providers.

core 0: the call worker, and nothing else
core 1: canned providers, the simulated phone network, PostgreSQL, Redis, scheduler,
        API, job worker, and the benchmark itself
"""

import json
import os
import subprocess
import sys
import time as clocks
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psutil  # type: ignore[import-untyped]

from campanile.agents.config import AgentConfig, LlmConfig, Message
from campanile.cli import rehearsed_campaign
from campanile.config import settings
from campanile.db import forget_engine, transaction
from campanile.embedded import stack
from campanile.leads.lists import Row
from far_end import FarEnd

HERE = Path(__file__).parent
PACE_SECONDS = 0.5
_TALKERS, _HELLO_FIRST = (212, 312, 303, 617, 202, 718), 415  # area codes

AGENT = AgentConfig(
    name="Benchmark",
    first_message="Hello {{first_name}}, this is a call about your house.",
    max_duration_seconds=600,
    llm_config=LlmConfig(
        messages=[
            Message(
                role="system",
                content="You talk with {{first_name}} about a house, in short sentences.",
            )
        ]
    ),
)
"""Nothing is switched off: voicemail detection, silence handling, recording are on."""


ThreadTimes = dict[str, tuple[float, float]]
"""Seconds run and waited, by thread."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Everything runs; `ring` starts the calls."""

    data: Path
    worker: psutil.Process
    providers: psutil.Process
    exchange: psutil.Process
    calls_per_second: float

    @property
    def far_end(self) -> FarEnd:
        return FarEnd(self.data)

    def ring(self, calls: int, *, hello_first: int = 0) -> UUID:
        """Start a campaign of so many leads, all of them to be rung at once.

        The first `hello_first` of them say "Hello?" before the agent says anything.
        """
        with transaction() as session:
            campaign, report = rehearsed_campaign.start(
                session,
                AGENT,
                _rows(calls, hello_first),
                name="benchmark",
                channels=calls,
                trunk={"calls_per_second": self.calls_per_second},
                max_attempts=1,
            )
            if report.added != calls:
                raise SystemExit(f"Only {report.added} of {calls} leads were taken.")
            return campaign.id

    def wait_until_answered(self, calls: int, *, timeout: float) -> int:
        """How many calls are up, once it is `calls`, or nothing more is to be hoped."""
        deadline = clocks.monotonic() + timeout
        while True:
            legs = self.far_end.legs()
            answered = [leg["event"] for leg in legs].count("answer")
            ended = [leg["event"] for leg in legs].count("bye")
            if answered >= calls or ended or clocks.monotonic() > deadline:
                return answered - ended
            clocks.sleep(0.2)


@contextmanager
def running(
    data: Path,
    *,
    slots: int,
    callees: Path = HERE / "callees",
    calls_per_second: float = 6.0,
    provider_options: Sequence[str] = (),
    voices: Path = Path("var/bench/voices"),
) -> Iterator[Pipeline]:
    """Start everything on a fresh `data`, pinned as said above; end it on leaving."""
    before = os.sched_getaffinity(0)
    first, last = _cores()
    os.environ["CAMPANILE_DATA_DIR"] = str(data.absolute())
    settings.cache_clear()
    with ExitStack() as opened:
        os.sched_setaffinity(0, {last})  # inherited by all that is started here
        opened.callback(os.sched_setaffinity, 0, before)
        providers, told = opened.enter_context(
            process(
                "canned_providers.py",
                str(HERE / "canned_providers.py"),
                *provider_options,
            )
        )
        exchange, url = opened.enter_context(
            process(
                "exchange",
                *("-m", "campanile.rehearsal.exchange"),
                *("--data", str(data.absolute())),
                *("--callees", str(callees.absolute())),
                *("--voices", str(voices.absolute())),
                *("--pace-seconds", str(PACE_SECONDS)),
            )
        )
        facts = {
            "api_port": 0,
            "clock_offset": _until_lawful(slots).total_seconds(),
            "lag_limit_seconds": 10.0,  # as many calls as are asked for, to be measured
            "worker_slots": slots,
            "provider_slots": slots,
            "gateway_url": url,
            "media_address": "127.0.0.1",
            **json.loads(told),
        }
        opened.enter_context(stack.running(data, facts=facts))
        opened.callback(forget_engine)
        forget_engine()
        worker = psutil.Process(int((data / "run" / "worker.pid").read_text()))
        _pin(worker, first)
        yield Pipeline(data, worker, providers, exchange, calls_per_second)


@contextmanager
def process(name: str, *arguments: str) -> Iterator[tuple[psutil.Process, str]]:
    """A process of ours and the line it prints when it is ready."""
    child = subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        line = child.stdout.readline().strip()
        if not line:
            raise SystemExit(f"{name} ended before it was ready.")
        yield psutil.Process(child.pid), line
    finally:
        child.terminate()
        child.wait(10)


def family(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def cpu_seconds(process: psutil.Process) -> float:
    """User and system time of a process and all below it."""
    times = [member.cpu_times() for member in family(process)]
    return float(sum(used.user + used.system for used in times))


def thread_times(process: psutil.Process) -> ThreadTimes:
    """How long each thread has run, and been ready to without a core (Linux)."""
    times = {}
    for status in Path(f"/proc/{process.pid}/task").glob("*/schedstat"):
        with suppress(OSError):  # a thread that has just ended
            ran, waited, _ = map(int, status.read_text().split())
            times[status.parent.name] = ran / 1e9, waited / 1e9
    return times


def kept_waiting(before: ThreadTimes, after: ThreadTimes) -> float:
    """Seconds that the thread which ran most in between was ready without a core."""
    busiest = max(before, key=lambda name: after.get(name, (0.0,))[0] - before[name][0])
    return after[busiest][1] - before[busiest][1]


def own_memory(process: psutil.Process) -> float:
    """Bytes that only this process and those below it hold (USS)."""
    return float(sum(member.memory_full_info().uss for member in family(process)))


def load() -> float:
    """Runnable processes over the last minute, ours included."""
    return os.getloadavg()[0]


def _cores() -> tuple[int, int]:
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise SystemExit("This needs two cores: one for the worker, one for the world.")
    return cores[0], cores[1]


def _pin(process: psutil.Process, core: int) -> None:
    """Pin threads that run already; later ones inherit it."""
    for thread in process.threads():
        os.sched_setaffinity(thread.id, {core})


def _rows(calls: int, hello_first: int) -> list[Row]:
    """Leads at fictional numbers, of which callees/*.yaml know who picks up."""
    talkers = [f"+1{area}55501{n:02}" for area in _TALKERS for n in range(99)]
    waiters = [f"+1{_HELLO_FIRST}55501{n:02}" for n in range(99)]
    numbers = waiters[:hello_first] + talkers[: calls - hello_first]
    if len(numbers) < calls:
        raise SystemExit("There are not so many fictional numbers.")
    return [
        Row(line=line, phone=number, variables={"first_name": "Robin"})
        for line, number in enumerate(numbers, start=2)
    ]


def _until_lawful(calls: int) -> timedelta:
    """To an hour at which all of North America may be rung for a while."""
    rows = [*_rows(calls, 0), *_rows(1, 1)]
    return rehearsed_campaign.until_all_is_open(rows, room=timedelta(hours=1))
