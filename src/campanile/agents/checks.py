"""What would go wrong with an agent on the line, found before anybody is rung."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

import httpx

from campanile.config import settings
from campanile.egress import parse_allowed, refusal

from . import provisioning, schemas, templating
from .config import AgentConfig, FunctionTool
from .tools import target

_LONG_OPENING_CHARACTERS = 300  # some 20 s of speech
_KEYTERMS_AT_MOST = 100
_BUILT_IN = {"end_call", "endCall", "request_callback", "transfer_call"}
_ELEVENLABS_MODEL = re.compile(r"^eleven_")


@dataclass(frozen=True, slots=True)
class Finding:
    level: Literal["error", "warning"]
    """With an error no call is begun; a warning is advice."""
    where: str
    what: str
    hint: str = ""


def check(
    config: AgentConfig, *, columns: Collection[str] | None = None
) -> list[Finding]:
    """Everything found, errors first. `columns`: the leads file's, where one is known.

    No network: a server that does not answer is preflight's to find.
    """
    found = [
        *_keys(config),
        *_texts(config),
        *_columns(config, columns),
        *_tools(config),
        *_analysis(config),
        *_speech(config),
    ]
    return sorted(found, key=lambda finding: finding.level != "error")


def templates(config: AgentConfig) -> dict[str, str]:
    """Every text that is rendered with a lead's columns, by its place in the file."""
    texts = {
        "first_message": config.first_message,
        "fallback_message": config.fallback_message,
        "voicemail_message": config.voicemail_message,
        "speech_config.end_call_message": config.speech_config.end_call_message,
        "speech_config.silence.final_message": (
            config.speech_config.silence.final_message
        ),
    }
    for index, message in enumerate(config.llm_config.messages):
        texts[f"llm_config.messages.{index}"] = message.content
    for index, text in enumerate(config.speech_config.silence.messages):
        texts[f"speech_config.silence.messages.{index}"] = text
    return {where: text for where, text in texts.items() if text}


def _keys(config: AgentConfig) -> Iterator[Finding]:
    for name in provisioning.missing_keys(config):
        hint = "Set it in the environment, or use the rehearsal, which needs no keys."
        yield Finding("error", "environment", f"{name} is not set", hint)


def _texts(config: AgentConfig) -> Iterator[Finding]:
    if not config.first_message and config.first_speaker != "callee":
        what = "there is none, so the model makes up the opening and it comes later"
        yield Finding("warning", "first_message", what)
    if len(config.first_message or "") > _LONG_OPENING_CHARACTERS:
        what = f"longer than {_LONG_OPENING_CHARACTERS} characters: most will interrupt"
        yield Finding("warning", "first_message", what, "Ask one thing, briefly.")
    if not any(message.role == "system" for message in config.llm_config.messages):
        what = "no system message tells the agent who it is and what to do"
        yield Finding("error", "llm_config.messages", what)


def _columns(config: AgentConfig, columns: Collection[str] | None) -> Iterator[Finding]:
    if columns is None:
        return
    for where, text in templates(config).items():
        for name in templating.placeholders(text):
            if name not in columns:
                what = f"{{{{{name}}}}} is not a column of the leads, so it stays empty"
                hint = f"The columns are: {', '.join(columns)}."
                yield Finding("error", where, what, hint)


def _tools(config: AgentConfig) -> Iterator[Finding]:
    seen: set[str] = set()
    allowed = parse_allowed(settings().egress_allow)
    for index, tool in enumerate(config.llm_config.tools):
        if not isinstance(tool, FunctionTool):
            continue
        where = f"llm_config.tools.{index}"
        if tool.name in seen | _BUILT_IN:
            yield Finding("error", where, f"the name {tool.name!r} is taken")
        seen.add(tool.name)
        url, _ = target(tool, config)
        if not url:
            hint = "Give the tool a url, or the agent a webhook_url."
            yield Finding("error", where, f"{tool.name!r} has no address", hint)
        elif reason := refusal(httpx.URL(url), allowed):
            hint = "Use https, or allow it by CAMPANILE_EGRESS_ALLOW=host:port."
            yield Finding("error", where, f"{url} will be refused: {reason}", hint)
        if flaw := schemas.flaw(tool.parameters):
            yield Finding("error", f"{where}.parameters", f"no JSON Schema: {flaw}")
        elif tool.parameters.get("type") != "object":
            yield Finding("error", f"{where}.parameters", "must be of type object")


def _analysis(config: AgentConfig) -> Iterator[Finding]:
    if config.analysis_plan is None:
        return
    plan = config.analysis_plan.structured_data_plan
    where = "analysis_plan.structured_data_plan"
    if not plan.enabled:
        return
    if flaw := schemas.flaw(plan.schema_):
        yield Finding("error", f"{where}.schema", f"no JSON Schema: {flaw}")
    elif not plan.schema_.get("properties"):
        what = "it names no properties, so the results get no columns"
        yield Finding("error", f"{where}.schema", what)
    asked = {
        name
        for message in plan.messages
        for name in templating.placeholders(message.content)
    }
    for name in sorted(asked - {"schema", "transcript", "ended_reason"}):
        hint = "Known here: {{schema}}, {{transcript}}, {{ended_reason}}."
        yield Finding("warning", f"{where}.messages", f"{{{{{name}}}}} is empty", hint)


def _speech(config: AgentConfig) -> Iterator[Finding]:
    turns = config.speech_config.turn_taking
    if turns.endpointing_max_delay < turns.endpointing_min_delay:
        what = "endpointing_max_delay is less than endpointing_min_delay"
        yield Finding("error", "speech_config.turn_taking", what)
    if len(config.stt_config.keyterms) > _KEYTERMS_AT_MOST:
        what = f"more than {_KEYTERMS_AT_MOST}"
        yield Finding("error", "stt_config.keyterms", what)
    tts = config.tts_config
    if (tts.provider == "elevenlabs") is not bool(_ELEVENLABS_MODEL.match(tts.model)):
        what = f"{tts.model} does not look like a model of {tts.provider}"
        hint = "For openai: model gpt-4o-mini-tts and a voice_id such as alloy."
        yield Finding("warning", "tts_config.model", what, hint)
    if config.voicemail_message and not config.voicemail_detection:
        what = "never left, because voicemail_detection is off"
        yield Finding("warning", "voicemail_message", what)
