"""How a leg's end becomes what the attempt came to."""

import pytest

from campanile.calls.lifecycle import Ending
from campanile.calls.outcomes import Disposition as D
from campanile.calls.outcomes import EndReason
from campanile.dialing.endings import refused, talked, unanswered
from campanile.telephony.causes import Cause
from campanile.telephony.line import Ended, GatewayError


@pytest.mark.parametrize(
    ("code", "q850", "disposition", "reason"),
    [
        (486, 17, D.BUSY, "trunk_486"),
        (600, None, D.BUSY, "trunk_600"),
        (480, None, D.NO_ANSWER, "trunk_480"),
        (603, None, D.REJECTED, "trunk_603"),
        (404, 1, D.INVALID_NUMBER, "trunk_404"),
        (503, None, D.CONGESTION, "trunk_503"),
        (500, 34, D.CONGESTION, "trunk_500"),
        (403, None, D.TRUNK_FAILED, "trunk_403"),
        (488, None, D.TRUNK_FAILED, "trunk_488"),
    ],
)
def test_a_refusal_is_classified(
    code: int, q850: int | None, disposition: D, reason: str
) -> None:
    ending = unanswered(Ended(code, "", "callee", q850), rang=False, cancelled=None)
    assert (ending.disposition, ending.end_reason) == (disposition, reason)


@pytest.mark.parametrize("reason", [EndReason.RING_TIMEOUT, EndReason.STOPPED])
@pytest.mark.parametrize("code", [487, 200])  # 200: the answer met our CANCEL
def test_our_own_cancel_is_no_answer(reason: EndReason, code: int) -> None:
    ending = unanswered(Ended(code, "", "us"), rang=True, cancelled=reason)
    assert (ending.disposition, ending.end_reason) == (D.NO_ANSWER, reason)


def test_what_the_network_said_before_our_cancel_stands() -> None:
    busy = unanswered(Ended(486, "", "us"), rang=True, cancelled=EndReason.STOPPED)
    assert (busy.disposition, busy.end_reason) == (D.BUSY, "trunk_486")


@pytest.mark.parametrize(
    ("announced", "disposition"),
    [(Cause.INVALID_NUMBER, D.INVALID_NUMBER), (Cause.CONGESTION, D.CONGESTION)],
)
@pytest.mark.parametrize("cancelled", [EndReason.ANNOUNCEMENT, EndReason.RING_TIMEOUT])
def test_what_a_tone_announced_tells_more_than_no_answer(
    announced: Cause, disposition: D, cancelled: EndReason
) -> None:
    ending = unanswered(
        Ended(487, "", "us"), rang=True, cancelled=cancelled, announced=announced
    )
    assert (ending.disposition, ending.end_reason) == (disposition, "announcement")


def test_a_status_tells_more_than_a_tone() -> None:
    busy = unanswered(
        Ended(486, "", "callee"),
        rang=True,
        cancelled=None,
        announced=Cause.INVALID_NUMBER,
    )
    assert (busy.disposition, busy.end_reason) == (D.BUSY, "trunk_486")


def test_a_lost_gateway_leaves_the_outcome_unknown() -> None:
    ending = unanswered(Ended(0, "gone", "gateway"), rang=True, cancelled=None)
    assert (ending.disposition, ending.end_reason) == (D.UNKNOWN, "infrastructure")


def test_a_gateway_that_surely_sent_nothing_costs_the_lead_nothing() -> None:
    assert refused(GatewayError("reaped", code=458)).disposition is D.TRUNK_FAILED
    assert refused(GatewayError("gone")).disposition is D.UNKNOWN


SPOKEN = [{"role": "user", "text": "hello", "at": 1.0}]


def test_of_a_lost_gateway_only_what_the_callee_asked_for_is_sure() -> None:
    gone = Ended(0, "gone", "gateway")
    talk = Ending(D.COMPLETED, "customer_hangup", messages=SPOKEN)
    ending = talked(talk, gone, given_up=False)
    assert (ending.disposition, ending.end_reason) == (D.UNKNOWN, "infrastructure")
    assert ending.messages == SPOKEN
    wish = Ending(D.OPTED_OUT, "opt_out")
    assert talked(wish, gone, given_up=False) == wish


def test_a_talk_that_we_closed_because_rows_were_out_of_reach_was_a_talk() -> None:
    closed = Ended(200, "", "us")
    talk = Ending(D.UNKNOWN, "infrastructure", messages=SPOKEN)
    assert talked(talk, closed, given_up=True).disposition is D.COMPLETED
    assert talked(talk, closed, given_up=False).disposition is D.UNKNOWN
    silent = Ending(D.UNKNOWN, "infrastructure")
    assert talked(silent, closed, given_up=True).disposition is D.UNKNOWN
