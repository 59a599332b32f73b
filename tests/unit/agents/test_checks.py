"""What `agent check` finds. Keys are the registry's tests' business."""

import pytest

from campanile.agents.checks import Finding, check, templates
from campanile.agents.config import AgentConfig
from campanile.config import settings


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    monkeypatch.setenv("CAMPANILE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CAMPANILE_EGRESS_ALLOW", "hooks.example:8080")
    for name in ("DEEPGRAM", "OPENAI", "ELEVENLABS"):
        monkeypatch.setenv(f"CAMPANILE_{name}_API_KEY", "k")
    settings.cache_clear()
    yield monkeypatch
    settings.cache_clear()


def agent(*, tools=(), llm=None, **keys) -> AgentConfig:
    messages = [{"role": "system", "content": "You are {{role}}."}]
    values = {
        "name": "Reminder",
        "first_message": "Hello {{first_name}}.",
        "llm_config": {"messages": messages, "tools": list(tools)} | (llm or {}),
    }
    return AgentConfig.model_validate(values | keys)


def tool(**keys):
    return {
        "name": "find_slot",
        "description": "Finds.",
        "url": "https://a.example/",
    } | (keys)


def plan(schema, messages=()):
    structured = {"schema": schema, "messages": list(messages)}
    return {"structured_data_plan": structured}


def found(config, **options) -> list[str]:
    return [f"{f.level} {f.where}: {f.what}" for f in check(config, **options)]


def test_a_good_agent_has_nothing_to_find():
    assert check(agent(tools=[tool()]), columns=["first_name", "role"]) == []


def test_missing_keys_are_named(environment):
    environment.delenv("CAMPANILE_OPENAI_API_KEY")
    settings.cache_clear()
    assert found(agent()) == ["error environment: CAMPANILE_OPENAI_API_KEY is not set"]


def test_a_template_without_its_column_is_an_error():
    assert check(agent(), columns=["first_name", "day"]) == [
        Finding(
            "error",
            "llm_config.messages.0",
            "{{role}} is not a column of the leads, so it stays empty",
            "The columns are: first_name, day.",
        )
    ]


def test_every_spoken_text_is_a_template():
    config = agent(
        voicemail_message="{{a}}",
        speech_config={"silence": {"messages": ["{{b}}"]}, "end_call_message": "{{c}}"},
    )
    assert {"{{a}}", "{{b}}", "{{c}}"} <= set(templates(config).values())


@pytest.mark.parametrize(
    ("keys", "finding"),
    [
        ({"first_message": None}, "warning first_message: there is none"),
        ({"first_message": "la " * 101}, "warning first_message: longer than 300"),
        ({"llm": {"messages": []}}, "error llm_config.messages: no system message"),
        (
            {"tools": [tool(url=None)]},
            "error llm_config.tools.0: 'find_slot' has no address",
        ),
        (
            {"tools": [tool(), tool()]},
            "error llm_config.tools.1: the name 'find_slot' is taken",
        ),
        (
            {"tools": [tool(name="end_call")]},
            "error llm_config.tools.0: the name 'end_call' is taken",
        ),
        (
            {"tools": [tool(url="http://a.example/")]},
            "error llm_config.tools.0: http://a.example/ will be refused: only https",
        ),
        (
            {"tools": [tool(parameters={"type": "objekt"})]},
            "error llm_config.tools.0.parameters: no JSON Schema: $.type",
        ),
        (
            {"tools": [tool(parameters={"type": "string"})]},
            "error llm_config.tools.0.parameters: must be of type object",
        ),
        (
            {"analysis_plan": plan({"properties": {"a": {"type": "number?"}}})},
            "error analysis_plan.structured_data_plan.schema: no JSON Schema",
        ),
        (
            {"analysis_plan": plan({"$ref": "http://127.0.0.1:1/x.json"})},
            "error analysis_plan.structured_data_plan.schema: no JSON Schema: $ref",
        ),
        (
            {"analysis_plan": plan({"type": "object"})},
            "error analysis_plan.structured_data_plan.schema: it names no properties",
        ),
        (
            {
                "analysis_plan": plan(
                    {"properties": {"a": {}}},
                    [{"role": "user", "content": "{{transcirpt}}"}],
                )
            },
            "warning analysis_plan.structured_data_plan.messages: {{transcirpt}}",
        ),
        (
            {
                "speech_config": {
                    "turn_taking": {
                        "endpointing_min_delay": 2,
                        "endpointing_max_delay": 1,
                    }
                }
            },
            "error speech_config.turn_taking: endpointing_max_delay is less",
        ),
        (
            {"stt_config": {"keyterms": [str(n) for n in range(101)]}},
            "error stt_config.keyterms: more than 100",
        ),
        (
            {"tts_config": {"provider": "openai"}},
            "warning tts_config.model: eleven_flash_v2_5 does not look like",
        ),
        (
            {"voicemail_message": "Hello.", "voicemail_detection": False},
            "warning voicemail_message: never left",
        ),
    ],
)
def test_each_flaw_is_found_and_alone(keys, finding):
    (only,) = found(agent(**keys))
    assert only.startswith(finding)


@pytest.mark.parametrize(
    "keys",
    [
        {"tools": [tool(url="http://hooks.example:8080/x")]},
        {"tools": [tool(url=None)], "webhook_url": "https://a.example/hooks"},
        {"tools": [tool(url=None, server={"url": "https://a.example/"})]},
        {"first_message": None, "first_speaker": "callee"},
        {"tts_config": {"provider": "openai", "model": "tts-1", "voice_id": "alloy"}},
    ],
)
def test_what_is_right_is_not_complained_of(keys):
    assert check(agent(**keys)) == []


def test_errors_stand_before_warnings():
    config = agent(first_message=None, tools=[tool(url=None)])
    assert [finding.level for finding in check(config)] == ["error", "warning"]
