"""The judge's rolling seconds, channels, reports and limbo."""

import pytest
from chaos.judge import books, rates

from support.judged_evidence import (
    NEW_YORKER,
    STRANGE,
    TEXAN,
    Log,
    evidence,
    report,
)


def invites(*times: float, caller: str = "") -> Log:
    log = Log()
    for n, t in enumerate(times):
        number = f"+1516555{100 + n:04}"
        log.leg(number, t, t + 0.1, **({"caller": caller} if caller else {}))
    return log


@pytest.mark.parametrize(
    ("times", "red"),
    [
        ((0, 0.3, 0.6, 0.99), 1),
        ((0, 0.3, 0.6, 1.0), 0),
        ((0, 0.9, 0.95, 1.0, 1.05), 1),
        ((0, 0.36, 0.72, 1.08, 1.44), 0),
    ],
)
def test_any_rolling_second_is_looked_at(times: tuple[float, ...], red: int) -> None:
    assert len(rates.above_cps(evidence(invites(*times))).red) == red


def test_trunks_have_a_rate_each() -> None:
    log = invites(0, 0.3, 0.6)
    log.lines += invites(0.1, 0.4, 0.7, caller=STRANGE).lines

    assert rates.above_cps(evidence(log)).red == []


@pytest.mark.parametrize(("cps", "red"), [(5, 0), (2, 1)])
def test_a_changed_rate_holds_from_two_seconds_on(cps: int, red: int) -> None:
    change = {"t": 10, "event": "cps", "target": "trunk", "cps": cps}
    log = invites(20, 20.3, 20.6)

    assert len(rates.above_cps(evidence(log, history=[change])).red) == red


def test_instants_handed_out_before_a_change_are_kept() -> None:
    change = {"t": 10, "event": "cps", "target": "trunk", "cps": 1}

    found = evidence(invites(10.5, 10.9, 11.2), history=[change])

    assert rates.above_cps(found).red == []


def test_a_fifth_leg_on_four_channels_is_seen() -> None:
    log = Log()
    for n in range(4):
        log.leg(f"+1516555010{n}", n, 10)
    assert rates.over_channels(evidence(log)).red == []

    log.leg(TEXAN, 9, 12)

    assert len(rates.over_channels(evidence(log)).red) == 1


@pytest.mark.parametrize(("reports", "red"), [(0, 1), (1, 0), (2, 1)])
def test_each_attempt_has_exactly_one_report(reports: int, red: int) -> None:
    log = Log()
    call_id = log.leg(NEW_YORKER, 0, 1)

    found = evidence(log, reports=[report(call_id, "busy")] * reports)

    assert len(books.one_report_each(found).red) == red


def test_an_amendment_may_replace_unknown_and_nothing_else() -> None:
    log = Log()
    lost, known = log.leg(NEW_YORKER, 0, 1), log.leg(TEXAN, 2, 3)
    reports = [report(lost, "unknown"), report(known, "busy")]
    late = [report(lost, "no_answer"), report(known, "no_answer")]

    found = evidence(log, reports=reports, amendments=late)

    assert books.one_report_each(found).red == []
    [red] = books.amended(found).red
    assert known in red


def test_what_a_restore_took_away_is_not_missed() -> None:
    log = Log()
    log.leg(NEW_YORKER, 5, 6)
    later = log.leg(TEXAN, 15, 16)
    restore = {"t": 10, "backup": 4, "event": "restore"}

    [red] = books.one_report_each(evidence(log, history=[restore])).red
    assert later in red


@pytest.mark.parametrize(
    ("disposition", "red"), [("busy", 1), ("unknown", 0), ("trunk_failed", 0)]
)
def test_a_report_without_an_invite_must_not_say_what_happened(
    disposition: str, red: int
) -> None:
    found = evidence(Log(), reports=[report("never sent", disposition)])

    assert len(books.invented(found).red) == red


def test_limbo_is_a_lead_calling_an_attempt_alive_a_leg_up() -> None:
    log = Log()
    log.leg(NEW_YORKER, 0, None)
    leads = [{"number": NEW_YORKER, "status": "calling"}]
    attempts = [{"id": "a", "state": "ended"}, {"id": "b", "state": "reported"}]
    assert len(books.limbo(evidence(log, leads=leads, attempts=attempts)).red) == 3

    leads[0]["status"] = "pending"
    fine = Log()
    fine.leg(NEW_YORKER, 0, 1)

    assert books.limbo(evidence(fine, leads=leads, attempts=attempts[1:])).red == []
