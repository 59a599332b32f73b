import pytest

from campanile.providers.breaker import Breaker, BreakerState


@pytest.fixture
def broken():
    breaker = Breaker(threshold=3, cool_down=30)
    for _ in range(3):
        breaker.failed(100)
    return breaker


def test_it_opens_at_the_threshold_and_not_before():
    breaker = Breaker(threshold=3)
    breaker.failed(0)
    breaker.failed(0)
    assert breaker.allows(0)
    breaker.failed(0)
    assert not breaker.allows(0)


def test_a_success_between_failures_starts_the_count_again():
    breaker = Breaker(threshold=2)
    for _ in range(5):
        breaker.failed(0)
        breaker.succeeded()
    assert breaker.state(0) is BreakerState.CLOSED


def test_after_the_cool_down_one_probe_goes_out(broken):
    assert broken.state(129) is BreakerState.OPEN
    assert broken.state(130) is BreakerState.HALF_OPEN
    assert [broken.allows(130) for _ in range(3)] == [True, False, False]


def test_a_good_probe_closes_it(broken):
    broken.allows(130)
    broken.succeeded()
    assert broken.allows(131)


def test_a_bad_probe_opens_it_for_another_cool_down(broken):
    broken.allows(130)
    broken.failed(135)
    assert not broken.allows(164)
    assert broken.allows(165)


def test_a_probe_that_never_returns_does_not_shut_it_for_ever(broken):
    broken.allows(130)
    assert not broken.allows(159)
    assert broken.allows(160)
