"""One answer in the two shapes that chat completions are sent in.

https://platform.openai.com/docs/api-reference/chat/object
https://platform.openai.com/docs/api-reference/chat-streaming
"""

import re
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import orjson

from .dialogue import Reply

_Json = dict[str, Any]


class Completion:
    """`read` is the text of each message that was given, for the usage."""

    def __init__(
        self, *, model: str, read: Sequence[str], answer: Reply, with_usage: bool
    ):
        self._text = answer.text
        self._calls = [_call(name, arguments) for name, arguments in answer.calls]
        self._finish = "tool_calls" if self._calls else "stop"
        self._with_usage = with_usage
        self._usage = _usage(
            sum(len(_tokens(text)) + 4 for text in read),
            len(_tokens(answer.text)) + 12 * len(self._calls),
        )
        self._head = {
            "id": f"chatcmpl-{uuid.uuid4().hex[:29]}",
            "created": int(time.time()),
            "model": model,
            "service_tier": "default",
            "system_fingerprint": "fp_rehearsal",
        }

    def whole(self) -> _Json:
        message: _Json = {
            "role": "assistant",
            "content": None if self._calls and not self._text else self._text,
            "refusal": None,
            "annotations": [],
        }
        if self._calls:
            message["tool_calls"] = self._calls
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": self._finish,
        }
        return {
            **self._head,
            "object": "chat.completion",
            "choices": [choice],
            "usage": self._usage,
        }

    async def events(self) -> AsyncIterator[bytes]:
        """Server-sent events."""
        for delta in self._deltas():
            yield self._event([_choice(delta)])
        yield self._event([_choice({}, self._finish)])
        if self._with_usage:
            yield self._event([], self._usage)
        yield b"data: [DONE]\n\n"

    def _deltas(self) -> Iterator[_Json]:
        content = None if self._calls and not self._text else ""
        yield {"role": "assistant", "content": content, "refusal": None}
        for token in _tokens(self._text):
            yield {"content": token}
        for index, call in enumerate(self._calls):
            # As the real one: the name with empty arguments, then these in pieces.
            arguments = call["function"]["arguments"]
            nameless = call["function"] | {"arguments": ""}
            yield {"tool_calls": [{"index": index, **call, "function": nameless}]}
            for piece in re.findall(r"[^,:]+[,:]?", arguments):
                part = {"index": index, "function": {"arguments": piece}}
                yield {"tool_calls": [part]}

    def _event(self, choices: list[_Json], usage: _Json | None = None) -> bytes:
        chunk = {
            **self._head,
            "object": "chat.completion.chunk",
            "choices": choices,
            **({"usage": usage} if self._with_usage else {}),
        }
        return b"data: " + orjson.dumps(chunk) + b"\n\n"


def _call(name: str, arguments: dict[str, str]) -> _Json:
    return {
        "id": f"call_{uuid.uuid4().hex[:24]}",
        "type": "function",
        "function": {"name": name, "arguments": orjson.dumps(arguments).decode()},
    }


def _choice(delta: _Json, finish: str | None = None) -> _Json:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}


def _tokens(text: str) -> list[str]:
    return re.findall(r"\s*(?:\w+|[^\w\s])", text)


def _usage(read: int, written: int) -> _Json:
    return {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
