"""Nothing is dialed that cannot be talked to (D12)."""

import pytest

from campanile.conversation.brief import Brief
from campanile.conversation.preparation import Renderings, prepare
from campanile.providers.errors import ProviderError

from .fakes.calls import make_agent
from .fakes.providers import FakeTts


async def test_renders_what_the_lead_will_hear() -> None:
    agent = make_agent(voicemail_message="Please call {{clinic}} back.")
    brief = Brief(agent, {"first_name": "Anna", "clinic": "Riverside"})

    prepared = await prepare(brief, FakeTts(), renderings=Renderings())

    assert prepared.first_message is not None
    assert prepared.first_message.text.startswith("Hello Anna,")
    assert len(prepared.first_message.pcm) == 13 * 2400
    assert prepared.voicemail_message is not None
    assert prepared.voicemail_message.text == "Please call Riverside back."
    assert len(prepared.fallback.pcm) > 0


async def test_what_all_leads_hear_alike_is_rendered_once() -> None:
    tts, renderings = FakeTts(), Renderings()
    for name in ("Anna", "Bram"):
        brief = Brief(make_agent(), {"first_name": name})
        await prepare(brief, tts, renderings=renderings)

    assert len(tts.spoken) == 4  # two greetings, one fall-back, one opt-out answer


async def test_another_voice_is_rendered_anew() -> None:
    tts, renderings = FakeTts(), Renderings()
    for voice in ("a", "b"):
        agent = make_agent(tts_config={"voice_id": voice})
        await prepare(Brief(agent), tts, renderings=renderings)

    assert len(tts.spoken) == 6


async def test_a_stumble_is_tried_again_and_a_refusal_is_raised() -> None:
    stumbling = FakeTts()
    stumbling.failures = [ProviderError("faketts", "http_503", retryable=True)]
    await prepare(Brief(make_agent()), stumbling, renderings=Renderings())

    refusing = FakeTts()
    refusing.failures = [ProviderError("faketts", "http_401", retryable=False)]
    with pytest.raises(ProviderError, match="http_401"):
        await prepare(Brief(make_agent()), refusing, renderings=Renderings())
