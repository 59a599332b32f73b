"""What one media leg costs, and how punctual its frames are *as the far end gets them*.

    python benchmarks/media_legs.py --legs 25 60 100 --seconds 20

N legs (ICE, DTLS-SRTP, G.711) in a process pinned to one core, their far ends in another
process on another core. Each leg talks half of the time and hears speech-like sound all
of the time. Arrival is the kernel's time stamp at the far end; a frame is late when it
comes more than 20 ms behind its leg's most punctual one, and missing when its time was
skipped or its packet lost. CPU is the process's own user and system time.
"""

import argparse
import asyncio
import gc
import multiprocessing
import os
import time
from multiprocessing.connection import Connection

import numpy as np
import psutil  # type: ignore[import-untyped]
import uvloop

from campanile.audio.frames import FRAME_SAMPLES, SAMPLE_RATE, Pcm
from campanile.media import rtp
from campanile.media.clock import FrameClock
from campanile.media.peer import MediaPeer

LATE_SECONDS = 0.02
SETTLE_SECONDS = 6.0
ADDRESS = "127.0.0.1"


class FarLeg(MediaPeer):
    """A peer that notes when each packet arrived."""

    def __init__(self, clock: FrameClock):
        super().__init__(clock, address=ADDRESS)
        self.arrivals: list[tuple[float, int]] = []

    def _receive(self, data: bytes, at: float) -> None:
        self.arrivals.append((at, rtp.unpack(data).timestamp))
        super()._receive(data, at)

    def lateness(self) -> tuple[np.ndarray, int]:
        """Seconds behind the most punctual packet, and how many frames are missing."""
        at, timestamps = (
            np.array(column) for column in zip(*self.arrivals, strict=True)
        )
        elapsed = (timestamps - timestamps[0]).astype(np.int64)
        elapsed[elapsed < -(1 << 31)] += 1 << 32
        behind = at - elapsed / SAMPLE_RATE
        due = int(elapsed.max() - elapsed.min()) // FRAME_SAMPLES + 1
        return behind - behind.min(), due - len(at)


def murmur(seconds: float) -> Pcm:
    """Something that is loud, pitched and never quite the same."""
    at = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    sound = np.sin(2 * np.pi * 140 * at + 3 * np.sin(2 * np.pi * 3 * at))
    pcm: Pcm = (6000 * sound * np.sin(2 * np.pi * 2.1 * at)).astype(np.int16)
    return pcm


async def system_under_test(legs: int, seconds: float, pipe: Connection) -> None:
    clock = FrameClock()
    loop = asyncio.get_running_loop()
    warm_up = MediaPeer(clock, address=ADDRESS)  # what the first leg of a process loads
    await warm_up.create_offer()
    await warm_up.close()
    gc.collect()
    process = psutil.Process()
    before = process.memory_info().rss
    peers = [MediaPeer(clock, address=ADDRESS) for _ in range(legs)]
    set_up_cpu = time.process_time()
    pipe.send([await peer.create_offer() for peer in peers])
    answers = await loop.run_in_executor(None, pipe.recv)
    for peer, answer in zip(peers, answers, strict=True):
        await peer.accept_answer(answer)
    await asyncio.gather(*(peer.connected(30) for peer in peers))
    set_up_cpu = time.process_time() - set_up_cpu
    heard = [0, 0]

    def hear(frame: object) -> None:
        heard[frame.heard] += 1  # type: ignore[attr-defined]

    for peer in peers:
        peer.subscribe(hear)
    gc.collect()
    gc.freeze()
    await asyncio.sleep(SETTLE_SECONDS)
    gc.collect()
    memory = (process.memory_info().rss - before) / legs
    pipe.send("measure")
    heard[:] = [0, 0]
    speech = murmur(1.0)
    cpu, wall = time.process_time(), time.monotonic()
    while time.monotonic() - wall < seconds:
        for peer in peers:
            peer.play(speech)
        await asyncio.sleep(2)
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    pipe.send("measured")
    pipe.send(
        {
            "cpu": 100 * cpu / wall,
            "memory": memory / 2**20,
            "lag": 1000 * clock.lag_p99(),
            "unheard": 100 * heard[False] / max(1, sum(heard)),
            "set_up": 1000 * set_up_cpu / legs,
        }
    )
    await loop.run_in_executor(None, pipe.recv)
    for peer in peers:
        await peer.close()


