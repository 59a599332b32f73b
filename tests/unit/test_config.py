"""Start-up refuses times that would break what depends on their order."""

import pytest
from pydantic import ValidationError

from campanile.config import Settings


@pytest.mark.parametrize(
    ("times", "says"),
    [
        ({"lease_seconds": 13.0}, "must be less than lease_seconds"),
        ({"self_hangup_seconds": 20.0}, "must be less than self_hangup_seconds"),
        ({"quarantine_seconds": 60.0}, "must be less than quarantine_seconds"),
        (
            {"renew_seconds": 1, "gateway_session_seconds": 2, "lease_seconds": 10},
            "more than twice the sweep's",
        ),
    ],
)
def test_times_that_break_their_order_are_refused(
    times: dict[str, float], says: str
) -> None:
    with pytest.raises(ValidationError, match=says):
        Settings.model_validate(times)


def test_the_shortest_lease_that_a_sweep_can_serve_is_taken() -> None:
    times = {"renew_seconds": 1, "gateway_session_seconds": 2, "lease_seconds": 10.5}
    assert Settings.model_validate(times).lease_seconds == 10.5
