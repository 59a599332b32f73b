"""How many calls one call worker holds on one core, and what each costs.

    python benchmarks/call_capacity.py --calls 10 30 60 80 --seconds 30

Every call is whole: scheduler, queue, worker, Janus protocol, WebRTC, voice activity,
voicemail detection, transcription, model, speech, recording. Only the providers are
canned (fixed delays) and the callees simulated. They pick up at once and talk in turn
with the agent until the end. The worker is told to take new calls however late its clock
is; a real one refuses them from 10 ms on. Measured while all calls are up, set-up
excluded:

- CPU: the worker process's user and system time per second of one call;
- late, missing: the worker's 20 ms frames as the far end receives them, by the kernel's
  time stamps: more than 20 ms behind the leg's most punctual frame; skipped or lost;
- turns: utterances of the callees that the agent answered, and how soon;
- MB: what a call adds to the worker's own memory, from the difference between runs;
- kept waiting: how much of the time the worker's event loop was ready to run and the
  core was not its own. Above some 5 % others were measured too: late frames are theirs.
"""

import argparse
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from far_end import quantile
from whole_pipeline import (
    Pipeline,
    ThreadTimes,
    cpu_seconds,
    kept_waiting,
    load,
    own_memory,
    running,
    thread_times,
)

SETTLE_SECONDS = 6.0


@dataclass(slots=True)
class Figures:
    calls: int
    up: int
    cpu_percent_per_call: float
    worker_percent: float
    late_percent: float
    missing_percent: float
    turns: int
    unanswered: int
    wire_p50_ms: float
    wire_p95_ms: float
    idle_mb: float
    memory_mb: float
    waited_percent: float
    providers_percent: float
    exchange_percent: float
    load: float


@dataclass(slots=True)
class _Sample:
    at: float
    wall: float
    worker: float
    threads: ThreadTimes
    providers: float
    exchange: float

    @classmethod
    def of(cls, pipeline: Pipeline) -> "_Sample":
        return cls(
            time.monotonic(),
            time.time(),
            cpu_seconds(pipeline.worker),
            thread_times(pipeline.worker),
            cpu_seconds(pipeline.providers),
            cpu_seconds(pipeline.exchange),
        )


def measure(data: Path, calls: int, *, seconds: float, pace: float) -> Figures:
    """One run with so many calls at once."""
    with running(data, slots=calls, calls_per_second=pace) as pipeline:
        idle = own_memory(pipeline.worker)
        pipeline.ring(calls)
        up = pipeline.wait_until_answered(calls, timeout=20 + 2.5 * calls / pace)
        time.sleep(SETTLE_SECONDS)
        before = _Sample.of(pipeline)
        time.sleep(seconds)
        after = _Sample.of(pipeline)
        memory = own_memory(pipeline.worker)
        window = (before.wall, after.wall)
        frames = pipeline.far_end.frames(window)
        turns = pipeline.far_end.turns(window)
    waits = [1000 * turn.waited for turn in turns if turn.waited is not None]
    elapsed = after.at - before.at

    def percent(name: str) -> float:
        used = getattr(after, name) - getattr(before, name)
        return 100 * float(used) / elapsed

    return Figures(
        calls=calls,
        up=up,
        cpu_percent_per_call=percent("worker") / max(up, 1),
        worker_percent=percent("worker"),
        late_percent=frames.percent("late"),
        missing_percent=frames.percent("missing"),
        turns=len(turns),
        unanswered=len(turns) - len(waits),
        wire_p50_ms=quantile(waits, 0.5),
        wire_p95_ms=quantile(waits, 0.95),
        idle_mb=idle / 2**20,
        memory_mb=memory / 2**20,
        waited_percent=100 * kept_waiting(before.threads, after.threads) / elapsed,
        providers_percent=percent("providers"),
        exchange_percent=percent("exchange"),
        load=load(),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, nargs="+", default=[10, 30, 60, 80])
    parser.add_argument("--seconds", type=float, default=30.0, help="of measuring")
    parser.add_argument("--pace", type=float, default=6.0, help="new calls per second")
    parser.add_argument("--json", action="store_true", help="a line per run")
    given = parser.parse_args()
    print(
        "calls  up  CPU %/call  late %  missing %  turns  unanswered  wire p50/p95 ms"
        "  idle MB  MB  kept waiting %  worker/providers/exchange % of a core  load"
    )
    runs = []
    for calls in given.calls:
        with tempfile.TemporaryDirectory(prefix="campanile-bench-") as folder:
            run = measure(Path(folder), calls, seconds=given.seconds, pace=given.pace)
        runs.append(run)
        if given.json:
            print(orjson.dumps(asdict(run)).decode(), flush=True)
            continue
        print(
            f"{run.calls:5} {run.up:3}  {run.cpu_percent_per_call:10.2f}  "
            f"{run.late_percent:6.2f}  {run.missing_percent:9.2f}  {run.turns:5}  "
            f"{run.unanswered:10}  {run.wire_p50_ms:7.0f}/{run.wire_p95_ms:<7.0f}  "
            f"{run.idle_mb:7.1f}  {run.memory_mb:.1f}  {run.waited_percent:14.1f}  "
            f"{run.worker_percent:.0f}/{run.providers_percent:.0f}/"
            f"{run.exchange_percent:.0f}  {run.load:.1f}",
            flush=True,
        )
    low, high = min(runs, key=lambda r: r.up), max(runs, key=lambda r: r.up)
    if high.up > low.up:
        each = (high.memory_mb - low.memory_mb) / (high.up - low.up)
        print(f"{each:.2f} MB per call, from {low.up} to {high.up} calls")


if __name__ == "__main__":
    main()
