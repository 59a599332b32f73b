"""Run the scheduler until it is told to stop: `python -m campanile_scheduler`."""

import logging
import os
from collections.abc import Callable

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from campanile import logs
from campanile.config import SWEEP_SECONDS, settings
from campanile.db import lose_patience
from campanile.dialing.preflight import (
    reconcile_ledger,
    refuse_offset_on_real_gateway,
)
from campanile.readiness import announce
from campanile_scheduler.jobs import (
    LOOK_SECONDS,
    REPORT_SECONDS,
    Pace,
    Rest,
    Sweep,
    report,
    surviving,
)
from campanile_workers.broker import broker
from campanile_workers.signals import endings

log = structlog.get_logger(__name__)

FREQUENT = ("pace", "report")


def main() -> None:
    logs.configure()
    # A tick that takes longer than its interval is no news: the next one comes.
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
    refuse_offset_on_real_gateway()
    lose_patience()
    broker.lose_patience()
    reconcile_ledger()
    scheduler = BackgroundScheduler(
        job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
    )

    def pause() -> None:
        for name in FREQUENT:
            scheduler.pause_job(name)

    def resume() -> None:
        for name in FREQUENT:
            scheduler.resume_job(name)

    jobs: dict[str, tuple[Callable[[], None], float]] = {
        "pace": (Pace(), settings().tick_seconds),
        "report": (report, REPORT_SECONDS),
        "sweep": (Sweep(), SWEEP_SECONDS),
        "rest": (Rest(pause=pause, resume=resume), LOOK_SECONDS),
    }
    for name, (job, seconds) in jobs.items():
        scheduler.add_job(surviving(job, name), "interval", seconds=seconds, id=name)
    told = endings()
    scheduler.start()
    announce("scheduler")
    log.info("scheduler.started", tick_seconds=settings().tick_seconds)
    os.read(told, 1)
    scheduler.shutdown(wait=True)


if __name__ == "__main__":
    main()
