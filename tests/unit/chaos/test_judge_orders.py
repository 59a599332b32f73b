"""The judge's patience after somebody said no: a second for new calls, five for ringing."""

from typing import Any

import pytest
from chaos.judge import orders

from support.judged_evidence import (
    NEW_YORKER,
    ONE,
    OTHER,
    STRANGE,
    Log,
    evidence,
    world,
)

MINE, STRANGERS = f"campaign {ONE}", f"campaign {STRANGE}"


def listed(t: float, **values: Any) -> dict[str, Any]:
    line = {"t": t, "event": "suppress", "number": NEW_YORKER}
    return {**line, "root": None, "campaign": None, **values}


def test_a_call_over_a_second_after_suppression_is_seen() -> None:
    log = Log()
    log.leg(NEW_YORKER, 10.9, 11)
    log.leg(NEW_YORKER, 11.1, 12)

    assert len(orders.suppressed(evidence(log, history=[listed(10)])).red) == 1


@pytest.mark.parametrize(
    ("scope", "red"),
    [
        ({"root": "parent"}, 2),
        ({"root": "strange"}, 1),
        ({"root": "parent", "campaign": MINE}, 1),
        ({}, 3),
    ],
)
def test_suppression_has_its_scope(scope: dict[str, str], red: int) -> None:
    log = Log()
    for caller in (ONE, OTHER, STRANGE):
        log.leg(NEW_YORKER, 20, 21, caller=caller)

    found = orders.suppressed(evidence(log, history=[listed(10, **scope)]))

    assert len(found.red) == red


def test_who_was_listed_before_the_first_call_is_never_rung() -> None:
    agreed = world()
    agreed["suppressed"] = [{"number": NEW_YORKER, "root": None, "campaign": None}]
    log = Log()
    log.leg(NEW_YORKER, 0, 1)

    assert len(orders.suppressed(evidence(log, world_=agreed)).red) == 1


@pytest.mark.parametrize(
    ("end", "answer", "red"), [(16, None, 1), (14, None, 0), (30, 14, 0), (30, 17, 1)]
)
def test_a_suppressed_number_stops_ringing_within_five_seconds(
    end: float, answer: float | None, red: int
) -> None:
    log = Log()
    log.leg(NEW_YORKER, 9, end, ringing=9.5, answer=answer)

    found = orders.ringing_suppressed(evidence(log, history=[listed(10)]))

    assert len(found.red) == red


def test_nobody_can_cancel_what_rings_while_the_database_is_down() -> None:
    log = Log()
    log.leg(NEW_YORKER, 9, 17, ringing=9.5)
    down = {"t": 11, "until": 15, "event": "freeze", "target": "postgres"}

    found = orders.ringing_suppressed(evidence(log, history=[listed(10), down]))

    assert found.red == []


@pytest.mark.parametrize(
    ("order", "red"),
    [
        ({"event": "pause", "target": MINE}, 1),
        ({"event": "cancel", "target": MINE}, 1),
        ({"event": "pause", "target": STRANGERS}, 0),
        ({"event": "stop", "scope": "everything", "target": None}, 1),
        ({"event": "stop", "scope": "organization", "target": "parent"}, 1),
        ({"event": "stop", "scope": "organization", "target": "strange"}, 0),
        ({"event": "stop", "scope": "trunk", "target": "trunk"}, 1),
        ({"event": "stop", "scope": "campaign", "target": STRANGERS}, 0),
    ],
)
def test_new_calls_after_an_order_are_seen(order: dict[str, Any], red: int) -> None:
    log = Log()
    log.leg(NEW_YORKER, 10.5, 11)
    log.leg(NEW_YORKER, 30, 31)

    assert len(orders.halted(evidence(log, history=[{"t": 10, **order}])).red) == red


def test_what_was_lifted_rings_again() -> None:
    history = [
        {"t": 10, "event": "pause", "target": MINE},
        {"t": 20.2, "asked": 20, "event": "resume", "target": MINE},
        {"t": 10, "event": "stop", "scope": "trunk", "target": "trunk"},
        {"t": 20.2, "asked": 20, "event": "lift", "scope": "trunk", "target": "trunk"},
    ]
    log = Log()
    log.leg(NEW_YORKER, 20.1, 21)
    assert orders.halted(evidence(log, history=history)).red == []

    log.leg(NEW_YORKER, 19, 20)

    assert len(orders.halted(evidence(log, history=history)).red) == 2


def test_a_stop_ends_what_rings_within_five_seconds() -> None:
    stop = {"t": 10, "event": "stop", "scope": "everything", "target": None}
    log = Log()
    log.leg(NEW_YORKER, 9, 15.5, ringing=9.5)

    assert len(orders.ringing_stopped(evidence(log, history=[stop])).red) == 1


def test_what_a_thawed_exchange_logs_was_sent_who_knows_when() -> None:
    frozen = {"t": 5, "until": 19.5, "event": "freeze", "target": "exchange"}
    log = Log()
    log.leg(NEW_YORKER, 20, 21)

    found = evidence(log, history=[listed(10), frozen])

    assert orders.suppressed(found).red == []


@pytest.mark.parametrize(("known_until", "red"), [(14.0, 0), (16.0, 1)])
def test_a_phone_that_still_rings_is_judged_when_its_time_is_over(
    known_until: float, red: int
) -> None:
    log = Log()
    log.leg(NEW_YORKER, 8, None, ringing=8.1)
    later = {"t": known_until, "event": "forge"}

    found = evidence(log, history=[listed(10), later])

    assert len(orders.ringing_suppressed(found).red) == red
