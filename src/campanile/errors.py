"""The error tree. Every error is a sentence, and most carry a hint.

CampanileError                  500
├── NotFound                    404
├── Invalid                     422   what was given cannot be used
├── Conflict                    409   the row is not in a state that allows it
├── Unavailable                 503   a service we need does not answer
└── (domain errors subclass these beside the code that raises them)

Rendered once: by `api/problems.py` as JSON, by `cli/main.py` as a sentence and a hint.
"""


class CampanileError(Exception):
    """Something went wrong that a person can be told about in one sentence."""

    status = 500

    def __init__(
        self, message: str, *, hint: str = "", details: list[str] | None = None
    ):
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details or []


class NotFound(CampanileError):
    status = 404


class Invalid(CampanileError):
    status = 422


class Conflict(CampanileError):
    status = 409


class Unavailable(CampanileError):
    status = 503