async def far_end(pipe: Connection) -> None:
    clock = FrameClock()
    loop = asyncio.get_running_loop()
    peers = []
    answers = []
    for offer in await loop.run_in_executor(None, pipe.recv):
        peers.append(FarLeg(clock))
        answers.append(await peers[-1].accept_offer(offer))
    pipe.send(answers)
    await asyncio.gather(*(peer.connected(30) for peer in peers))
    speech = murmur(60.0)
    for peer in peers:
        for _ in range(10):
            peer.play(speech)
    await loop.run_in_executor(None, pipe.recv)  # measure
    for peer in peers:
        peer.arrivals.clear()
    cpu, wall = time.process_time(), time.monotonic()
    await loop.run_in_executor(None, pipe.recv)  # measured
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    results = [peer.lateness() for peer in peers]
    behind = np.concatenate([late for late, _ in results])
    missing = sum(count for _, count in results)
    pipe.send(
        {
            "late": 100 * float((behind > LATE_SECONDS).mean()),
            "p99": 1000 * float(np.percentile(behind, 99)),
            "missing": 100 * missing / (missing + len(behind)),
            "far_cpu": 100 * cpu / wall,
        }
    )
    await loop.run_in_executor(None, pipe.recv)
    for peer in peers:
        await peer.close()


def _under_test(
    core: int, uv: bool, legs: int, seconds: float, pipe: Connection
) -> None:
    os.sched_setaffinity(0, {core})
    (uvloop.run if uv else asyncio.run)(system_under_test(legs, seconds, pipe))


def _far(core: int, pipe: Connection) -> None:
    os.sched_setaffinity(0, {core})
    uvloop.run(far_end(pipe))


def measure(legs: int, seconds: float, *, uv: bool) -> dict[str, float]:
    spawn = multiprocessing.get_context("spawn")
    cores = sorted(os.sched_getaffinity(0))
    near, near_end = spawn.Pipe()
    far, far_pipe = spawn.Pipe()
    processes = [
        spawn.Process(target=_under_test, args=(cores[0], uv, legs, seconds, near_end)),
        spawn.Process(target=_far, args=(cores[-1], far_pipe)),
    ]
    for process in processes:
        process.start()
    far.send(near.recv())  # offers
    near.send(far.recv())  # answers
    far.send(near.recv())  # measure
    far.send(near.recv())  # measured
    figures: dict[str, float] = near.recv() | far.recv()
    near.send("end")
    far.send("end")
    for process in processes:
        process.join()
    return figures


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--legs", type=int, nargs="+", default=[25, 60, 100])
    arguments.add_argument("--seconds", type=float, default=20.0)
    arguments.add_argument("--asyncio", action="store_true", help="instead of uvloop")
    given = arguments.parse_args()
    print(
        "legs  CPU %/leg  late20 %  missing %  p99 late ms  unheard %  clock lag p99 ms"
    )
    for legs in given.legs:
        figures = measure(legs, given.seconds, uv=not given.asyncio)
        print(
            f"{legs:4}  {figures['cpu'] / legs:9.3f}  {figures['late']:8.3f}  "
            f"{figures['missing']:9.3f}  {figures['p99']:11.1f}  "
            f"{figures['unheard']:9.2f}  {figures['lag']:16.1f}   "
            f"{figures['memory']:.2f} MB/leg, set-up {figures['set_up']:.1f} ms CPU/leg, "
            f"far end {figures['far_cpu']:.0f} % of its core",
            flush=True,
        )


if __name__ == "__main__":
    main()
