import pytest

from campanile.telephony.causes import Cause, classify

TABLE = {
    Cause.NORMAL: [200, 202],
    Cause.BUSY: [486, 600],
    Cause.NO_ANSWER: [408, 480, 487],
    Cause.REJECTED: [603, 607, 608],
    Cause.INVALID_NUMBER: [404, 410, 484, 485, 604],
    Cause.CONGESTION: [503],
    Cause.TRUNK_FAILED: [
        *(300, 302, 305, 400, 401, 402, 403, 405, 406, 407, 413, 415, 416, 420, 421),
        *(428, 433, 436, 437, 438, 481, 482, 483, 488, 491, 493, 494),
        *(500, 501, 502, 504, 505, 513, 580, 606, 699),
    ],
    Cause.LOST: [0],
}


@pytest.mark.parametrize(
    ("code", "cause"),
    [(code, cause) for cause, codes in TABLE.items() for code in codes],
)
def test_a_status_alone_says_what_happened(code: int, cause: Cause) -> None:
    assert classify(code) == cause


@pytest.mark.parametrize("q850", [34, 38, 41, 42, 47])
@pytest.mark.parametrize("code", [403, 404, 480, 486, 500, 502, 503, 603])
def test_a_network_without_circuits_is_congestion_whatever_the_status(
    code: int, q850: int
) -> None:
    assert classify(code, q850) == Cause.CONGESTION


@pytest.mark.parametrize("q850", [1, 16, 17, 18, 19, 21, 27, 28, 127])
def test_other_q850_causes_leave_the_status_its_meaning(q850: int) -> None:
    assert classify(486, q850) == Cause.BUSY
    assert classify(404, q850) == Cause.INVALID_NUMBER


def test_an_answered_call_ended_normally_whatever_its_bye_says() -> None:
    assert classify(200, 34) == Cause.NORMAL


def test_a_403_is_the_trunks_unless_the_callee_was_reached() -> None:
    assert classify(403) == Cause.TRUNK_FAILED
    assert classify(403, rang=True) == Cause.REJECTED
    assert classify(403, 21) == Cause.REJECTED


def test_a_lost_gateway_is_never_taken_for_an_outcome() -> None:
    assert classify(0, 17, rang=True) == Cause.LOST
