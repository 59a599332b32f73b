"""What is found out after a call, with a model that answers by script."""

from collections import deque

import pytest

from campanile.agents.config import AnalysisPlan
from campanile.analysis.analyse import Analysis, analyse
from campanile.analysis.extraction import Extraction, extract
from campanile.analysis.summary import SILENT, summarise
from campanile.analysis.transcript import Utterance, as_text
from campanile.providers.errors import ProviderError

SCHEMA = {
    "type": "object",
    "properties": {"satisfaction": {"type": ["integer", "null"], "maximum": 10}},
    "required": ["satisfaction"],
}
TALK = [
    Utterance("assistant", "How satisfied were you, from one to ten?", 1.0),
    Utterance("user", "Eight, I\nguess.", 4.0),
]
MALFORMED = ProviderError("openai", "malformed", retryable=True)
BUSY = ProviderError("openai", "http_429", retryable=True)
REFUSED = ProviderError("openai", "http_401", retryable=False)


class ScriptedModel:
    """A LanguageModel whose answers, or failures, are given in advance."""

    name = "scripted"

    def __init__(self, *answers):
        self.answers = deque(answers)
        self.asked = []

    async def fill(self, messages, schema):
        return self._next(messages)

    async def write(self, messages):
        return self._next(messages)

    def reply(self, messages, tools):
        raise AssertionError

    def _next(self, messages):
        self.asked.append([(message.role, message.content) for message in messages])
        answer = self.answers.popleft()
        if isinstance(answer, Exception):
            raise answer
        return answer


def plan(*, messages=(), threshold=2, enabled=True, schema=SCHEMA) -> AnalysisPlan:
    structured = {"enabled": enabled, "schema": schema, "messages": list(messages)}
    return AnalysisPlan.model_validate(
        {"structured_data_plan": structured, "min_messages_threshold": threshold}
    )


async def extracted(model, transcript=TALK, **options) -> Extraction:
    return await extract(
        model, plan(**options), transcript, ended_reason="customer_hangup"
    )


def test_a_transcript_reads_one_line_per_utterance():
    assert as_text([*TALK, Utterance("user", " ")]) == (
        "Agent: How satisfied were you, from one to ten?\nCallee: Eight, I guess."
    )


async def test_data_that_follows_the_schema_is_taken():
    model = ScriptedModel({"satisfaction": 8})
    assert await extracted(model) == Extraction({"satisfaction": 8})
    (system_role, system), (user_role, user) = model.asked[0]
    assert (system_role, user_role) == ("system", "user")
    assert '"satisfaction"' in system
    assert "customer_hangup" in system
    assert "Callee: Eight, I guess." in user


async def test_the_plans_own_messages_are_used_with_their_placeholders():
    model = ScriptedModel({"satisfaction": 8})
    own = [
        {"role": "system", "content": "By {{ schema }}, ended by {{ended_reason}}."},
        {"role": "user", "content": "<<{{transcript}}>>"},
    ]
    await extracted(model, messages=own)
    (_, system), (_, user) = model.asked[0]
    assert system.endswith("ended by customer_hangup.")
    assert user == f"<<{as_text(TALK)}>>"


async def test_the_transcript_is_added_where_the_plan_forgot_it():
    model = ScriptedModel({"satisfaction": 8})
    await extracted(model, messages=[{"role": "system", "content": "Be exact."}])
    assert [role for role, _ in model.asked[0]] == ["system", "user"]
    assert as_text(TALK) in model.asked[0][1][1]


async def test_what_the_callee_says_is_no_placeholder():
    said = [*TALK, Utterance("user", "{{schema}}")]
    model = ScriptedModel({"satisfaction": 8})
    await extracted(model, said)
    assert "Callee: {{schema}}" in model.asked[0][1][1]


@pytest.mark.parametrize("first", [{"satisfaction": 80}, {}, MALFORMED])
async def test_a_wrong_answer_may_be_mended_once(first):
    model = ScriptedModel(first, {"satisfaction": 8})
    assert await extracted(model) == Extraction({"satisfaction": 8})
    *_, (answer_role, _), (complaint_role, complaint) = model.asked[1]
    assert (answer_role, complaint_role) == ("assistant", "user")
    assert "Correct it." in complaint


async def test_the_repair_hears_what_was_wrong():
    model = ScriptedModel({"satisfaction": 80}, {"satisfaction": 8})
    await extracted(model)
    assert model.asked[1][-2] == ("assistant", '{"satisfaction":80}')
    assert "80 is greater than the maximum of 10" in model.asked[1][-1][1]


async def test_after_two_wrong_answers_the_error_is_kept_and_no_data():
    model = ScriptedModel({"satisfaction": 80}, {"satisfaction": "many"})
    extraction = await extracted(model)
    assert extraction.data == {}
    assert "$.satisfaction: 'many'" in extraction.error
    assert len(model.asked) == 2


@pytest.mark.parametrize(
    ("transcript", "options"),
    [
        ([], {}),
        (TALK[:1], {"threshold": 0}),
        ([*TALK[:1], Utterance("user", "  ")], {"threshold": 0}),
        (TALK, {"threshold": 3}),
        (TALK, {"enabled": False}),
    ],
    ids=[
        "nobody",
        "only the agent",
        "a callee without words",
        "too few",
        "switched off",
    ],
)
async def test_nothing_is_asked_where_there_is_nothing_to_find(transcript, options):
    model = ScriptedModel()
    assert await extracted(model, transcript, **options) == Extraction()
    assert model.asked == []


@pytest.mark.parametrize(
    "schema", [{"type": "objekt"}, {"$ref": "http://127.0.0.1:1/schema.json"}]
)
async def test_a_schema_that_is_none_is_an_error_and_asks_nobody(schema):
    model = ScriptedModel()
    extraction = await extracted(model, schema=schema)
    assert extraction.error.startswith("The plan's schema is not valid.")
    assert model.asked == []


async def test_a_silent_call_is_summarised_without_a_model():
    model = ScriptedModel()
    assert await summarise(model, TALK[:1], ended_reason="silence") == SILENT
    assert model.asked == []


async def test_an_analysis_has_summary_and_data():
    model = ScriptedModel(" They gave an eight. ", {"satisfaction": 8})
    analysis = await analyse(model, plan(), TALK, ended_reason="assistant_end_call")
    assert analysis == Analysis("They gave an eight.", {"satisfaction": 8})
    assert "assistant_end_call" in model.asked[0][1][1]


async def test_without_a_plan_there_is_still_a_summary():
    model = ScriptedModel("They gave an eight.")
    analysis = await analyse(model, None, TALK, ended_reason="silence")
    assert analysis == Analysis("They gave an eight.")


async def test_a_busy_provider_is_left_for_a_later_try():
    with pytest.raises(ProviderError):
        await analyse(
            ScriptedModel("Good.", BUSY), plan(), TALK, ended_reason="silence"
        )


async def test_a_refusal_is_recorded_beside_what_was_found():
    model = ScriptedModel("They gave an eight.", REFUSED)
    analysis = await analyse(model, plan(), TALK, ended_reason="silence")
    assert analysis.summary == "They gave an eight."
    assert analysis.structured == {}
    assert "http_401" in analysis.error
