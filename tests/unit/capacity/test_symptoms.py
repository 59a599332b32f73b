"""Whose failure an ended call was: the trunk's, a provider's, the agent's, or nobody's."""

import pytest

from campanile.calls.outcomes import (
    Disposition,
    EndReason,
    failed_provider,
    provider_failure,
    trunk_failure,
)
from campanile.capacity.symptoms import Sign, of_agent, of_trunk, sick_provider

D, S = Disposition, Sign


@pytest.mark.parametrize(
    ("disposition", "end_reason", "rang", "sign"),
    [
        (D.TRUNK_FAILED, trunk_failure(500), False, S.FAILED),
        (D.TRUNK_FAILED, trunk_failure(403), False, S.FAILED),
        (D.CONGESTION, trunk_failure(503), False, S.FAILED),
        (D.CONGESTION, trunk_failure(503), True, S.FAILED),
        # An INVITE that nobody answered, not even with "ringing": a dead trunk.
        (D.NO_ANSWER, EndReason.RING_TIMEOUT, False, S.FAILED),
        (D.NO_ANSWER, trunk_failure(408), False, S.FAILED),
        # People.
        (D.NO_ANSWER, EndReason.RING_TIMEOUT, True, S.WORKED),
        (D.NO_ANSWER, trunk_failure(480), False, S.WORKED),
        (D.BUSY, trunk_failure(486), False, S.WORKED),
        (D.REJECTED, trunk_failure(603), False, S.WORKED),
        (D.INVALID_NUMBER, trunk_failure(404), False, S.WORKED),
        (D.COMPLETED, EndReason.CUSTOMER_HANGUP, True, S.WORKED),
        (D.AGENT_FAILED, provider_failure("openai", "timeout"), True, S.WORKED),
        # Called off by an order before the trunk had said a word.
        (D.NO_ANSWER, EndReason.STOPPED, False, S.NONE),
        (D.NO_ANSWER, EndReason.SUPPRESSED, False, S.NONE),
        (D.NO_ANSWER, EndReason.CAMPAIGN_CANCELLED, False, S.NONE),
        (D.NO_ANSWER, EndReason.TRUNK_DISABLED, False, S.NONE),
        (D.NO_ANSWER, EndReason.STOPPED, True, S.WORKED),
        (D.NO_ANSWER, EndReason.INFRASTRUCTURE, False, S.NONE),
        # Our own gateway or worker.
        (D.TRUNK_FAILED, EndReason.INFRASTRUCTURE, False, S.NONE),
        (D.UNKNOWN, EndReason.INFRASTRUCTURE, False, S.NONE),
        (D.UNKNOWN, EndReason.INFRASTRUCTURE, True, S.WORKED),
    ],
)
def test_what_an_end_says_about_the_trunk(
    disposition: D, end_reason: str, rang: bool, sign: Sign
) -> None:
    assert of_trunk(disposition, end_reason, rang=rang) is sign


@pytest.mark.parametrize("disposition", [d for d in D if d is not D.AGENT_FAILED])
def test_an_agent_has_worked_only_when_it_replied_to_somebody(disposition: D) -> None:
    assert of_agent(disposition, replied=True) is Sign.WORKED
    assert of_agent(disposition, replied=False) is Sign.NONE


def test_a_failed_agent_has_failed_even_if_it_replied_before() -> None:
    assert of_agent(D.AGENT_FAILED, replied=True) is Sign.FAILED


@pytest.mark.parametrize(
    ("end_reason", "provider"),
    [
        (provider_failure("openai", "timeout"), "openai"),
        (provider_failure("deepgram", "http_500"), "deepgram"),
        (provider_failure("elevenlabs", "http_401"), "elevenlabs"),
        (provider_failure("openai", "http_429"), "openai"),
        # The request was wrong: one agent's model or voice, not the provider.
        (provider_failure("openai", "http_404"), None),
        (provider_failure("elevenlabs", "http_422"), None),
        (EndReason.CUSTOMER_HANGUP, None),
        ("provider", None),
        ("", None),
    ],
)
def test_which_provider_an_end_names(end_reason: str, provider: str | None) -> None:
    assert sick_provider(end_reason) == provider


def test_a_cause_may_contain_underscores() -> None:
    reason = provider_failure("deepgram", "no_audio_at_all")
    assert failed_provider(reason) == ("deepgram", "no_audio_at_all")
