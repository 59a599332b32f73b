"""What the end of an attempt says about the trunk, the providers and the agent. Pure.

People who are busy, out or unwilling are signs of health: the trunk reached them.
"""

from enum import StrEnum

from campanile.calls.outcomes import (
    Disposition,
    EndReason,
    failed_provider,
    trunk_failure,
)

BAD_REQUESTS = frozenset({"http_400", "http_404", "http_413", "http_422", "no_key"})
"""One agent's wrong model or voice says nothing about its provider's health."""
NOBODY_THERE = frozenset({EndReason.RING_TIMEOUT, trunk_failure(408)})
"""Without any ringing before: the trunk itself never answered (RFC 3261, 17.1.1.2)."""
CALLED_OFF = frozenset(
    {
        EndReason.STOPPED,
        EndReason.SUPPRESSED,
        EndReason.CAMPAIGN_CANCELLED,
        EndReason.TRUNK_DISABLED,
        EndReason.INFRASTRUCTURE,
    }
)
"""By an order, or by a worker that lost its lease or ends. Without any ringing before,
nobody knows what the trunk would have said: a probe that ends so has shown nothing."""


class Sign(StrEnum):
    WORKED = "worked"
    FAILED = "failed"
    NONE = "none"


def of_trunk(disposition: Disposition, end_reason: str, *, rang: bool) -> Sign:
    """`rang`: a 18x or a 200 came.

    A failure of our own gateway (`infrastructure`) is not the trunk's.
    """
    if disposition is Disposition.CONGESTION:
        return Sign.FAILED
    if disposition is Disposition.TRUNK_FAILED:
        ours = end_reason == EndReason.INFRASTRUCTURE
        return Sign.NONE if ours else Sign.FAILED
    if rang:
        return Sign.WORKED
    if disposition is Disposition.UNKNOWN or end_reason in CALLED_OFF:
        return Sign.NONE
    return Sign.FAILED if end_reason in NOBODY_THERE else Sign.WORKED


def of_agent(disposition: Disposition, *, replied: bool) -> Sign:
    """`replied`: the agent answered something that the callee had said.

    Nothing less shows that hearing, thinking and speaking work: greetings and
    voicemail messages were rendered before.
    """
    if disposition is Disposition.AGENT_FAILED:
        return Sign.FAILED
    return Sign.WORKED if replied else Sign.NONE


def sick_provider(end_reason: str) -> str | None:
    """The provider whose failure ended the call, unless the request was at fault."""
    found = failed_provider(end_reason)
    if found is None:
        return None
    name, cause = found
    return None if cause in BAD_REQUESTS else name
