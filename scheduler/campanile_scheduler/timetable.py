"""When each job runs: again and again in its rhythm, wherever the wall clock is set.

APScheduler plans by the wall clock. Left alone, a clock that is set back by an hour has
every job wait for an hour, and after one that is set forward, or a machine that slept, it
lists every turn that was missed.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from threading import Lock

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from campanile import clock

log = structlog.get_logger(__name__)

SLACK = timedelta(seconds=1)
"""A clock that is set back by less delays a job once, by no more than this."""


class Every(IntervalTrigger):  # type: ignore[misc]  # APScheduler ships no types
    """The first turn comes after one interval; those that were missed are passed over."""

    def get_next_fire_time(
        self, previous: datetime | None, now: datetime
    ) -> datetime | None:
        last = now if previous is None else now - (now - previous) % self.interval
        following: datetime | None = super().get_next_fire_time(last, now)
        return following


class Timetable:
    """No job runs twice at once: a turn that comes while it still runs is no news."""

    def __init__(self, *, wall: Callable[[], datetime] = clock.now) -> None:
        self._wall = wall
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            job_defaults={"max_instances": 1, "misfire_grace_time": None},
        )
        self._lock = Lock()
        """Nobody wakes a job up that somebody else just put to rest."""
        self._ended = False

    def add(self, name: str, job: Callable[[], None], *, seconds: float) -> None:
        self._scheduler.add_job(job, Every(seconds=seconds, timezone=UTC), id=name)

    def start(self) -> None:
        self._scheduler.start()

    @property
    def running(self) -> bool:
        return bool(self._scheduler.running)

    def stop(self) -> None:
        """Once the jobs under way have ended."""
        with self._lock:
            self._ended = True
        self._scheduler.shutdown(wait=True)

    def pause(self, *names: str) -> None:
        self._change(self._scheduler.pause_job, names)

    def resume(self, *names: str) -> None:
        self._change(self._scheduler.resume_job, names)

    def _change(self, change: Callable[[str], object], names: Iterable[str]) -> None:
        with self._lock:
            # Whoever stops the scheduler holds the lock that this would wait for, and
            # waits for the job that asks for it.
            if self._ended:
                return
            for name in names:
                change(name)

    def catch_up(self) -> None:
        """Run now what would wait for longer than its interval: the clock was set back."""
        back = timedelta()
        with self._lock:
            now = self._wall()
            for job in self._scheduler.get_jobs():
                if job.next_run_time is None:
                    continue  # it rests
                too_late = job.next_run_time - now - job.trigger.interval
                if too_late > SLACK:
                    job.modify(next_run_time=now)
                    back = max(back, too_late)
        if back:
            log.warning("scheduler.clock_stepped", seconds=-round(back.total_seconds()))
