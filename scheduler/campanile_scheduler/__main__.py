"""Run the scheduler until it is told to stop: `python -m campanile_scheduler`."""

import signal
from threading import Event
from types import FrameType

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from campanile import logs
from campanile.config import settings
from campanile.db import lose_patience
from campanile.dialing.preflight import (
    reconcile_ledger,
    refuse_offset_on_real_gateway,
)
from campanile.readiness import announce
from campanile_scheduler.jobs import (
    REPORT_SECONDS,
    SWEEP_SECONDS,
    Pace,
    Sweep,
    report,
    surviving,
)
from campanile_workers.broker import broker

log = structlog.get_logger(__name__)


def main() -> None:
    logs.configure()
    refuse_offset_on_real_gateway()
    lose_patience()
    broker.lose_patience()
    reconcile_ledger()
    scheduler = BackgroundScheduler(
        job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
    )
    jobs = (
        (Pace(), settings().tick_seconds),
        (report, REPORT_SECONDS),
        (Sweep(), SWEEP_SECONDS),
    )
    for job, seconds in jobs:
        name = getattr(job, "__name__", type(job).__name__).lower()
        scheduler.add_job(surviving(job, name), "interval", seconds=seconds, id=name)
    stop = Event()

    def on_signal(signum: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    scheduler.start()
    announce("scheduler")
    log.info("scheduler.started", tick_seconds=settings().tick_seconds)
    stop.wait()
    scheduler.shutdown(wait=True)


if __name__ == "__main__":
    main()
