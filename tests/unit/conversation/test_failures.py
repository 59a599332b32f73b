"""Providers that fail in the middle of a call."""

from campanile.calls.outcomes import Disposition
from campanile.conversation.journal import Incident
from campanile.providers.errors import ProviderError
from campanile.providers.protocols import ToolCall

from .fakes.calls import Call, hold
from .fakes.line import FakeLine

END_CALL = ToolCall("1", "end_call", {})
FALLBACK = ("assistant", "Something went wrong, goodbye.")
OVERLOADED = ProviderError("fakellm", "http_503", retryable=True)
REFUSED = ProviderError("fakellm", "http_401", retryable=False)


async def says_yes(line: FakeLine) -> None:
    await line.hears_out("make it?")
    await line.waits(0.4)
    await line.says("Yes, I can.", 0.8)


async def test_a_model_that_stumbles_is_asked_once_more() -> None:
    call = await hold(says_yes, [OVERLOADED], ["Good.", END_CALL])

    assert call.said()[-1] == ("assistant", "Good.")
    assert call.result.disposition is Disposition.COMPLETED


async def test_a_model_that_fails_twice_ends_the_call_with_a_sentence() -> None:
    call = await hold(says_yes, [OVERLOADED], [OVERLOADED])

    assert call.said()[-1] == FALLBACK
    assert call.result.disposition is Disposition.AGENT_FAILED
    assert call.result.end_reason == "provider_fakellm_http_503"
    assert call.result.callee_spoke


async def test_a_refusal_is_not_tried_again() -> None:
    call = await hold(says_yes, [REFUSED], "never asked")

    assert len(call.model.asked) == 1
    assert call.said()[-1] == FALLBACK


async def test_after_the_agent_was_heard_nothing_is_tried_again() -> None:
    call = await hold(says_yes, ["One moment please. Well,", 1.0, OVERLOADED], "again")

    assert len(call.model.asked) == 1
    assert call.said()[-1] == FALLBACK


async def test_a_model_that_hangs_is_given_up() -> None:
    def hang(call: Call) -> None:
        call.model.first_token_after = 1000

    call = await hold(says_yes, before=hang)

    assert call.result.end_reason == "provider_fakellm_timeout"
    assert call.said()[-1] == FALLBACK


async def test_a_voice_that_stumbles_is_asked_once_more() -> None:
    async def callee(line: FakeLine) -> None:
        await says_yes(line)

    def stumble(call: Call) -> None:
        call.tts.failures = [ProviderError("faketts", "closed", retryable=True)]

    call = await hold(callee, ["Good.", END_CALL], before=stumble)

    assert call.said()[-1] == ("assistant", "Good.")


async def test_a_voice_that_breaks_off_keeps_what_was_heard() -> None:
    def breaks(call: Call) -> None:
        call.tts.breaks_after = 0.7

    call = await hold(
        says_yes, "Good, then we shall see each other on Monday.", before=breaks
    )

    assert call.said()[-1] == FALLBACK
    assert call.result.end_reason == "provider_faketts_closed"


async def test_a_broken_transcription_is_opened_anew() -> None:
    async def beside(call: Call) -> None:
        await call.line.hears("make it?")
        call.stt.streams[0].breaks(ProviderError("fakestt", "closed", retryable=True))

    call = await hold(says_yes, ["Good.", END_CALL], beside=beside)

    assert len(call.stt.streams) == 2
    assert call.said()[-1] == ("assistant", "Good.")
    assert call.entries(Incident)[0].what == "fakestt_closed"


async def test_an_agent_that_cannot_hear_says_so() -> None:
    async def beside(call: Call) -> None:
        await call.line.hears("make it?")
        error = ProviderError("fakestt", "http_401", retryable=False)
        call.stt.streams[0].breaks(error)

    call = await hold(says_yes, beside=beside)

    assert call.said()[-1] == FALLBACK
    assert call.result.end_reason == "provider_fakestt_http_401"
    assert call.result.disposition is Disposition.AGENT_FAILED
    assert not call.result.callee_spoke
