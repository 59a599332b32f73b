"""`POST /v1/chat/completions`: streamed or whole, with tools and JSON schemas.

https://platform.openai.com/docs/api-reference/chat
"""

import asyncio
import hashlib
import re
import time
from collections.abc import Sequence
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from campanile.errors import Invalid

from . import dialogue, extraction
from .completion import Completion
from .dialogue import Reply
from .openai_errors import no_key, refused
from .scripts import Script, choose
from .service import Service
from .transcripts import Role, Turn, written_down

_SUMMARY = re.compile(r"\bsummar", re.IGNORECASE)
_ROLES: dict[str, Role] = {"assistant": "agent", "user": "callee", "tool": "tool"}


class _Function(BaseModel):
    name: str
    arguments: str = "{}"


class _Call(BaseModel):
    id: str
    function: _Function


class _Message(BaseModel):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[dict[str, Any]] | None = None
    tool_calls: list[_Call] | None = None
    tool_call_id: str | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, str):
            return self.content
        return " ".join(str(part.get("text", "")) for part in self.content or ())


class _Tool(BaseModel):
    type: Literal["function"]
    function: dict[str, Any]


class _StreamOptions(BaseModel):
    include_usage: bool = False


class _Body(BaseModel):
    model: str
    messages: list[_Message]
    stream: bool = False
    stream_options: _StreamOptions = _StreamOptions()
    tools: list[_Tool] = []
    response_format: dict[str, Any] = {"type": "text"}

    @property
    def tool_names(self) -> list[str]:
        return [str(tool.function.get("name")) for tool in self.tools]

    @property
    def schema_given(self) -> dict[str, Any] | None:
        """What an answer in JSON must follow; None where text is asked for."""
        if self.response_format.get("type") == "text":
            return None
        named = self.response_format.get("json_schema") or {}
        return dict(named.get("schema") or {})


async def complete(request: Request, service: Service) -> Response:
    began = time.monotonic()
    if not service.keys.accept(request.headers, "authorization", "bearer"):
        return no_key()
    try:
        body = _Body.model_validate(orjson.loads(await request.body()))
        answer = _answer(service.scripts, body)
    except orjson.JSONDecodeError:
        return refused(400, "We could not parse the JSON body of your request.")
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return refused(400, f"{first['msg']}: '{where}'", param=where)
    except Invalid as error:
        return refused(400, error.message, param="response_format")
    await asyncio.sleep(service.delays.llm)
    _note(service, began, body, answer)
    completion = Completion(
        model=body.model,
        read=[message.text for message in body.messages],
        answer=answer,
        with_usage=body.stream_options.include_usage,
    )
    if body.stream:
        return StreamingResponse(completion.events(), media_type="text/event-stream")
    return JSONResponse(completion.whole())


def _answer(scripts: Sequence[Script], body: _Body) -> Reply:
    texts = [message.text for message in body.messages]
    script = choose(scripts, texts)
    spoken = _turns(body.messages)
    schema = body.schema_given
    if schema is not None:
        filled = extraction.fill(script, written_down(texts) or spoken, schema)
        return Reply(orjson.dumps(filled).decode())
    if not body.tools and any(_SUMMARY.search(text) for text in texts):
        return Reply(extraction.summarise(script, written_down(texts) or spoken))
    return dialogue.reply(script, spoken, body.tool_names)


def _turns(messages: Sequence[_Message]) -> list[Turn]:
    names: dict[str | None, str] = {}
    turns = []
    for message in messages:
        if message.role in _ROLES:
            names |= {call.id: call.function.name for call in message.tool_calls or ()}
            tool = names.get(message.tool_call_id, "")
            turns.append(Turn(_ROLES[message.role], message.text, tool))
    return turns


def _note(service: Service, began: float, body: _Body, answer: Reply) -> None:
    prompt = [m.text for m in body.messages if m.role in ("system", "developer")]
    service.note(
        "chat",
        began,
        prompt=hashlib.sha256("\n".join(prompt).encode()).hexdigest()[:12],
        messages=len(body.messages),
        tools=body.tool_names,
        schema=body.schema_given is not None,
        text=answer.text,
        calls=[name for name, _ in answer.calls],
    )
