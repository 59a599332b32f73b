"""How much of the calls per second that a trunk allows is used, and whether never more.

    python benchmarks/send_rate.py                        # N = 1, 3, 5, 10, one by one
    python benchmarks/send_rate.py --workers 3            # that claim side by side
    python benchmarks/send_rate.py --cps 10 --failover    # the scheduler killed half-way

The real scheduler and call worker with all their servers, canned providers, and a
simulated phone network where every callee is busy. What counts is the network's own log,
`rehearsal/legs.ndjson`: the INVITEs in any rolling second, from any one of them on, and
those of all seconds together, from the first to the last. How long a call took from its
claims to its INVITE comes from the attempts.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import time as clocks
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from uuid import UUID

from sqlmodel import col, select

from campanile.calls.models import Attempt
from campanile.db import transaction
from ringing import numbers, ring, running, stop

WARM_UP_SECONDS = 5.0


def invites(data: Path, caller: str) -> dict[str, float]:
    """By the number called, when (unix seconds); a second one would be a defect."""
    found: dict[str, float] = {}
    with (data / "rehearsal" / "legs.ndjson").open() as file:
        for line in file:
            event = json.loads(line)
            if event["event"] == "invite" and event["from"] == caller:
                if event["to"] in found:
                    raise SystemExit(f"{event['to']} was rung twice.")
                found[event["to"]] = event["t"]
    return found


def most_in_a_second(times: Sequence[float]) -> int:
    first = most = 0
    for n, t in enumerate(times):
        while t - times[first] >= 1.0:
            first += 1
        most = max(most, n - first + 1)
    return most


def waits(campaign_id: UUID, sent: dict[str, float]) -> dict[str, list[float]]:
    """Seconds to the INVITE, sorted: from the tick's claim, from the worker's."""
    with transaction() as session:
        rows = session.exec(
            select(Attempt).where(
                Attempt.campaign_id == campaign_id, col(Attempt.dialed_at).is_not(None)
            )
        ).all()
    kept = [row for row in rows if row.dialed_at and row.phone_number in sent]
    return {
        "reserved by the tick": sorted(
            sent[row.phone_number] - row.claimed_at.timestamp() for row in kept
        ),
        "claimed by the worker": sorted(
            sent[row.phone_number] - row.dialed_at.timestamp()
            for row in kept
            if row.dialed_at
        ),
    }


def measure(
    data: Path, cps: float, *, seconds: float, callees: Iterator[str], failover: bool
) -> bool:
    """Print one line; answer whether the figures are reached."""
    wanted = int(cps * (seconds + 2 * WARM_UP_SECONDS) * 1.2) + 5
    caller = f"+1212555{100 + int(cps):04}"
    campaign = ring(
        caller, [next(callees) for _ in range(wanted)], calls_per_second=cps
    )
    clocks.sleep(WARM_UP_SECONDS + seconds / 2)
    if failover:
        scheduler = int((data / "run" / "scheduler.pid").read_text())
        os.kill(scheduler, signal.SIGKILL)
    clocks.sleep(seconds / 2)
    stop(campaign)
    clocks.sleep(WARM_UP_SECONDS)
    sent = invites(data, caller)
    times = sorted(sent.values())
    if len(times) < 2:
        raise SystemExit("Nobody was rung.")
    span = times[-1] - times[0]
    share = (len(times) - 1) / span / cps
    most = most_in_a_second(times)
    gap = max(after - before for before, after in pairwise(times))
    print(
        f"N = {cps:g}: {len(times)} INVITEs in {span:.1f} s, {share:.1%} of the allowed, "
        f"at most {most} in any second, longest pause {gap:.2f} s"
        + (", scheduler killed half-way" if failover else "")
    )
    for name, values in waits(campaign, sent).items():
        p50, p99 = (values[int(share * (len(values) - 1))] for share in (0.5, 0.99))
        print(f"    from {name}: p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms")
    sys.stdout.flush()
    return most <= cps and (failover or share >= 0.9)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cps", type=float, nargs="*", default=[1.0, 3.0, 5.0, 10.0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--workers", type=int, default=1, help="that hold calls")
    parser.add_argument("--failover", action="store_true")
    parser.add_argument("--folder", type=Path, help="a new one, to be kept")
    given = parser.parse_args()
    with ExitStack() as opened:
        data = given.folder or Path(
            opened.enter_context(tempfile.TemporaryDirectory(prefix="campanile-bench-"))
        )
        data.mkdir(exist_ok=True)
        data.chmod(0o755)
        callees = numbers()
        manners = data / "manners.json"
        manners.write_text(json.dumps({"shares": {"busy": 1}}))
        with running(
            data,
            *("--signalling-only", "--manners", str(manners)),
            workers=given.workers,
        ):
            reached = [
                measure(
                    data,
                    cps,
                    seconds=given.seconds,
                    callees=callees,
                    failover=given.failover,
                )
                for cps in given.cps
            ]
        print(f"{given.workers} worker(s), load {os.getloadavg()[0]:.1f}")
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
