"""When a campaign's calls fail so oddly that it should pause, and when they do not."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campanile.calls.outcomes import Disposition as D
from campanile.capacity.anomalies import AT_ONCE, SAMPLE, Call, anomaly

USUAL = sorted(
    set(D)
    - {
        D.TRUNK_FAILED,
        D.AGENT_FAILED,
        D.NO_AUDIO,
        D.INVALID_NUMBER,
        D.REJECTED,
        D.HUNG_UP,
        D.UNKNOWN,
    }
)


def calls(*counted: tuple[int, D]) -> list[Call]:
    return [
        Call(disposition, timedelta(seconds=1), worker_id=f"w{n}-{disposition}")
        for count, disposition in counted
        for n in range(count)
    ]


def test_eighteen_of_twenty_without_sound_pause_it_in_words() -> None:
    reason = anomaly(calls((2, D.COMPLETED), (18, D.NO_AUDIO)))
    assert reason == "18 of the last 20 calls were answered but no sound came"


def test_several_kinds_are_told_the_most_frequent_first() -> None:
    reason = anomaly(calls((4, D.BUSY), (5, D.INVALID_NUMBER), (11, D.REJECTED)))
    assert reason == (
        "11 of the last 20 calls were rejected, 5 went to numbers that do not exist"
    )


@pytest.mark.parametrize(("faults", "pauses"), [(15, False), (16, True), (20, True)])
def test_it_takes_four_fifths(faults: int, pauses: bool) -> None:
    found = anomaly(calls((faults, D.REJECTED), (SAMPLE - faults, D.NO_ANSWER)))
    assert (found is not None) is pauses


def test_fewer_than_twenty_calls_prove_nothing() -> None:
    assert anomaly(calls((19, D.NO_AUDIO))) is None


def test_only_the_latest_twenty_count() -> None:
    assert anomaly(calls((20, D.COMPLETED), (40, D.NO_AUDIO))) is None


@given(st.lists(st.sampled_from(USUAL), max_size=60))
def test_people_who_are_busy_out_or_a_machine_never_pause_it(found: list[D]) -> None:
    assert anomaly([Call(disposition, None) for disposition in found]) is None


@given(st.lists(st.sampled_from(sorted(D)), max_size=60), st.integers(0, 2**32))
def test_it_depends_only_on_how_many_of_the_latest_failed(
    found: list[D], seed: int
) -> None:
    sample = [
        Call(d, timedelta(seconds=1), worker_id=str(n)) for n, d in enumerate(found)
    ][:SAMPLE]
    shuffled = sample.copy()
    Random(seed).shuffle(shuffled)
    expected = len(sample) == SAMPLE and sum(c.faulty for c in sample) >= 16
    assert (anomaly(sample) is not None) is expected
    assert (anomaly(shuffled) is not None) is expected


def test_hanging_up_after_a_while_is_a_persons_choice() -> None:
    late = Call(D.HUNG_UP, AT_ONCE + timedelta(seconds=1))
    assert anomaly([late] * 20) is None
    assert anomaly([Call(D.HUNG_UP, AT_ONCE)] * 20) is not None


def test_forty_calls_lost_with_one_worker_are_one_accident() -> None:
    lost = [Call(D.UNKNOWN, None, worker_id="dead")] * 40
    assert anomaly([*lost, *calls((20, D.COMPLETED))]) is None


def test_worker_after_worker_dying_of_its_calls_pauses_it() -> None:
    lost = [
        Call(D.UNKNOWN, None, worker_id=f"w{n}") for n in range(20) for _ in range(3)
    ]
    reason = anomaly(lost)
    assert reason == "20 of the last 20 calls were lost with their worker or gateway"
