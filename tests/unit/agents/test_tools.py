"""Webhook tools: what is sent, and every way an answer can come or fail to."""

import hashlib
import hmac
from datetime import UTC, datetime

import httpx
import orjson
import pytest

from campanile.agents.config import AgentConfig
from campanile.agents.tools import CallFacts, call_tool, read_answer, specs
from campanile.egress import Allowed, GuardedTransport
from campanile.providers.protocols import ToolCall

NOW = datetime(2026, 2, 3, 9, 15, 0, 1234, tzinfo=UTC)
FACTS = CallFacts("call-7f3c", "+12125550100", "+12125550123", "Reminders")
CALL = ToolCall("tool_1", "find_slot", {"day": "monday"})


def agent(url="https://hooks.example/slots", *, server=None, **keys) -> AgentConfig:
    tool = {
        "name": "find_slot",
        "description": "Finds a free time.",
        "parameters": {
            "type": "object",
            "properties": {"day": {"enum": ["monday", "friday"]}},
            "required": ["day"],
        },
        "url": url,
        "server": server,
    }
    llm = {"tools": [{"type": "end_call"}, tool]}
    return AgentConfig.model_validate({"name": "A", "llm_config": llm} | keys)


class Webhook:
    """The far end of one request, in memory."""

    def __init__(self, *, status=200, body=b"{}", failure=None):
        self.status, self.body, self.failure = status, body, failure
        self.requests: list[httpx.Request] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.failure:
            raise self.failure
        return httpx.Response(self.status, content=self.body)

    async def ask(self, call=CALL, config=None):
        transport = httpx.MockTransport(self.answer)
        async with httpx.AsyncClient(transport=transport) as http:
            return await call_tool(
                http, call, config=config or agent(), facts=FACTS, now=NOW
            )


async def test_the_request_is_the_platforms():
    webhook = Webhook(body=b'{"result": "10:00"}')
    answer = await webhook.ask(config=agent(webhook_secret="s3cret"))
    assert (answer.text, answer.ok) == ("10:00", True)
    (request,) = webhook.requests
    assert orjson.loads(request.content) == {
        "message": {
            "type": "tool-calls",
            "timestamp": "2026-02-03T09:15:00.001Z",
            "call": {
                "id": "call-7f3c",
                "type": "outbound_phone_call",
                "status": "in-progress",
            },
            "phone_number": {"number": "+12125550100", "name": "Reminders"},
            "customer": {"number": "+12125550123"},
            "tool_call_list": [
                {
                    "id": "tool_1",
                    "type": "function",
                    "function": {"name": "find_slot", "arguments": {"day": "monday"}},
                }
            ],
        }
    }
    timestamp = str(int(NOW.timestamp()))
    signed = timestamp.encode() + b"." + request.content
    wanted = hmac.new(b"s3cret", signed, hashlib.sha256).hexdigest()
    assert request.headers["X-Webhook-Event"] == "tool-calls"
    assert request.headers["X-Webhook-Timestamp"] == timestamp
    assert request.headers["X-Webhook-Signature"] == f"sha256={wanted}"


async def test_without_a_secret_nothing_is_signed():
    webhook = Webhook()
    await webhook.ask()
    assert "X-Webhook-Signature" not in webhook.requests[0].headers


@pytest.mark.parametrize(
    ("config", "url"),
    [
        (agent(webhook_url="https://b.example/"), "https://hooks.example/slots"),
        (agent(server={"url": "https://c.example/"}), "https://hooks.example/slots"),
        (agent(None, server={"url": "https://c.example/"}), "https://c.example/"),
        (agent(None, webhook_url="https://b.example/"), "https://b.example/"),
    ],
)
async def test_the_most_specific_address_wins(config, url):
    webhook = Webhook()
    await webhook.ask(config=config)
    assert str(webhook.requests[0].url) == url


@pytest.mark.parametrize(
    ("body", "text", "ok"),
    [
        (b'{"results":[{"tool_call_id":"tool_1","result":"10:00"}]}', "10:00", True),
        (
            b'{"results":[{"tool_call_id":"x","result":1},'
            b'{"tool_call_id":"tool_1","result":{"slots":["10:00"]}}]}',
            '{"slots":["10:00"]}',
            True,
        ),
        (
            b'{"results":[{"tool_call_id":"tool_1","error":"full"}]}',
            "Error: full",
            False,
        ),
        (b'{"result": {"slots": []}}', '{"slots":[]}', True),
        (b'{"result": null}', "null", True),
        (b'{"slots": ["14:30"]}', '{"slots":["14:30"]}', True),
        (b'{"results": [{"name": "Ann"}]}', '{"results":[{"name":"Ann"}]}', True),
        (b'{"error": "no such day"}', "Error: no such day", False),
        (b"[1,2]", "[1,2]", True),
        (b"Ten o'clock is free.", "Ten o'clock is free.", True),
        (b"", "done", True),
    ],
)
def test_all_forms_of_answer_are_read(body, text, ok):
    answer = read_answer(body, call_id="tool_1")
    assert (answer.text, answer.ok) == (text, ok)


@pytest.mark.parametrize(
    ("webhook", "sentence"),
    [
        (Webhook(status=500, body=b"Traceback: secret"), "answered with status 500"),
        (Webhook(status=302), "answered with status 302"),
        (Webhook(failure=httpx.ReadTimeout("slow")), "within 10 seconds"),
        (Webhook(failure=httpx.ConnectError("hooks.example")), "not be reached"),
        (Webhook(body=b" " * 70_000), "too long"),
    ],
)
async def test_the_model_hears_of_every_failure_and_of_no_address(webhook, sentence):
    answer = await webhook.ask()
    assert not answer.ok
    assert answer.text.startswith("Error: ")
    assert sentence in answer.text
    assert "hooks.example" not in answer.text
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (ToolCall("1", "find_slot", {"day": "sunday"}), "'sunday' is not one of"),
        (ToolCall("1", "find_slot", {}), "'day' is a required property"),
        (ToolCall("1", "delete_all", {}), "no tool called delete_all"),
        (ToolCall("1", "end_call", {}), "no tool called end_call"),
    ],
)
async def test_what_the_model_asks_wrongly_is_not_sent(call, sentence):
    webhook = Webhook()
    answer = await webhook.ask(call)
    assert sentence in answer.text
    assert webhook.requests == []


async def test_a_tool_passes_the_guard():
    async with httpx.AsyncClient(transport=GuardedTransport(Allowed())) as http:
        answer = await call_tool(
            http, CALL, config=agent("http://127.0.0.1:1/"), facts=FACTS, now=NOW
        )
    assert answer.text == "Error: the tool could not be reached"


def test_the_model_sees_webhooks_and_not_what_is_built_in():
    assert [spec.name for spec in specs(agent())] == ["find_slot"]
