"""Errors as OpenAI's API words them."""

from starlette.responses import JSONResponse


def refused(
    status: int, message: str, *, code: str | None = None, param: str | None = None
) -> JSONResponse:
    return JSONResponse(
        {
            "error": {
                "message": message,
                "type": "invalid_request_error",
                "param": param,
                "code": code,
            }
        },
        status_code=status,
    )


def no_key() -> JSONResponse:
    return refused(
        401,
        "You didn't provide an API key. You need to provide your API key in an "
        "Authorization header using Bearer auth.",
        code="invalid_api_key",
    )
