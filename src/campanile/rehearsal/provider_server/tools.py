"""The demo business's own webhook: `POST /tools/find_slot` (platform-api.md 4)."""

import time
from typing import Any

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .service import Service

_FREE = {
    "monday": ["9:00"],
    "tuesday": ["10:00"],
    "wednesday": ["11:00"],
    "thursday": ["14:00"],
    "friday": ["15:00"],
}


class _Function(BaseModel):
    name: str
    arguments: dict[str, Any] | str = {}

    @property
    def day(self) -> str:
        given = self.arguments
        arguments = orjson.loads(given) if isinstance(given, str) else given
        return str(arguments.get("day", "")).lower()


class _Call(BaseModel):
    id: str
    function: _Function


class _Message(BaseModel):
    tool_call_list: list[_Call]


class _Envelope(BaseModel):
    message: _Message


async def find_slot(request: Request, service: Service) -> Response:
    began = time.monotonic()
    try:
        envelope = _Envelope.model_validate(orjson.loads(await request.body()))
        asked = {call.id: call.function.day for call in envelope.message.tool_call_list}
    except (orjson.JSONDecodeError, ValidationError) as error:
        return JSONResponse({"error": str(error)}, status_code=422)
    service.note("tools", began, tool="find_slot", days=list(asked.values()))
    results = [
        {"tool_call_id": id, "result": {"slots": _FREE.get(day, [])}}
        for id, day in asked.items()
    ]
    return JSONResponse({"results": results})
