"""What keeps the call worker's event loop from coming round, when it is late.

    python benchmarks/loop_stalls.py --calls 60 --seconds 20

A thread in the worker looks every 4 ms where the loop is, if it has not come round for
18 ms. A place that is listed often is long, or gives way to other threads there. The
watching costs some frames itself: read the places, not the number of frames.
"""

import argparse
import json
import os
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from whole_pipeline import HERE, kept_waiting, load, running, thread_times


def watch(data: Path, calls: int, seconds: float) -> dict[str, Any]:
    paths = [str(HERE / "watched"), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    with running(data, slots=calls) as pipeline:
        pipeline.ring(calls)
        up = pipeline.wait_until_answered(calls, timeout=20 + calls)
        time.sleep(6)
        before = thread_times(pipeline.worker)
        (data / "stalls").touch()
        time.sleep(seconds)
        (data / "stalls").unlink()
        after = thread_times(pipeline.worker)
        time.sleep(2)
        waited = 100 * kept_waiting(before, after) / seconds
        print(
            f"{up} calls; kept waiting for the core {waited:.1f} %; load {load():.1f}"
        )
        found: dict[str, Any] = json.loads((data / "stalls.json").read_text())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=20.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="campanile-bench-") as folder:
        found = watch(Path(folder), given.calls, given.seconds)
    places = Counter(" < ".join(where[:3]) for _, where in found["stalls"])
    print(f"{len(found['stalls'])} looks found the loop late:")
    for place, times in places.most_common(15):
        print(f"{times:5}  {place}")
    for generation in sorted({kind for kind, _ in found["pauses"]}):
        lasted = [1000 * took for kind, took in found["pauses"] if kind == generation]
        print(
            f"collections of generation {generation}: {len(lasted)}, "
            f"longest {max(lasted):.1f} ms, together {sum(lasted):.0f} ms"
        )


if __name__ == "__main__":
    main()
