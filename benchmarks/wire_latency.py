"""How soon the agent answers, measured at the far end's wire.

    python benchmarks/wire_latency.py --calls 5 20 --seconds 60

From the callee's last audible sample, as it was sent, to the agent's first audible one,
as it arrived. A part of it no dialer can avoid, and is stated beside: the wait for the
end of the turn (`endpointing_min_delay`, within which the recogniser's final text comes)
and the canned providers' own fixed delays. *Beyond* is what is left: our own share.

    wait 400 ms (final text 200 ms) + first sentence 300 ms + speech 100 ms = 800 ms

And how soon it speaks up at first: after a callee's "Hello?", and into silence.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from canned_providers import Delays
from far_end import quantile
from whole_pipeline import AGENT, load, running

_SHORTEST_CALL_SECONDS = 12.0
"""Greeting and first answer; a shorter run would show nothing."""


def floor() -> float:
    """Seconds that model, voice and the wait for the end of a turn take by themselves."""
    wait = AGENT.speech_config.turn_taking.endpointing_min_delay
    return wait + Delays().before_first_sample


def measure(data: Path, calls: int, *, seconds: float) -> None:
    hello_first = calls // 2
    with running(data, slots=calls) as pipeline:
        began = time.time()
        pipeline.ring(calls, hello_first=hello_first)
        up = pipeline.wait_until_answered(calls, timeout=20 + calls)
        time.sleep(max(seconds, _SHORTEST_CALL_SECONDS))
        turns = pipeline.far_end.turns((began, time.time()))
        silence = pipeline.far_end.into_silence()
    hellos = [turn for turn in turns if turn.text == "Hello?"]
    others = [turn for turn in turns if turn.text != "Hello?"]
    waits = [turn.waited for turn in others if turn.waited is not None]
    print(f"{up} calls; load {load():.1f}")
    show("callee stops → agent's first sample", waits, of=len(others))
    show(
        f"… beyond the floor of {floor() * 1000:.0f} ms",
        [wait - floor() for wait in waits],
        of=len(others),
    )
    answered = [turn.waited for turn in hellos if turn.waited is not None]
    show('after "Hello?"', answered, of=len(hellos))
    show("after answer, into silence", silence, of=calls - hello_first)


def show(what: str, seconds: Sequence[float], *, of: int) -> None:
    p50, p95, worst = (1000 * quantile(seconds, share) for share in (0.5, 0.95, 1.0))
    print(
        f"  {what:40} p50 {p50:5.0f}  p95 {p95:5.0f}  worst {worst:5.0f} ms"
        f"  ({len(seconds)} of {of})",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, nargs="+", default=[5, 20])
    parser.add_argument("--seconds", type=float, default=60.0, help="of talking")
    given = parser.parse_args()
    for calls in given.calls:
        with tempfile.TemporaryDirectory(prefix="campanile-bench-") as folder:
            measure(Path(folder), calls, seconds=given.seconds)


if __name__ == "__main__":
    main()
