"""How soon things are right again after a loss, with the times of production.

    python benchmarks/recoveries.py                               # each loss once
    python benchmarks/recoveries.py --repeat 3 --only scheduler redis

The product as `campanile up` runs it, canned providers, and a simulated phone network
whose callees stay on the line in silence, let it ring, or are busy. One process is killed
(SIGKILL) or frozen (SIGSTOP), and it is left to the supervisor, the leases and the sweeps
to go on. When a leg was gone and when somebody was rung is what the network's own log
says, `rehearsal/legs.ndjson`; when a slot was free and a report written, the rows do.

- A worker with calls up, phones ringing and dials under way: until the last of its legs
  is gone, none of its attempts is live, each of them has its report.
- The scheduler, Redis (which comes back empty): until somebody is rung whose attempt was
  reserved after the loss; of Redis the fifth of them, five a second being allowed.

Everything is up for longer than a lease before each loss: a sweep waits one lease after
its scheduler's start, and a process that lived on starts again at once. No lead may be
rung again, so a number that was rung twice is a defect, as is an attempt that was dialed
and has not one report in the end; a frozen worker is thawed when all of this is over.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from math import inf, isinf
from pathlib import Path
from statistics import median

from campanile.config import Settings, settings
from losses import Scene, end, live, reports, reserved_after, scene
from ringing import stop
from whole_pipeline import load

CALLS, RINGING = 10, 3
"""Of the worker that is lost; beside them busy callees are dialed."""
FLOWING_SECONDS = 5.0
LOOK_SECONDS = 0.2
PATIENCE_SECONDS = 30.0
"""Beyond the target; what takes longer is given up."""
LATE_ACCOUNTS_SECONDS = 15.0
"""What a thawed worker has to say it has said by then."""
LATE_REPORTS_SECONDS = 90.0
TIMES = (
    *("renew_seconds", "gateway_session_seconds", "lease_seconds"),
    *("self_hangup_seconds", "orphan_report_seconds", "quarantine_seconds"),
)

TARGETS = {
    "worker killed: its legs are gone": 1.0,
    "worker killed: its slots are free": 40.0,
    "worker killed: every attempt is reported": 75.0,
    "worker frozen: its legs are gone": 15.0,
    "worker frozen: its slots are free": 40.0,
    "worker frozen: every attempt is reported": 75.0,
    "scheduler killed: a new one has somebody rung": 15.0,
    "Redis killed: INVITEs flow": 60.0,
}
"""Seconds."""
Seconds = dict[str, float]
"""From the loss, by what was measured."""


def worker_killed(stage: Scene) -> Seconds:
    with _calls_up(stage):
        worker = stage.pid("worker")
        at = stage.lose("worker")
        return _after_loss(stage, "worker killed", worker, at)


def worker_frozen(stage: Scene) -> Seconds:
    with _calls_up(stage):
        worker = stage.pid("worker")
        at = stage.lose("worker", signal.SIGSTOP)
        try:
            return _after_loss(stage, "worker frozen", worker, at)
        finally:
            os.kill(worker, signal.SIGCONT)
            time.sleep(LATE_ACCOUNTS_SECONDS)


def scheduler_killed(stage: Scene) -> Seconds:
    what = "scheduler killed: a new one has somebody rung"
    return {what: _until_rung(stage, "scheduler", calls=1, patience=_patience(what))}


def redis_killed(stage: Scene) -> Seconds:
    what = "Redis killed: INVITEs flow"
    return {what: _until_rung(stage, "redis", calls=5, patience=_patience(what))}


LOSSES: dict[str, Callable[[Scene], Seconds]] = {
    "worker-kill": worker_killed,
    "worker-freeze": worker_frozen,
    "scheduler": scheduler_killed,
    "redis": redis_killed,
}


def show(what: str, seconds: Sequence[float]) -> bool:
    """Print one line; answer whether the target is reached."""
    target = TARGETS[what]
    reached = max(seconds) <= target
    print(
        f"{what:50} median {median(seconds):5.2f}, max {max(seconds):5.2f} s"
        f"  (target ≤ {target:g} s: {'reached' if reached else 'NOT REACHED'})",
        flush=True,
    )
    return reached


def nothing_wrong(stage: Scene) -> bool:
    """Print what must not be; answer whether there is none of it."""
    dialed = list(stage.legs())

    def all_reported() -> bool:
        return reports(dialed).keys() == set(dialed)

    _seconds_until(all_reported, since=time.time(), patience=LATE_REPORTS_SECONDS)
    written = reports(dialed)
    twice = [number for number, times in stage.times_rung().items() if times > 1]
    wrong = [attempt for attempt in dialed if written[attempt] != 1]
    print(
        f"of {len(dialed)} dialed: {len(twice)} numbers rung twice {twice or ''},"
        f" {len(wrong)} without exactly one report {wrong or ''}"
    )
    return not twice and not wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=LOSSES, default=[*LOSSES])
    parser.add_argument("--folder", type=Path, help="a new one, to be kept")
    given = parser.parse_args()
    _insist_on_production_times()
    measured: defaultdict[str, list[float]] = defaultdict(list)
    with ExitStack() as opened:
        data = given.folder or Path(
            opened.enter_context(tempfile.TemporaryDirectory(prefix="campanile-bench-"))
        )
        with scene(data) as stage:
            for name in given.only * given.repeat:
                stage.wait_until_steady()
                for what, seconds in LOSSES[name](stage).items():
                    measured[what].append(seconds)
            right = nothing_wrong(stage)
    reached = [show(what, seconds) for what, seconds in measured.items()]
    print(f"load {load():.1f}")
    return 0 if right and all(reached) else 1


@contextmanager
def _calls_up(stage: Scene) -> Iterator[None]:
    """Conversations, ringing phones, and a campaign of busy people under way."""
    calls = stage.ring(ring_timeout_seconds=120, stays=CALLS, lets_ring=RINGING)

    def up() -> bool:
        legs = [set(leg) for leg in stage.legs().values()]
        talking = sum("answer" in leg and "bye" not in leg for leg in legs)
        ringing = sum(leg == {"invite", "ringing"} for leg in legs)
        return talking >= CALLS and ringing >= RINGING

    if isinf(_seconds_until(up, since=time.time(), patience=60.0)):
        raise SystemExit("The calls did not come up.")
    others = stage.ring(is_busy=200)
    # Leases and sessions end so much after their last renewal, whenever that was.
    time.sleep(FLOWING_SECONDS + random.uniform(0, settings().renew_seconds))
    try:
        yield
    finally:
        stop(calls)
        stop(others)


def _after_loss(stage: Scene, loss: str, worker: int, at: float) -> Seconds:
    """What becomes of the attempts that the worker held at that moment."""
    time.sleep(2 * LOOK_SECONDS)  # a commit may have been on its way
    held = live(worker)
    if len(held) < CALLS:
        raise SystemExit(f"Only {len(held)} calls were up when the worker was lost.")
    states = Counter(held.values())
    print(f"{loss} with", ", ".join(f"{n} {state}" for state, n in states.items()))

    def ends() -> list[float | None]:
        legs = stage.legs()
        return [end(legs[attempt]) for attempt in held if attempt in legs]

    steps: dict[str, Callable[[], bool]] = {
        f"{loss}: its legs are gone": lambda: None not in ends(),
        f"{loss}: its slots are free": lambda: not live(worker),
        f"{loss}: every attempt is reported": lambda: reports(held).keys() == set(held),
    }
    found = {
        what: _seconds_until(done, since=at, patience=_patience(what))
        for what, done in steps.items()
    }
    known = [ended - at for ended in ends() if ended is not None]
    first = next(iter(found))
    if known and not isinf(found[first]):
        found[first] = max(known)  # by the network's own clock, finer than our looking
    return found


def _until_rung(stage: Scene, process: str, *, calls: int, patience: float) -> float:
    """Seconds to the INVITE of the last of the first `calls` reserved after the loss."""
    campaign = stage.ring(is_busy=500)
    time.sleep(2 * FLOWING_SECONDS)
    at = stage.lose(process)
    times: list[float] = []

    def flows() -> bool:
        legs, later = stage.legs(), reserved_after(campaign, at)
        times[:] = sorted(legs[a]["invite"]["t"] for a in later if a in legs)
        return len(times) >= calls

    waited = _seconds_until(flows, since=at, patience=patience)
    stop(campaign)
    return waited if isinf(waited) else times[calls - 1] - at


def _seconds_until(done: Callable[[], bool], *, since: float, patience: float) -> float:
    """Infinite when patience ends before."""
    while time.time() - since < patience:
        if done():
            return time.time() - since
        time.sleep(LOOK_SECONDS)
    return inf


def _patience(what: str) -> float:
    return TARGETS[what] + PATIENCE_SECONDS


def _insist_on_production_times() -> None:
    for name in TIMES:
        if getattr(settings(), name) != Settings.model_fields[name].default:
            raise SystemExit(f"CAMPANILE_{name.upper()} is set; it is to be measured.")


if __name__ == "__main__":
    sys.exit(main())
