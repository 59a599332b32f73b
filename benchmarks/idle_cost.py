"""What an idle `campanile up` costs: no calls, everything running.

    python benchmarks/idle_cost.py --seconds 60

User and system time of each process and of all together, as a share of one core.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from whole_pipeline import load

_SETTLE_SECONDS = 10.0
_START_SECONDS = 90.0


def by_process(root: psutil.Process, run_dir: Path) -> Counter[str]:
    """CPU seconds so far by name: those that write a pid file, with what they started."""
    names = {
        int(file.read_text()): file.stem
        for file in run_dir.glob("*.pid")
        if file.read_text().strip()
    }
    used: Counter[str] = Counter()
    for process in (root, *root.children(recursive=True)):
        owner = next(
            (p.pid for p in (process, *process.parents()) if p.pid in names), root.pid
        )
        times = process.cpu_times()
        used[names.get(owner, "others")] += times.user + times.system
    return used


def measure(data: Path, seconds: float) -> Counter[str]:
    """Percent of a core by process."""
    environment = {
        **os.environ,
        "CAMPANILE_DATA_DIR": str(data),
        "CAMPANILE_API_PORT": "0",
    }
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "campanile.cli.main", "up"],
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for(data / "run" / "scheduler.ready")
        time.sleep(_SETTLE_SECONDS)
        root = psutil.Process(supervisor.pid)
        before, began = by_process(root, data / "run"), time.monotonic()
        time.sleep(seconds)
        after, elapsed = by_process(root, data / "run"), time.monotonic() - began
    finally:
        supervisor.terminate()
        supervisor.wait(60)
    return Counter(
        {name: 100 * (after[name] - before[name]) / elapsed for name in after}
    )


def _wait_for(file: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not file.exists():
        if time.monotonic() > deadline:
            raise SystemExit("`campanile up` did not come up.")
        time.sleep(0.2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="campanile-bench-") as folder:
        shares = measure(Path(folder), given.seconds)
    for name, share in shares.most_common():
        print(f"{name:12} {share:5.2f} % of a core")
    print(f"{'together':12} {shares.total():5.2f} %   load {load():.1f}")


if __name__ == "__main__":
    main()
