"""Errors as the platform renders them, together with RFC 9457's members."""

from collections.abc import Sequence
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from campanile.errors import CampanileError


def problem(
    status: int, message: str, details: Sequence[str] = (), hint: str = ""
) -> JSONResponse:
    title = HTTPStatus(status).phrase
    body: dict[str, object] = {
        "error": title,
        "message": message,
        "details": list(details),
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": message,
    }
    if hint:
        body["hint"] = hint
    return JSONResponse(body, status, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    @app.exception_handler(CampanileError)
    def _ours(_request: Request, error: CampanileError) -> JSONResponse:
        return problem(error.status, error.message, error.details, error.hint)

    @app.exception_handler(HTTPException)
    def _http(_request: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, str(error.detail))

    @app.exception_handler(RequestValidationError)
    def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        return problem(422, "The request does not fit", _sentences(error.errors()))

    @app.exception_handler(ValidationError)
    def _rules(_request: Request, error: ValidationError) -> JSONResponse:
        return problem(422, "The request does not fit", _sentences(error.errors()))


def _sentences(errors: Sequence[object]) -> list[str]:
    sentences = []
    for error in errors:
        assert isinstance(error, dict)
        where = ".".join(str(part) for part in error["loc"] if part != "body")
        sentences.append(f"{where}: {error['msg']}" if where else str(error["msg"]))
    return sentences
