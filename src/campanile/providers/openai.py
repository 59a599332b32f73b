"""OpenAI chat completions, and whatever else speaks them, over plain HTTP.

https://platform.openai.com/docs/api-reference/chat
"""

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import orjson

from .errors import ProviderError
from .lanes import Answer
from .pool import PATIENT, Pool
from .protocols import ChatMessage, TextDelta, ToolCall, ToolSpec
from .sse import EventStream

_FIXED_TEMPERATURE = re.compile(r"^(o\d|gpt-5)")
"""Reasoning models refuse any temperature but their own."""


class OpenAIChat:
    """Implements `LanguageModel`."""

    def __init__(
        self,
        pool: Pool,
        *,
        url: str,
        api_key: str,
        model: str,
        temperature: float = 0.7,
        max_completion_tokens: int | None = None,
        name: str = "openai",
    ):
        self.name = name
        self._pool = pool
        self._url = f"{url.rstrip('/')}/chat/completions"
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._options: dict[str, Any] = {"model": model}
        if not _FIXED_TEMPERATURE.match(model):
            self._options["temperature"] = temperature
        if max_completion_tokens is not None:
            self._options["max_completion_tokens"] = max_completion_tokens

    async def reply(
        self, messages: Sequence[ChatMessage], tools: Sequence[ToolSpec]
    ) -> AsyncGenerator[TextDelta | ToolCall, None]:
        """Close the generator (`contextlib.aclosing`) to stop the model mid-sentence."""
        body = self._body(messages) | {"stream": True}
        if tools:
            body["tools"] = [_tool(tool) for tool in tools]
        turn = _Turn(self.name)
        async with self._post(body) as answer:
            events = EventStream()
            async for chunk in answer.chunks():
                for data in events.feed(chunk):
                    if text := turn.take(data):
                        yield TextDelta(text)
            calls = turn.finish()
        for call in calls:
            yield call

    async def fill(
        self, messages: Sequence[ChatMessage], schema: dict[str, Any]
    ) -> dict[str, Any]:
        """Raises ProviderError `malformed` where the answer is no JSON object.

        Not `strict`: that mode refuses schemas with optional fields, which users
        write; the caller validates anyway.
        """
        text = await self._whole(
            self._body(messages)
            | {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "answer", "schema": schema},
                }
            }
        )
        answer = _json(self.name, text.encode())
        if not isinstance(answer, dict):
            raise malformed(self.name, "the answer is not a JSON object")
        return answer

    async def write(self, messages: Sequence[ChatMessage]) -> str:
        return await self._whole(self._body(messages))

    async def _whole(self, body: dict[str, Any]) -> str:
        async with self._post(body, PATIENT) as answer:
            found = _json(self.name, await answer.whole())
            try:
                text = found["choices"][0]["message"]["content"]
            except (KeyError, IndexError, TypeError) as error:
                raise malformed(self.name, "no message in the answer") from error
        return str(text or "")

    def _post(
        self, body: dict[str, Any], timeout: dict[str, float] | None = None
    ) -> AbstractAsyncContextManager[Answer]:
        return self._pool.post(
            self.name, self._url, headers=self._headers, body=body, timeout=timeout
        )

    def _body(self, messages: Sequence[ChatMessage]) -> dict[str, Any]:
        return self._options | {"messages": [_message(message) for message in messages]}


@dataclass(slots=True)
class _PartialCall:
    id: str = ""
    name: str = ""
    arguments: str = ""


class _Turn:
    """One assistant turn, put together from its deltas."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._calls: dict[int, _PartialCall] = {}
        self._finished = False

    def take(self, data: bytes) -> str:
        """The text of one event, if it has any."""
        if data == b"[DONE]":
            self._finished = True
            return ""
        event = _json(self._provider, data)
        try:
            if error := event.get("error"):
                raise ProviderError(
                    self._provider, "stream_error", retryable=True, detail=str(error)
                )
            if not event["choices"]:  # the closing event that only counts tokens
                return ""
            choice = event["choices"][0]
            self._finished = self._finished or bool(choice.get("finish_reason"))
            delta = choice["delta"]
            for part in delta.get("tool_calls") or ():
                self._add(part)
            return str(delta.get("content") or "")
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise malformed(self._provider, "unexpected event") from error

    def finish(self) -> list[ToolCall]:
        if not self._finished:
            raise ProviderError(self._provider, "cut_short", retryable=True)
        return [self._whole(self._calls[index]) for index in sorted(self._calls)]

    def _add(self, part: dict[str, Any]) -> None:
        call = self._calls.setdefault(part["index"], _PartialCall())
        function = part.get("function") or {}
        call.id = call.id or part.get("id") or ""
        call.name += function.get("name") or ""
        call.arguments += function.get("arguments") or ""

    def _whole(self, call: _PartialCall) -> ToolCall:
        arguments = _json(self._provider, call.arguments.encode() or b"{}")
        if not isinstance(arguments, dict) or not call.name:
            raise malformed(self._provider, "tool call without name or arguments")
        return ToolCall(call.id, call.name, arguments)


def malformed(provider: str, detail: str) -> ProviderError:
    """The provider answered, with something that cannot be used."""
    return ProviderError(provider, "malformed", retryable=True, detail=detail)


def _json(provider: str, data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise malformed(provider, "not JSON") from error


def _message(message: ChatMessage) -> dict[str, Any]:
    wire: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_call_id:
        wire["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        wire["content"] = message.content or None
        wire["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {
                    "name": call.name,
                    "arguments": orjson.dumps(call.arguments).decode(),
                },
            }
            for call in message.tool_calls
        ]
    return wire


def _tool(tool: ToolSpec) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters or {"type": "object", "properties": {}},
        },
    }
