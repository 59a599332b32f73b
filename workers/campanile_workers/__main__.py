"""Run a worker until it is told to stop: `python -m campanile_workers calls|jobs`.

`calls` holds conversations, `jobs` analyses and reports them.

Dramatiq's Worker runs in this process itself rather than under its command line, so that
the pid in `run/` is the one that holds the calls, and killing it ends them.
"""

import gc
import os
import sys
from threading import Thread

import structlog
from dramatiq import Worker

from campanile import logs
from campanile.config import settings
from campanile.db import lose_patience
from campanile.dialing.preflight import (
    reconcile_ledger,
    refuse_offset_on_real_gateway,
)
from campanile.media.transport import check_private_names
from campanile.readiness import announce
from campanile_workers import actors  # noqa: F401  a worker knows its actors
from campanile_workers.broker import CALLS, JOBS, broker
from campanile_workers.call_host import CallLoop
from campanile_workers.signals import endings

log = structlog.get_logger(__name__)

POLL_MS = {CALLS: 50, JOBS: 250}
"""How long at most a worker sleeps that is full, or has just waited for nothing."""
SWITCH_SECONDS = 0.0005
"""How long another thread may keep the loop waiting that wants to go on. With Python's
5 ms, and the loop giving way at each of a hundred packets, one busy database thread
cost all calls frames."""
IDLE_THREAD_SECONDS = 1.0
"""How long a thread without work sleeps before it looks whether it is to stop; a message
wakes it at once. By default it is the poll: 40 threads of 50 ms cost 3 % of a core."""
JOB_THREADS = 4
DRAIN_SECONDS = {CALLS: 13 * 3600.0, JOBS: 60.0}
"""At most so long from SIGTERM to the end. A call ends by itself, the longest that an
agent may be set to after twelve hours; whoever starts this process decides how patient
to be, and a second SIGTERM has every call say goodbye."""


def main(queue: str) -> None:
    """Serve one queue; SIGTERM or SIGINT drains it, a second one ends its calls."""
    logs.configure()
    check_private_names()
    refuse_offset_on_real_gateway()
    lose_patience()
    if queue == CALLS:
        reconcile_ledger()
    told = endings()
    threads = settings().worker_slots if queue == CALLS else JOB_THREADS
    calls = CallLoop(slots=threads)
    if queue == CALLS:
        sys.setswitchinterval(SWITCH_SECONDS)
        broker.add_middleware(calls)
    worker = Worker(
        broker, queues={queue}, worker_threads=threads, worker_timeout=POLL_MS[queue]
    )
    # No more messages than threads: a call must not wait behind a running one while
    # another worker is idle.
    worker.queue_prefetch = threads
    worker.start()
    for thread in worker.workers:
        thread.timeout = IDLE_THREAD_SECONDS
    _spare_the_collector()
    announce("worker" if queue == CALLS else queue)
    log.info("worker.started", queue=queue, threads=threads)
    os.read(told, 1)
    log.info("worker.draining", queue=queue)
    Thread(target=_hang_up_when_told_again, args=(told, calls), daemon=True).start()
    worker.stop(timeout=int(DRAIN_SECONDS[queue] * 1000))
    log.info("worker.ended", queue=queue)


def _hang_up_when_told_again(told: int, calls: CallLoop) -> None:
    os.read(told, 1)
    log.info("worker.hanging_up")
    calls.hang_up()


def _spare_the_collector() -> None:
    """Keep collections short: no call sends a frame while one runs.

    What lives as long as the process is left out of all later ones (with it a full one
    took 130 ms, of 60 calls 50 ms without). The young ones come twice as often as by
    default, for 5 ms instead of 10; the full ones, a fifth as often.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(700, 5, 100)


if __name__ == "__main__":
    main(sys.argv[1])
