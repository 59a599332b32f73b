"""What the scheduler does again and again: rows in a transaction, then messages.

A message is sent after its commit. If the process dies between the two, it is sent again
by whoever lives, or the lease of what was claimed runs out and a sweep puts it back.

Each job may stand still at any point, for as long as it likes: the database ends a
transaction that nobody goes on with, so that its locks are free and its decisions, grown
old, are never committed.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
import structlog
from dramatiq import Actor, DramatiqError
from redis.exceptions import RedisError
from sqlalchemy.exc import InternalError, OperationalError
from sqlmodel import Session

from campanile import clock
from campanile.config import SWEEP_SECONDS, settings
from campanile.db import transaction
from campanile.dialing.clock_guard import THIS_PROCESS, ClockGuard, trouble_with_clock
from campanile.errors import Unavailable
from campanile.pacing import endings, sweeps
from campanile.pacing.held import Held
from campanile.pacing.tick import Pacer, anything_to_do
from campanile_workers.actors import place_call, report_call
from campanile_workers.broker import broker

log = structlog.get_logger(__name__)

STANDSTILL_MS = 5000
"""A transaction of ours in which nothing happens for so long is ended by the database."""
LOOK_SECONDS = 1.0
REPORT_SECONDS = 1.0
SWEEP_BUDGET_SECONDS = 3.0
"""What one sweep leaves over, the next one does."""
LIMBO_SECONDS = 2 * SWEEP_SECONDS
"""Beyond its lease: so long a lead may be `calling` without a call before it is lost."""


class Rest:
    """Have the frequent jobs rest while there is nothing at all to do.

    One light look a second: idling costs next to nothing, and whoever starts a campaign
    waits a second at most.
    """

    def __init__(
        self, *, pause: Callable[[], None], resume: Callable[[], None]
    ) -> None:
        self._pause = pause
        self._resume = resume
        self._resting = False

    def __call__(self) -> None:
        with transaction() as session:
            resting = not anything_to_do(session)
        if resting != self._resting:
            (self._pause if resting else self._resume)()
            self._resting = resting


class Pace:
    """Reserve the attempts that may start now and tell the workers."""

    def __init__(self, guard: ClockGuard = THIS_PROCESS) -> None:
        self._guard = guard
        self._pacer = Pacer()

    def __call__(self) -> None:
        broker.client.ping()  # whom nobody could tell, nobody claims
        with brief_transaction(self._guard) as session:
            attempts = self._pacer.tick(session)
        tell(place_call, attempts)


def report() -> None:
    """Have the ended attempts analysed and reported; tell the workers again of what they
    seem not to have heard of."""
    with brief_transaction() as session:
        ended = sweeps.due_reports(session)
        waiting = sweeps.not_taken(session, every=REPORT_SECONDS)
    tell(report_call, ended)
    if waiting:
        log.warning("messages.sent_again", attempts=len(waiting))
        tell(place_call, waiting)


class Sweep:
    """Close what expired, but not right after a gap, and tidy up what is over.

    When this process or the database was away, or a clock was set, workers may have been
    renewing in vain: one full lease must pass with everything up before silence means
    death. Everything counts from the beginning of a run, so that one which hung in the
    database is a gap for the next.
    """

    def __init__(
        self,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], datetime] = clock.now,
        guard: ClockGuard = THIS_PROCESS,
    ) -> None:
        self._monotonic = monotonic
        self._wall = wall
        self._guard = guard
        self._last, self._last_wall = monotonic(), wall()
        self._not_before = self._last + settings().lease_seconds
        self._held = Held()

    def __call__(self) -> None:
        began, wall = self._monotonic(), self._wall()
        # While a machine sleeps its monotonic clock may stand still; leases do not.
        gap = max(began - self._last, abs((wall - self._last_wall).total_seconds()))
        if gap > settings().lease_seconds / 2:
            self._not_before = began + settings().lease_seconds
        deadline = began + SWEEP_BUDGET_SECONDS
        if began >= self._not_before:
            self._close(wall, deadline)
        self._tidy(wall, deadline)
        # Only now: a run that failed on the database counts as a gap.
        self._last, self._last_wall = began, wall

    def _close(self, before: datetime, deadline: float) -> None:
        voided = closed = 0
        while self._monotonic() < deadline:
            with brief_transaction(self._guard) as session:
                void, ended = sweeps.close_expired(session, before=before)
            voided, closed = voided + void, closed + ended
            if void + ended < sweeps.EXPIRED:
                break
        if voided or closed:
            log.warning("sweep.expired", voided=voided, closed=closed)

    def _tidy(self, wall: datetime, deadline: float) -> None:
        patience = timedelta(seconds=settings().lease_seconds + LIMBO_SECONDS)
        more = True
        while more and self._monotonic() < deadline:
            with brief_transaction(self._guard) as session:
                skipped = endings.skip_ended(session), endings.skip_overdue(session)
                lost = sweeps.return_lost(session, before=wall - patience)
                endings.complete_drained(session)
            more = max(skipped) >= sweeps.SKIPPED
            if lost:
                log.error("leads.lost", leads=[str(lead) for lead in lost])
        with brief_transaction(self._guard) as session:
            self._held.look(session)


class ClockInDoubt(Unavailable):
    """Nothing is decided by a clock that may be wrong."""


@contextmanager
def brief_transaction(guard: ClockGuard = THIS_PROCESS) -> Iterator[Session]:
    """A transaction for decisions of this moment. Raises ClockInDoubt."""
    with transaction() as session:
        databases = session.execute(
            sa.text(
                "SELECT clock_timestamp(),"
                " set_config('idle_in_transaction_session_timeout', :ms, true)"
            ),
            {"ms": str(STANDSTILL_MS)},
        ).one()[0]
        trouble = trouble_with_clock(
            guard, ours=clock.now(), databases=databases, newest_dial=0.0
        )
        if trouble is not None:
            raise ClockInDoubt(trouble)
        yield session


def tell(actor: Actor[[str], None], attempts: Iterable[UUID]) -> None:
    """Send all in one go."""
    with broker.together():
        for attempt_id in attempts:
            actor.send(str(attempt_id))


def surviving(job: Callable[[], None], name: str) -> Callable[[], None]:
    """The scheduler outlives its servers: a failed run is logged and the next one tries.

    Of failures in a row the first is told, and their end.
    """
    failures = 0

    def run() -> None:
        nonlocal failures
        try:
            job()
        except (
            OperationalError,
            InternalError,  # the database ended a transaction of ours that stood still
            RedisError,
            DramatiqError,
            Unavailable,
        ) as error:
            failures += 1
            if failures == 1:
                log.warning("job.failed", job=name, error=str(error).split("\n")[0])
            return
        if failures:
            log.info("job.recovered", job=name, failures=failures)
            failures = 0

    return run
