"""How a leg's end becomes what the attempt came to."""

import pytest

from campanile.calls.outcomes import Disposition as D
from campanile.dialing.endings import refused, unanswered
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
    ending = unanswered(Ended(code, "", "callee", q850), rang=False, rang_out=False)
    assert (ending.disposition, ending.end_reason) == (disposition, reason)


def test_our_own_cancel_is_no_answer() -> None:
    ending = unanswered(Ended(487, "", "us"), rang=True, rang_out=True)
    assert (ending.disposition, ending.end_reason) == (D.NO_ANSWER, "ring_timeout")


def test_a_lost_gateway_leaves_the_outcome_unknown() -> None:
    ending = unanswered(Ended(0, "gone", "gateway"), rang=True, rang_out=False)
    assert (ending.disposition, ending.end_reason) == (D.UNKNOWN, "infrastructure")


def test_a_gateway_that_surely_sent_nothing_costs_the_lead_nothing() -> None:
    assert refused(GatewayError("reaped", code=458)).disposition is D.TRUNK_FAILED
    assert refused(GatewayError("gone")).disposition is D.UNKNOWN
