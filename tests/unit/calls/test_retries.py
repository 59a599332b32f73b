"""What each outcome means for the lead: the table of DESIGN.md 7, row by row."""

from datetime import timedelta

import pytest

from campanile.calls.outcomes import Disposition as D
from campanile.calls.retries import CONGESTION_GAP, DAY, Next, after_attempt
from campanile.leads.states import LeadStatus as S

HOUR = timedelta(hours=1)


def after(disposition: D, **changes: object) -> Next:
    values: dict[str, object] = {
        "spoken_to": False,
        "attempts": 1,
        "max_attempts": 3,
        "retry_delay": HOUR,
    }
    return after_attempt(disposition, **(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("disposition", "status"),
    [
        (D.COMPLETED, S.COMPLETED),
        (D.CALLBACK, S.PENDING),
        (D.OPTED_OUT, S.COMPLETED),
        (D.TRANSFERRED, S.COMPLETED),
        (D.HUNG_UP, S.FAILED),
        (D.VOICEMAIL_LEFT, S.PENDING),
        (D.VOICEMAIL, S.PENDING),
        (D.VOICEMAIL_FULL, S.PENDING),
        (D.SCREENED, S.PENDING),
        (D.IVR, S.FAILED),
        (D.FAX, S.FAILED),
        (D.MUSIC, S.FAILED),
        (D.NO_AUDIO, S.PENDING),
        (D.BUSY, S.PENDING),
        (D.NO_ANSWER, S.PENDING),
        (D.REJECTED, S.FAILED),
        (D.INVALID_NUMBER, S.FAILED),
        (D.CONGESTION, S.PENDING),
        (D.TRUNK_FAILED, S.PENDING),
        (D.AGENT_FAILED, S.PENDING),
        (D.UNKNOWN, S.PENDING),
    ],
)
def test_with_attempts_left_each_outcome_leads_where_the_design_says(
    disposition: D, status: S
) -> None:
    assert after(disposition).status is status


def test_the_table_above_names_every_disposition() -> None:
    mark = test_with_attempts_left_each_outcome_leads_where_the_design_says
    rows = {d for d, _ in mark.pytestmark[0].args[1]}  # type: ignore[attr-defined]
    assert rows == set(D)


@pytest.mark.parametrize("disposition", [D.BUSY, D.VOICEMAIL, D.NO_ANSWER])
def test_the_last_attempt_is_the_last(disposition: D) -> None:
    assert after(disposition, attempts=3).status is S.FAILED


@pytest.mark.parametrize("disposition", [D.UNKNOWN, D.AGENT_FAILED])
def test_somebody_who_was_reached_is_not_rung_again_blindly(disposition: D) -> None:
    outcome = after(disposition, spoken_to=True)
    assert outcome.status is S.FAILED
    assert "follow up" in outcome.reason


@pytest.mark.parametrize("disposition", [D.CONGESTION, D.TRUNK_FAILED])
def test_what_was_not_the_leads_fault_is_given_back(disposition: D) -> None:
    again = after(disposition, retry_delay=timedelta(seconds=1), attempts=3)
    assert (again.status, again.after) == (S.PENDING, CONGESTION_GAP)
    assert not again.charged
    assert after(disposition).after == HOUR


@pytest.mark.parametrize("disposition", [D.CONGESTION, D.TRUNK_FAILED])
def test_the_sixth_such_try_of_a_day_is_its_last(disposition: D) -> None:
    ages = [timedelta(hours=2 * n) for n in range(6)]  # the first ten hours ago
    assert after(disposition, refund_ages=ages[:5]).after == HOUR
    seventh = after(disposition, refund_ages=ages)
    assert seventh.after == DAY - timedelta(hours=10)
    assert (seventh.status, seventh.charged) == (S.PENDING, False)
    assert seventh.reason == f"{disposition} 6 times in a day"


def test_a_trunk_that_goes_on_failing_is_charged_in_the_end() -> None:
    assert not after(D.TRUNK_FAILED, refunds=5).charged
    seventh = after(D.TRUNK_FAILED, refunds=6)
    assert (seventh.status, seventh.charged) == (S.PENDING, True)
    assert after(D.TRUNK_FAILED, refunds=6, attempts=3).status is S.FAILED
    assert not after(D.CONGESTION, refunds=60).charged


def test_a_lost_call_waits_out_its_quarantine() -> None:
    rest = timedelta(hours=2)
    assert after(D.UNKNOWN, quarantine=rest).after == rest


def test_who_asked_for_a_time_gets_that_time() -> None:
    assert after(D.CALLBACK, callback_in=timedelta(minutes=5)).after == timedelta(
        minutes=5
    )


@pytest.mark.parametrize("most", [1, 3])
def test_who_asks_on_the_last_attempt_is_called_once_more_and_no_oftener(
    most: int,
) -> None:
    def asked(attempts: int) -> Next:
        return after(D.CALLBACK, attempts=attempts, max_attempts=most, callback_in=HOUR)

    assert (asked(most).status, asked(most).after) == (S.PENDING, HOUR)
    again = asked(most + 1)
    assert again.status is S.FAILED
    assert "follow up by hand" in again.reason
    for disposition in (D.BUSY, D.NO_ANSWER, D.UNKNOWN, D.AGENT_FAILED):
        extra = after(disposition, attempts=most + 1, max_attempts=most)
        assert extra.status is S.FAILED


def test_who_asked_for_a_time_that_was_not_understood_is_left_alone_for_a_day() -> None:
    outcome = after(D.CALLBACK, callback_request="when the cows come home")
    assert (outcome.status, outcome.after) == (S.PENDING, DAY)
    assert "when the cows come home" in outcome.reason
    rest = timedelta(days=3)
    assert after(D.CALLBACK, callback_request="?", retry_delay=rest).after == rest
    soon = after(D.CALLBACK, callback_request="soon", callback_in=HOUR)
    assert (soon.after, soon.reason) == (HOUR, "")


def test_who_asked_for_no_time_waits_the_retry_delay() -> None:
    for request in (None, "", " "):
        outcome = after(D.CALLBACK, callback_request=request)
        assert (outcome.after, outcome.reason) == (HOUR, "")
