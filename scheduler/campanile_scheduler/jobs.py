"""What the scheduler does again and again: rows in a transaction, then messages.

A message is sent after its commit. If the process dies between the two, the lease of
what was claimed runs out and a sweep puts it back.
"""

import time
from collections.abc import Callable
from random import Random

import structlog
from dramatiq import DramatiqError
from redis.exceptions import RedisError
from sqlalchemy.exc import OperationalError

from campanile.config import settings
from campanile.db import transaction
from campanile.pacing import sweeps
from campanile.pacing.tick import nothing_scheduled, tick
from campanile_workers.actors import place_call, report_call

log = structlog.get_logger(__name__)

shuffle = Random()
IDLE_SECONDS = 1.0


class Pace:
    """Reserve the attempts that may start now and tell the workers.

    While no campaign is scheduled it looks once a second: idling costs next to nothing,
    and whoever starts a campaign waits a second at most.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._rests_until = 0.0

    def __call__(self) -> None:
        if self._monotonic() < self._rests_until:
            return
        with transaction() as session:
            attempts = tick(session, shuffle=shuffle)
            idle = not attempts and nothing_scheduled(session)
        for attempt_id in attempts:
            place_call.send(str(attempt_id))
        if idle:
            self._rests_until = self._monotonic() + IDLE_SECONDS


def report() -> None:
    """Have the ended attempts analysed and reported."""
    with transaction() as session:
        attempts = sweeps.due_reports(session)
    for attempt_id in attempts:
        report_call.send(str(attempt_id))


class Sweep:
    """Close what expired, but not right after a gap.

    When this process or the database was away, workers may have been renewing in vain:
    one full lease must pass with everything up before silence means death.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._last = monotonic()
        self._not_before = self._last + settings().lease_seconds

    def __call__(self) -> None:
        moment = self._monotonic()
        if moment - self._last > settings().lease_seconds / 2:
            self._not_before = moment + settings().lease_seconds
        if moment >= self._not_before:
            with transaction() as session:
                voided, closed = sweeps.close_expired(session)
            if voided or closed:
                log.warning("sweep.expired", voided=voided, closed=closed)
        with transaction() as session:
            sweeps.skip_cancelled(session)
            sweeps.complete_drained(session)
        # Only now: a run that failed on the database counts as a gap.
        self._last = self._monotonic()


def surviving(job: Callable[[], None], name: str) -> Callable[[], None]:
    """The scheduler outlives its servers: a failed run is logged and the next one tries."""

    def run() -> None:
        try:
            job()
        except (OperationalError, RedisError, DramatiqError) as error:
            log.warning("job.failed", job=name, error=str(error).split("\n")[0])

    return run
