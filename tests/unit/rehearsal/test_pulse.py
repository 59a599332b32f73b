"""The exchange says how late it may have been in seeing an INVITE."""

import pytest

from campanile.rehearsal.exchange.pulse import Pulse


def pulse_at(*moments: float) -> tuple[Pulse, list[float]]:
    clock = [moments[0]]
    pulse = Pulse(lambda: clock[0])
    for moment in moments[1:]:
        clock[0] = moment
        pulse.beat()
    return pulse, clock


def test_a_loop_that_beats_in_time_has_seen_what_came_at_once() -> None:
    pulse, clock = pulse_at(0.0, 0.010, 0.020)
    clock[0] = 0.024
    assert pulse.late() == pytest.approx(0.0)


def test_what_is_seen_after_a_pause_may_have_come_at_its_beginning() -> None:
    pulse, clock = pulse_at(0.0, 0.010, 0.020)
    clock[0] = 0.150
    assert pulse.late() == pytest.approx(0.120)


def test_a_beat_that_came_first_after_the_pause_does_not_hide_it() -> None:
    pulse, clock = pulse_at(0.0, 0.010, 0.150)
    clock[0] = 0.151
    assert pulse.late() == pytest.approx(0.130)


def test_an_invite_may_have_waited_through_several_slow_rounds() -> None:
    pulse, clock = pulse_at(0.0, 0.050, 0.100, 0.150)
    clock[0] = 0.151
    assert pulse.late() == pytest.approx(0.120)


def test_a_pause_that_is_long_past_is_forgotten() -> None:
    pulse, clock = pulse_at(0.0, 0.5, 0.510, 0.520, 0.530)
    clock[0] = 0.535
    assert pulse.late() == pytest.approx(0.0)
