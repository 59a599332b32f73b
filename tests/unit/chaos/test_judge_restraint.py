"""The judge on what must stop by itself: a sick trunk, a dead list, no lease."""

import pytest
from chaos.judge import restraint

from support.judged_evidence import ONE, OTHER, Log, evidence

Times = tuple[float, ...]


def calls(
    *times: float, code: int, caller: str = ONE, ringing: float | None = None
) -> Log:
    log = Log()
    for n, t in enumerate(times):
        rang = None if ringing is None else t + ringing
        number = f"+1516555{100 + n:04}"
        log.leg(number, t, t + 0.1, caller=caller, code=code, ringing=rang)
    return log


FIVE = (0.0, 1.0, 2.0, 3.0, 4.0)


@pytest.mark.parametrize(
    ("later", "red"),
    [
        ((), 0),
        ((5.0, 9.0), 0),  # were on their way
        ((9.5,), 1),
        ((15.0,), 0),  # a probe
        ((15.0, 16.0), 1),
        ((15.0, 26.0, 37.0), 0),
        ((15.0, 26.0, 27.0), 1),
    ],
)
def test_after_five_refusals_in_a_row_a_trunk_is_only_tried(
    later: Times, red: int
) -> None:
    log = calls(*FIVE, *later, code=403)

    assert len(restraint.over_a_failing_trunk(evidence(log)).red) == red


@pytest.mark.parametrize("code", [404, 486, 603])
def test_what_callees_say_is_not_held_against_their_trunk(code: int) -> None:
    log = calls(*FIVE, 10.0, code=code)

    assert restraint.over_a_failing_trunk(evidence(log)).red == []


def test_a_trunk_through_which_it_rang_does_not_fail() -> None:
    log = calls(*FIVE, 10.0, code=503, ringing=0.05)

    assert restraint.over_a_failing_trunk(evidence(log)).red == []


def test_both_campaigns_of_a_trunk_rest() -> None:
    log = calls(*FIVE, code=407)
    log.leg("+15165550190", 10.0, 10.1, caller=OTHER)

    assert len(restraint.over_a_failing_trunk(evidence(log)).red) == 1


@pytest.mark.parametrize(
    "line",
    [
        {"t": 2.0, "event": "kill", "target": "worker-1", "until": 2.0},
        {"t": 2.0, "event": "freeze", "target": "postgres", "until": 3.0},
        {"t": 4.5, "event": "restore", "target": "postgres", "backup": 1.0},
        {"t": 9.0, "event": "freeze", "target": "worker-2", "until": 9.9},
    ],
    ids=lambda line: f"{line['event']} {line['target']}",
)
def test_a_refusal_that_could_not_be_written_down_does_not_count(
    line: dict[str, object],
) -> None:
    log = calls(*FIVE, 10.0, code=403)

    assert restraint.over_a_failing_trunk(evidence(log, history=[line])).red == []


TWENTY = tuple(float(n) for n in range(20))


def test_a_campaign_with_a_dead_list_goes_on_only_when_it_is_told_to() -> None:
    log = calls(*TWENTY, 20.5, 25.0, 26.0, code=404)
    wake = {"t": 22.5, "event": "wake", "target": f"campaign {ONE}"}

    assert len(restraint.with_a_dead_list(evidence(log)).red) == 2
    assert restraint.with_a_dead_list(evidence(log, history=[wake])).red == []


def test_one_person_among_them_is_a_list_that_lives() -> None:
    log = calls(*TWENTY[:10], code=404)
    log.leg("+15165550190", 10.0, 11.0, ringing=10.1)
    log.lines += calls(*(t + 20 for t in TWENTY[:15]), code=404).lines

    assert restraint.with_a_dead_list(evidence(log)).red == []


def test_after_a_fault_of_the_exchange_it_counts_anew() -> None:
    log = calls(*TWENTY, 26.0, code=404)
    line = {"t": 15.0, "event": "freeze", "target": "exchange", "until": 15.2}

    assert restraint.with_a_dead_list(evidence(log, history=[line])).red == []


AWAY = {"t": 10.0, "event": "freeze", "target": "postgres", "until": 50.0}


@pytest.mark.parametrize(
    ("begin", "end", "red"),
    [
        (5.0, 30.0, 0),  # 11 s, and time for a sentence
        (5.0, 32.0, 1),
        (11.0, 31.5, 0),  # a lease from the last moment
        (5.0, None, 1),
    ],
)
def test_without_the_database_a_call_ends(
    begin: float, end: float | None, red: int
) -> None:
    log = Log()
    log.leg("+15165550101", begin, end, ringing=begin + 0.1)
    log.leg("+15165550102", 60.0, 61.0)

    found = restraint.without_a_lease(evidence(log, history=[AWAY]))

    assert (len(found.red), found.looked_at) == (red, 1)


@pytest.mark.parametrize(
    "line",
    [
        {"t": 12.0, "event": "kill", "target": "worker-1", "until": 12.0},
        {"t": 12.0, "event": "freeze", "target": "exchange", "until": 13.0},
    ],
    ids=lambda line: line["target"],
)
def test_nobody_ends_it_who_is_gone(line: dict[str, object]) -> None:
    log = Log()
    log.leg("+15165550101", 5.0, 40.0, ringing=5.1)

    found = restraint.without_a_lease(evidence(log, history=[AWAY, line]))

    assert found.looked_at == 0


def test_while_it_still_rings_nothing_is_held_against_it() -> None:
    log = Log()
    log.leg("+15165550101", 5.0, None, ringing=5.1)

    found = restraint.without_a_lease(evidence(log, history=[AWAY]))

    assert (found.red, found.looked_at) == ([], 0)


def test_a_short_absence_of_the_database_says_nothing() -> None:
    log = Log()
    log.leg("+15165550101", 5.0, 60.0, ringing=5.1)

    found = restraint.without_a_lease(evidence(log, history=[{**AWAY, "until": 20.0}]))

    assert found.looked_at == 0
