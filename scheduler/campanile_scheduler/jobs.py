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
from datetime import UTC, datetime, timedelta
from functools import partial
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
TIDY_BUDGET_SECONDS = 1.0
"""So it is with each step of the tidying."""
LIMBO_SECONDS = 2 * SWEEP_SECONDS
"""Beyond its lease: so long a lead may be `calling` without a call before it is lost."""
NEVER = datetime.min.replace(tzinfo=UTC)
"""Nothing expired before it."""
SILENCE_SECONDS = 600.0
"""So long nothing is said of a job that goes on failing."""
OUTAGES = (
    OperationalError,
    InternalError,  # the database ended a transaction of ours that stood still
    RedisError,
    DramatiqError,
    Unavailable,
)


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
    """Close what expired, but not right after a gap.

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

    def __call__(self) -> None:
        began, wall = self._monotonic(), self._wall()
        # While a machine sleeps its monotonic clock may stand still; leases do not.
        gap = max(began - self._last, abs((wall - self._last_wall).total_seconds()))
        if gap > settings().lease_seconds / 2:
            self._not_before = began + settings().lease_seconds
        # Asked in any case: a run that fails on the database counts as a gap.
        self._close(wall if began >= self._not_before else NEVER)
        self._last, self._last_wall = began, wall

    def _close(self, before: datetime) -> None:
        voided = closed = 0
        deadline = self._monotonic() + SWEEP_BUDGET_SECONDS
        while self._monotonic() < deadline:
            with brief_transaction(self._guard) as session:
                void, ended = sweeps.close_expired(session, before=before)
            voided, closed = voided + void, closed + ended
            if void + ended < sweeps.EXPIRED:
                break
        if voided or closed:
            log.warning("sweep.expired", voided=voided, closed=closed)


class Tidy:
    """Tidy up what is over, step by step: one that fails holds back no other."""

    def __init__(
        self,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        guard: ClockGuard = THIS_PROCESS,
    ) -> None:
        self._monotonic = monotonic
        self._transaction = partial(brief_transaction, guard)
        self._held = Held()
        steps: dict[str, Callable[[], None]] = {
            "skip_ended": partial(self._skip, endings.skip_ended),
            "skip_overdue": partial(self._skip, endings.skip_overdue),
            "return_lost": self._return_lost,
            "complete_drained": self._complete_drained,
            "look_at_held": self._look_at_held,
        }
        self._steps = [surviving(step, name) for name, step in steps.items()]

    def __call__(self) -> None:
        with self._transaction():
            pass  # a database that is away is told of once, not at every step
        for step in self._steps:
            step()

    def _skip(self, skip: Callable[[Session], int]) -> None:
        deadline = self._monotonic() + TIDY_BUDGET_SECONDS
        skipped = sweeps.SKIPPED
        while skipped >= sweeps.SKIPPED and self._monotonic() < deadline:
            with self._transaction() as session:
                skipped = skip(session)

    def _return_lost(self) -> None:
        patience = timedelta(seconds=settings().lease_seconds + LIMBO_SECONDS)
        with self._transaction() as session:
            lost = sweeps.return_lost(session, before=clock.now() - patience)
        if lost:
            log.error("leads.lost", leads=[str(lead) for lead in lost])

    def _complete_drained(self) -> None:
        with self._transaction() as session:
            endings.complete_drained(session)

    def _look_at_held(self) -> None:
        self._held.look(self._transaction)


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


def surviving(
    job: Callable[[], None],
    name: str,
    *,
    monotonic: Callable[[], float] = time.monotonic,
) -> Callable[[], None]:
    """The scheduler outlives its servers, and its mistakes: a failed run is logged and
    the next one tries.

    Of failures in a row the first is told, one again every `SILENCE_SECONDS`, and their
    end.
    """
    failures, silent_until = 0, 0.0

    def run() -> None:
        nonlocal failures, silent_until
        try:
            job()
        except Exception as error:  # noqa: BLE001 - a mistake is told with its trace
            failures += 1
            if failures == 1 or monotonic() >= silent_until:
                silent_until = monotonic() + SILENCE_SECONDS
                tell = log.warning if isinstance(error, OUTAGES) else log.exception
                said = str(error).split("\n")[0]
                tell("job.failed", job=name, failures=failures, error=said)
            return
        if failures:
            log.info("job.recovered", job=name, failures=failures)
            failures = 0

    return run
