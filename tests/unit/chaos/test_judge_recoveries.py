"""How soon it rings again, judged where there is somebody to ring."""

import pytest
from chaos.judge import recoveries
from chaos.judge.evidence import Verdict

from support.judged_evidence import TEXAN, Log, evidence

KILL = {"t": 10, "event": "kill", "target": "scheduler-1", "until": 10}


def rings_again(log: Log) -> Verdict:
    found = recoveries.verdicts(evidence(log, history=[KILL]))
    return next(v for v in found if v.name == "scheduler killed: rings again")


def ringing(log: Log, begin: float, end: float, *, every: float) -> None:
    for n in range(int((end - begin) / every)):
        log.leg(TEXAN, begin + n * every, begin + n * every + 0.1)


@pytest.mark.parametrize(("silence", "red"), [(5, 0), (14, 0), (16, 1)])
def test_a_silence_after_a_killed_scheduler_is_measured(silence: int, red: int) -> None:
    log = Log()
    ringing(log, 0, 11, every=0.5)
    ringing(log, 10 + silence, 40, every=0.5)

    found = rings_again(log)

    assert (len(found.red), found.looked_at) == (red, 1)


def test_where_hardly_anybody_may_be_rung_a_silence_says_nothing() -> None:
    log = Log()
    ringing(log, 0, 11, every=0.5)
    ringing(log, 30, 60, every=5)

    found = rings_again(log)

    assert (found.red, found.looked_at) == ([], 0)
