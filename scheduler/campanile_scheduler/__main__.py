"""Run the scheduler until it is told to stop: `python -m campanile_scheduler`."""

import logging
import select
from collections.abc import Callable
from functools import partial

import structlog

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
    Tidy,
    report,
    surviving,
)
from campanile_scheduler.timetable import Timetable
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
    timetable = Timetable()
    jobs: dict[str, tuple[Callable[[], None], float]] = {
        "pace": (Pace(), settings().tick_seconds),
        "report": (report, REPORT_SECONDS),
        "sweep": (Sweep(), SWEEP_SECONDS),
        "tidy": (Tidy(), SWEEP_SECONDS),
        "rest": (
            Rest(
                pause=partial(timetable.pause, *FREQUENT),
                resume=partial(timetable.resume, *FREQUENT),
            ),
            LOOK_SECONDS,
        ),
    }
    for name, (job, seconds) in jobs.items():
        timetable.add(name, surviving(job, name), seconds=seconds)
    told = endings()
    timetable.start()
    announce("scheduler")
    log.info("scheduler.started", tick_seconds=settings().tick_seconds)
    while not select.select([told], [], [], LOOK_SECONDS)[0]:
        timetable.catch_up()
    timetable.stop()


if __name__ == "__main__":
    main()
