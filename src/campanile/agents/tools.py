"""Tools answered by a webhook: the platform's `tool-calls` event (platform-api.md 4).

Whatever goes wrong is told to the model as text, so that it can tell the callee; the
model never learns an address or a secret.
"""

import asyncio
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson

from campanile.egress import EgressRefused
from campanile.providers.protocols import ToolCall, ToolSpec

from . import schemas
from .config import AgentConfig, FunctionTool

TIMEOUT_SECONDS = 10.0
_MOST_BYTES = 64 * 1024
_MOST_CHARACTERS = 8_000  # of an answer, for the model


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What a webhook is told of the call; the model has no say in it."""

    id: str
    number: str
    """Ours, E.164."""
    customer_number: str
    number_name: str = ""
    type: str = "outbound_phone_call"
    status: str = "in-progress"


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    text: str
    """For the model: the result, or a sentence that begins with `Error:`."""
    ok: bool = True


def specs(config: AgentConfig) -> list[ToolSpec]:
    """The webhook tools as the model sees them; built-in ones are the conversation's."""
    return [
        ToolSpec(tool.name, tool.description, tool.parameters)
        for tool in config.llm_config.tools
        if isinstance(tool, FunctionTool)
    ]


def target(tool: FunctionTool, config: AgentConfig) -> tuple[str, str]:
    """URL and secret: the tool's own before the agent's; both may be empty."""
    url = tool.url or (tool.server and tool.server.url) or config.webhook_url
    secret = (tool.server and tool.server.secret) or config.webhook_secret
    return str(url or ""), secret


def signature(secret: str, *, timestamp: int, body: bytes) -> str:
    """`sha256=` + hex HMAC of `timestamp.body` (platform-api.md 4.3)."""
    signed = b"%d.%s" % (timestamp, body)
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


async def call_tool(
    http: httpx.AsyncClient,
    call: ToolCall,
    *,
    config: AgentConfig,
    facts: CallFacts,
    now: datetime,
) -> ToolAnswer:
    """Ask the webhook behind `call`; `http` is a guarded client (`egress.client`).

    Answers within `TIMEOUT_SECONDS`, and never raises for what a webhook did.
    """
    try:
        url, secret = _prepare(call, config)
        body = orjson.dumps(envelope(call, facts=facts, now=now))
        headers = headers_for("tool-calls", body=body, secret=secret, now=now)
        async with asyncio.timeout(TIMEOUT_SECONDS):
            answer = await _post(http, url, headers=headers, body=body)
    except _Unanswered as trouble:
        return _error(str(trouble))
    except (TimeoutError, httpx.TimeoutException):
        return _error(f"the tool did not answer within {TIMEOUT_SECONDS:.0f} seconds")
    except (httpx.HTTPError, httpx.InvalidURL, EgressRefused):
        return _error("the tool could not be reached")
    return read_answer(answer, call_id=call.id)


def envelope(call: ToolCall, *, facts: CallFacts, now: datetime) -> dict[str, Any]:
    """The body of the request (platform-api.md 4.4, 4.5)."""
    ours = {"number": facts.number} | (
        {"name": facts.number_name} if facts.number_name else {}
    )
    moment = now.astimezone(UTC).isoformat(timespec="milliseconds")
    return {
        "message": {
            "type": "tool-calls",
            "timestamp": moment.replace("+00:00", "Z"),
            "call": {"id": facts.id, "type": facts.type, "status": facts.status},
            "phone_number": ours,
            "customer": {"number": facts.customer_number},
            "tool_call_list": [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": call.arguments},
                }
            ],
        }
    }


def headers_for(
    event: str, *, body: bytes, secret: str, now: datetime
) -> dict[str, str]:
    """The platform's webhook headers (platform-api.md 4.2)."""
    timestamp = int(now.timestamp())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "campanile/1.0",
        "X-Webhook-Event": event,
        "X-Webhook-Timestamp": str(timestamp),
    }
    if secret:
        signed = signature(secret, timestamp=timestamp, body=body)
        headers["X-Webhook-Signature"] = signed
    return headers


def read_answer(body: bytes, *, call_id: str) -> ToolAnswer:
    """Any of the four forms of platform-api.md 4.5; plain text counts as the result."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _result(body.decode(errors="replace").strip() or "done")
    if not isinstance(answer, dict):
        return _result(answer)
    listed = answer.get("results")
    if isinstance(listed, list):
        ours = [
            entry
            for entry in listed
            if isinstance(entry, dict) and entry.get("tool_call_id") == call_id
        ]
        answer = ours[0] if ours else answer
    if answer.get("error"):
        return _error(_text(answer["error"]))
    return _result(answer.get("result", answer))


class _Unanswered(Exception):
    """Why there is no answer, as the model should hear it."""


def _prepare(call: ToolCall, config: AgentConfig) -> tuple[str, str]:
    tools = [
        tool
        for tool in config.llm_config.tools
        if isinstance(tool, FunctionTool) and tool.name == call.name
    ]
    if not tools:
        raise _Unanswered(f"there is no tool called {call.name}")
    url, secret = target(tools[0], config)
    if not url:
        raise _Unanswered("this tool has no address")
    parameters = tools[0].parameters
    # A schema with a flaw is for `agent check`; on the line the webhook judges better.
    wrong = (
        []
        if schemas.flaw(parameters)
        else schemas.complaints(parameters, call.arguments)
    )
    if wrong:
        raise _Unanswered(f"the arguments are not right: {'; '.join(wrong)}")
    return url, secret


async def _post(
    http: httpx.AsyncClient, url: str, *, headers: dict[str, str], body: bytes
) -> bytes:
    received = b""
    async with http.stream("POST", url, headers=headers, content=body) as response:
        if not response.is_success:
            raise _Unanswered(f"the tool answered with status {response.status_code}")
        async for chunk in response.aiter_bytes():
            received += chunk
            if len(received) > _MOST_BYTES:
                raise _Unanswered("the tool's answer is too long")
    return received


def _result(value: object) -> ToolAnswer:
    return ToolAnswer(_text(value))


def _error(sentence: str) -> ToolAnswer:
    return ToolAnswer(f"Error: {sentence}"[:_MOST_CHARACTERS], ok=False)


def _text(value: object) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text[:_MOST_CHARACTERS]
