"""How long a lead is left alone after its earlier calls."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from campanile.calls.outcomes import Disposition as D
from campanile.dialing.gaps import EarlierDial, Rest, rest_of

DIALED = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ENDED = DIALED + timedelta(seconds=40)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)

BUSY = EarlierDial(
    at=DIALED,
    subject=None,
    quarantined_until=None,
    same_lead=True,
    answered=False,
    disposition=D.BUSY,
    ended_at=ENDED,
    from_ledger=False,
)
FORGOTTEN = replace(BUSY, disposition=None, ended_at=None, from_ledger=True)


def rest(*dials: EarlierDial, **changes: object) -> Rest | None:
    values: dict[str, object] = {
        "retry_delay": HOUR,
        "quarantine": timedelta(seconds=90),
        "callback_at": None,
    }
    return rest_of(dials, **(values | changes))  # type: ignore[arg-type]


def until(*dials: EarlierDial, **changes: object) -> datetime | None:
    found = rest(*dials, **changes)
    assert found is not None
    return found.until


def test_a_lead_never_dialed_need_not_rest() -> None:
    assert rest() is None


def test_the_gap_runs_from_the_end_of_the_last_call() -> None:
    assert until(BUSY) == ENDED + HOUR
    later = replace(BUSY, ended_at=ENDED + MINUTE)
    assert until(BUSY, later) == until(later, BUSY) == ENDED + MINUTE + HOUR


@pytest.mark.parametrize("disposition", [D.CONGESTION, D.TRUNK_FAILED])
def test_after_trouble_on_the_way_it_is_five_minutes_at_least(disposition: D) -> None:
    dial = replace(BUSY, disposition=disposition)
    assert until(dial, retry_delay=MINUTE) == ENDED + 5 * MINUTE
    assert until(dial) == ENDED + HOUR


def test_who_asked_for_a_time_is_rung_then_and_not_before() -> None:
    asked = replace(BUSY, disposition=D.CALLBACK, answered=True)
    assert until(asked, callback_at=ENDED + MINUTE) == ENDED + MINUTE
    assert until(asked) == ENDED + HOUR


def test_a_lost_call_that_was_answered_is_for_a_person() -> None:
    lost = replace(BUSY, disposition=D.UNKNOWN, answered=True)
    found = rest(lost, replace(BUSY, ended_at=ENDED + HOUR))
    assert found is not None
    assert (found.rule, found.until) == ("lead.follow_up", None)
    assert until(replace(lost, answered=False)) == ENDED + HOUR


def test_what_the_database_forgot_holds_back_everybody_with_the_number() -> None:
    assert until(FORGOTTEN) == DIALED + HOUR
    assert until(FORGOTTEN, retry_delay=MINUTE) == DIALED + timedelta(seconds=90)
    others = replace(FORGOTTEN, same_lead=False)
    assert until(others) == DIALED + HOUR


def test_what_the_database_forgot_and_was_answered_is_for_a_person() -> None:
    answered = replace(FORGOTTEN, answered=True)
    assert until(answered) is None
    assert until(replace(answered, same_lead=False)) == DIALED + HOUR


def test_another_leads_calls_to_the_number_are_the_caps_business() -> None:
    assert rest(replace(BUSY, same_lead=False)) is None
