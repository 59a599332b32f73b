"""The frame clock, in real time for some tenths of a second, on both event loops."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
import uvloop

from campanile.media.clock import FrameClock

FRAME = 0.02


class Leg:
    def __init__(self) -> None:
        self.due: list[float] = []
        self.at: list[float] = []

    def tick(self, now: float) -> None:
        self.due.append(now)
        self.at.append(time.monotonic())


class Faulty(Leg):
    def tick(self, now: float) -> None:
        super().tick(now)
        raise LookupError("a sink of this call failed")


@pytest.fixture(
    params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)
def run(request) -> Callable[[Callable[[], Awaitable[None]]], None]:
    def run_it(scenario: Callable[[], Awaitable[None]]) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(scenario())

    return run_it


def test_every_leg_is_ticked_fifty_times_a_second(run):
    async def scenario() -> None:
        clock, legs = FrameClock(), [Leg() for _ in range(8)]
        for leg in legs:
            clock.add(leg)
        await asyncio.sleep(0.5)
        for leg in legs:
            clock.remove(leg)
            seconds = leg.due[-1] - leg.due[0]
            assert 0.3 < seconds <= 0.5
            steps = {
                round((b - a) / FRAME, 3)
                for a, b in zip(leg.due, leg.due[1:], strict=False)
            }
            assert all(step == int(step) for step in steps)
            assert all(
                at >= due - 0.001 for at, due in zip(leg.at, leg.due, strict=True)
            )

    run(scenario)


def test_a_few_legs_share_a_phase_and_many_are_spread_over_the_frame(run):
    async def scenario() -> None:
        clock, legs = FrameClock(), [Leg() for _ in range(60)]
        for leg in legs:
            clock.add(leg)
        await asyncio.sleep(0.1)
        for leg in legs:
            clock.remove(leg)
        phases = [round((leg.due[-1] - legs[0].due[0]) / 0.005) % 4 for leg in legs]
        assert set(phases[:10]) == {phases[0]}
        assert [phases.count(phase) for phase in range(4)] == [15] * 4

    run(scenario)


def test_after_a_stall_it_skips_and_does_not_burst(run):
    async def scenario() -> None:
        clock, leg = FrameClock(), Leg()
        clock.add(leg)
        await asyncio.sleep(0.1)
        before = len(leg.due)
        time.sleep(0.25)  # noqa: ASYNC251 - the stall is the point
        await asyncio.sleep(0.05)
        clock.remove(leg)
        assert len(leg.due) - before <= 5
        longest = max(b - a for a, b in zip(leg.due, leg.due[1:], strict=False))
        assert longest >= 0.22
        assert round(longest / FRAME, 3) == round(longest / FRAME)

    run(scenario)


def test_a_stall_shows_in_the_lag(run):
    async def scenario() -> None:
        clock, leg = FrameClock(), Leg()
        assert clock.lag_p99() == 0.0
        clock.add(leg)
        await asyncio.sleep(0.02)
        time.sleep(0.1)  # noqa: ASYNC251 - the stall is the point
        await asyncio.sleep(0.02)
        assert clock.lag_p99() >= 0.08
        clock.remove(leg)
        assert clock.lag_p99() == 0.0

    run(scenario)


def test_a_leg_that_fails_is_taken_off_and_told_of_while_the_others_go_on(run):
    async def scenario() -> None:
        told: list[dict[str, object]] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: told.append(context)
        )
        clock, faulty, sound = FrameClock(), Faulty(), [Leg() for _ in range(4)]
        failed: list[Leg] = []
        for leg in (faulty, *sound):
            clock.add(leg, failed=lambda leg=leg: failed.append(leg))
        await asyncio.sleep(0.1)
        for leg in sound:
            clock.remove(leg)
            assert len(leg.due) >= 3
        assert len(faulty.due) == 1
        assert [context["message"] for context in told] == ["media.leg_failed"]
        assert failed == [faulty]

    run(scenario)


def test_the_cycle_comes_after_all_legs_once_per_frame(run):
    async def scenario() -> None:
        clock, legs, cycles = FrameClock(), [Leg() for _ in range(4)], []
        unsubscribe = clock.on_cycle(
            lambda: cycles.append([len(leg.due) for leg in legs])
        )
        for leg in legs:
            clock.add(leg)
        await asyncio.sleep(0.15)
        unsubscribe()
        seen = len(cycles)
        await asyncio.sleep(0.05)
        for leg in legs:
            clock.remove(leg)
        assert len(cycles) == seen >= 3
        assert all(len(set(counts)) == 1 for counts in cycles)

    run(scenario)


def test_sockets_are_read_before_and_written_after_all_legs(run):
    async def scenario() -> None:
        clock, order = FrameClock(), []

        class Noting:
            def tick(self, now: float) -> None:
                order.append("tick")

        legs = [Noting() for _ in range(3)]
        for leg in legs:
            clock.add(
                leg,
                before=lambda: order.append("read"),
                after=lambda: order.append("write"),
            )
        await asyncio.sleep(0.1)
        for leg in legs:
            clock.remove(leg)
        assert order[:9] == ["read"] * 3 + ["tick"] * 3 + ["write"] * 3

    run(scenario)


def test_it_rests_without_legs(run):
    async def scenario() -> None:
        clock, leg, cycles = FrameClock(), Leg(), []
        clock.on_cycle(lambda: cycles.append(1))
        clock.add(leg)
        await asyncio.sleep(0.05)
        clock.remove(leg)
        clock.remove(leg)
        seen = len(leg.due), len(cycles)
        await asyncio.sleep(0.06)
        assert (len(leg.due), len(cycles)) == seen

    run(scenario)
