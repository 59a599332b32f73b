"""Agent files: read, and explained when wrong."""

import pytest

from campanile.agents import files
from campanile.agents.checks import check
from campanile.errors import Invalid, NotFound


def mistakes(text, **environ) -> list[str]:
    with pytest.raises(Invalid) as refusal:
        files.parse(text, environ=environ)
    return refusal.value.details


def test_the_example_is_a_good_agent(tmp_path):
    path = tmp_path / "agent.yaml"
    path.write_text(files.example(), encoding="utf-8")
    agent = files.load(path, environ={})
    columns = ["phone_number", "first_name", "day", "time", "dentist"]
    errors = [
        found for found in check(agent, columns=columns) if found.where != "environment"
    ]
    assert errors == []
    assert agent.first_message.startswith("Hello {{first_name}}, this is")


def test_the_examples_commented_tool_works_too():
    text = files.example()
    start = text.index("    # - type: function")
    end = text.index("tts_config:")
    tool = text[start:end].replace("    # ", "    ")
    agent = files.parse(
        text[:start] + tool + text[end:],
        environ={"FIND_SLOT_URL": "https://hooks.example/slots"},
    )
    assert agent.llm_config.tools[1].name == "find_slot"


def test_a_file_that_is_not_there_is_one_sentence_and_a_hint(tmp_path):
    with pytest.raises(NotFound, match=r"no agent file .*gone\.yaml") as refusal:
        files.load(tmp_path / "gone.yaml")
    assert "--example" in refusal.value.hint


def test_every_mistake_is_told_with_its_place():
    assert mistakes(
        "name: Reminder\n"
        "first_mesage: Hello\n"
        "max_duration_seconds: long\n"
        "llm_config:\n"
        "  temperature: 7\n"
        "  tools:\n"
        "    - type: end_call\n"
        "    - type: function\n"
        "      name: find_slot\n"
    ) == [
        "max_duration_seconds (line 3): input should be a valid integer, unable to "
        "parse string as an integer",
        "llm_config.temperature (line 5): input should be less than or equal to 2",
        "llm_config.tools.1 (line 8): the key 'description' is missing",
        "first_mesage (line 2): there is no such key; did you mean 'first_message'?",
    ]


def test_a_built_in_tool_is_not_measured_as_a_webhook():
    text = "name: A\nllm_config:\n  tools:\n    - type: end_call\n      when: never\n"
    assert mistakes(text) == ["llm_config.tools.0.when (line 5): there is no such key"]


def test_a_tool_that_is_no_mapping_is_told_so():
    text = "name: A\nllm_config:\n  tools:\n    - end_call\n"
    assert len(mistakes(text)) == 1


def test_a_key_that_stands_twice_is_a_mistake():
    assert mistakes("name: A\nname: B\n") == [
        "name (line 2): the key stands here twice"
    ]


def test_variables_are_filled_in_urls_and_nowhere_else():
    agent = files.parse(
        "name: ${HOME}\nwebhook_url: ${BASE}/hooks\n",
        environ={"BASE": "https://hooks.example", "HOME": "/home/ann"},
    )
    assert str(agent.webhook_url) == "https://hooks.example/hooks"
    assert agent.name == "${HOME}"


def test_an_unset_variable_is_told_by_name():
    assert mistakes("name: A\nwebhook_url: https://${BASE}/hooks\n") == [
        "webhook_url (line 2): ${BASE} is not set in the environment"
    ]


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("name: [", "not YAML: .* in line 1"),
        ("a: b\n\tc: d", "not YAML: .* in line 2"),
        ("", "empty"),
        ("- name", "empty, or not"),
        ("name: !!python/object/apply:os.getcwd []", "not YAML"),
    ],
)
def test_what_is_no_agent_file_at_all_is_one_sentence(text, trouble):
    with pytest.raises(Invalid, match=trouble):
        files.parse(text)
