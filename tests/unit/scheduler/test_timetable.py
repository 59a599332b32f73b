"""Jobs go on in their rhythm, wherever somebody sets the wall clock."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from threading import Event, Thread

import pytest
from structlog.testing import capture_logs

from campanile_scheduler.timetable import Every, Timetable
from support.waiting import wait_until

DAY = timedelta(days=1)
SECONDS = 0.01


class Wall(datetime):
    """The time of day for APScheduler too, as far off as it is told to be."""

    off = timedelta()

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + cls.off


class Job:
    """Counts its runs; in one of them the clock is set."""

    def __init__(self, *, sets: timedelta = timedelta(), in_run: int = 0) -> None:
        self.runs = 0
        self._sets, self._in_run = sets, in_run

    def __call__(self) -> None:
        if self.runs + 1 == self._in_run:
            Wall.off = self._sets
        self.runs += 1


@pytest.fixture
def timetable(monkeypatch: pytest.MonkeyPatch) -> Iterator[Timetable]:
    monkeypatch.setattr(Wall, "off", timedelta())
    for module in ("schedulers.base", "triggers.interval"):
        monkeypatch.setattr(f"apscheduler.{module}.datetime", Wall)
    made = Timetable(wall=lambda: Wall.now(UTC))
    yield made
    made.stop()


def run_until(job: Job, runs: int) -> None:
    wait_until(lambda: job.runs >= runs, f"{runs} runs", timeout=5)


@pytest.mark.parametrize("step", [DAY, timedelta(seconds=20)])
def test_no_job_waits_until_a_clock_set_back_shows_its_time_again(
    timetable: Timetable, step: timedelta
) -> None:
    job = Job(sets=-step, in_run=3)
    timetable.add("job", job, seconds=SECONDS)
    timetable.start()
    run_until(job, 3)
    with capture_logs() as logged:
        timetable.catch_up()
        run_until(job, 6)
        timetable.catch_up()
    assert [line["event"] for line in logged] == ["scheduler.clock_stepped"]
    assert logged[0]["seconds"] == pytest.approx(-step.total_seconds(), abs=5)


def test_a_job_that_rests_goes_on_resting_and_wakes_up_by_the_new_clock(
    timetable: Timetable,
) -> None:
    rests, other = Job(), Job(sets=-DAY, in_run=3)
    timetable.add("rests", rests, seconds=SECONDS)
    timetable.add("other", other, seconds=SECONDS)
    timetable.start()
    timetable.pause("rests")
    run_until(other, 3)
    before = rests.runs
    timetable.catch_up()
    run_until(other, 6)
    assert rests.runs <= before + 1  # one may have been under way
    timetable.resume("rests")
    run_until(rests, before + 3)


def test_a_clock_set_forward_holds_nothing_up_and_is_no_step_back(
    timetable: Timetable,
) -> None:
    job = Job(sets=DAY, in_run=3)
    timetable.add("job", job, seconds=SECONDS)
    timetable.start()
    run_until(job, 6)
    with capture_logs() as logged:
        timetable.catch_up()
    assert logged == []


def test_turns_that_were_missed_are_passed_over_and_the_rhythm_is_kept() -> None:
    interval = timedelta(seconds=0.25)
    every = Every(seconds=0.25, timezone=UTC)
    now = datetime(2026, 12, 1, 12, tzinfo=UTC)
    for ago in (timedelta(), interval / 2, 60 * DAY + interval / 5):
        turn = every.get_next_fire_time(now - ago, now)
        assert now < turn <= now + interval
        assert (turn - (now - ago)) % interval == timedelta()


def test_the_first_turn_comes_after_one_interval_whenever_the_job_was_made() -> None:
    every = Every(seconds=5, timezone=UTC)
    long_ago = datetime(1970, 1, 1, tzinfo=UTC)
    assert every.get_next_fire_time(None, long_ago) == long_ago + timedelta(seconds=5)


def test_it_ends_though_a_job_under_way_would_put_another_to_rest() -> None:
    timetable = Timetable()
    begun, go_on = Event(), Event()

    def job() -> None:
        begun.set()
        assert go_on.wait(5)
        timetable.pause("job")

    timetable.add("job", job, seconds=SECONDS)
    timetable.start()
    assert begun.wait(5)
    ending = Thread(target=timetable.stop, daemon=True)
    ending.start()
    wait_until(lambda: not timetable.running, "it was told to end")
    go_on.set()
    ending.join(5)
    assert not ending.is_alive()
