"""Where a call's CPU time goes, by part of the product.

    python benchmarks/cpu_by_part.py --calls 30 --seconds 20 --functions 30

The worker's event loop is profiled (cProfile) while all calls are up. A profile makes
small Python functions look dearer than they are, so read the shares, not the seconds;
what a call costs without a profile says call_capacity.py.
"""

import argparse
import os
import pstats
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from whole_pipeline import HERE, load, running

PARTS = (
    ("voice activity", ("campanile/media/vad", "media/turns", "onnxruntime")),
    (
        "voicemail detection",
        ("media/machine", "media/tones", "media/beeps", "conversation/machines"),
    ),
    ("media leg", ("campanile/media/", "pylibsrtp", "aiortc", "aioice", "audio/g711")),
    ("recording", ("campanile/recordings/",)),
    (
        "speech to text",
        ("providers/deepgram", "site-packages/websockets"),  # and the gateway's few
    ),
    (
        "model and speech",
        (
            "campanile/providers/",
            *("site-packages/httpx", "site-packages/httpcore", "site-packages/h11"),
            *("site-packages/anyio", "site-packages/sniffio"),
        ),
    ),
    ("gateway", ("campanile/telephony/",)),
    ("conversation", ("campanile/conversation/", "campanile/dialing/")),
)
_DEPTH = 6

Function = tuple[str, int, str]
Stats = dict[Function, Any]


def shares(stats: Stats) -> Counter[str]:
    """Seconds by part; what is nobody's own (built-ins, numpy, asyncio) is its callers'."""
    found: Counter[str] = Counter()
    for function, (_, _, own, _, callers) in stats.items():
        _attribute(stats, function, own, callers, found, _DEPTH)
    return found


def _attribute(
    stats: Stats,
    function: Function,
    seconds: float,
    callers: dict[Function, Any],
    found: Counter[str],
    depth: int,
) -> None:
    name = _part(function[0])
    if name is not None or not callers or depth == 0:
        found[name or "event loop and others"] += seconds  # type: ignore[assignment]
        return
    calls = sum(caller[1] for caller in callers.values())
    for caller, (_, count, _, _) in callers.items():
        above = stats[caller][4]
        part = seconds * count / max(calls, 1)
        _attribute(stats, caller, part, above, found, depth - 1)


def _part(file: str) -> str | None:
    for name, places in PARTS:
        if any(place in file for place in places):
            return name
    return None


def profile(data: Path, calls: int, seconds: float) -> Stats:
    paths = [str(HERE / "profiled"), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    with running(data, slots=calls) as pipeline:
        pipeline.ring(calls)
        up = pipeline.wait_until_answered(calls, timeout=20 + calls)
        time.sleep(6)
        (data / "profile").touch()
        time.sleep(seconds)
        (data / "profile").unlink()
        time.sleep(2)
        print(f"{up} calls; load {load():.1f}")
        loaded: Any = pstats.Stats(str(data / "profile.stats"))
    stats: Stats = loaded.stats
    return stats


def dearest(stats: Stats, count: int) -> list[tuple[str, float, int]]:
    """The functions that used most themselves: name, seconds, how often called."""
    own = sorted(stats.items(), key=lambda item: -item[1][2])[:count]
    return [
        (f"{'/'.join(file.split('/')[-2:])}:{line} {name}", entry[2], entry[1])
        for (file, line, name), entry in own
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--functions", type=int, default=0, help="list the dearest")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="campanile-bench-") as folder:
        stats = profile(Path(folder), given.calls, given.seconds)
    found = shares(stats)
    for name, used in found.most_common():
        print(f"{name:24} {100 * used / found.total():5.1f} %")
    for name, used, times in dearest(stats, given.functions):
        print(f"{100 * used / found.total():5.2f} %  {times:8}  {name}")


if __name__ == "__main__":
    main()
