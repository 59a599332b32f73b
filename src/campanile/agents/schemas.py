"""JSON Schema as agents use it: tools' parameters and the data to extract.

Schemas come from users, so a `$ref` to elsewhere is not fetched: it is an error.
"""

from typing import Any

from jsonschema.exceptions import SchemaError
from jsonschema.protocols import Validator
from jsonschema.validators import Draft202012Validator, validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

_MOST_COMPLAINTS = 5
_NOWHERE: Registry[Any] = Registry()


def flaw(schema: dict[str, Any]) -> str:
    """What is wrong with the schema itself, as a sentence; empty if nothing is."""
    kind: type[Validator] = validator_for(schema, default=Draft202012Validator)
    try:
        kind.check_schema(schema)
        _validator(schema).is_valid({})
    except SchemaError as error:
        return f"{error.json_path}: {error.message}"
    except Unresolvable as error:
        return f"$ref cannot be resolved: {error}"
    return ""


def complaints(schema: dict[str, Any], value: Any) -> list[str]:
    """Where `value` breaks `schema`, one sentence each, a few at most.

    The schema must be without `flaw`.
    """
    errors = _validator(schema).iter_errors(value)
    return [
        f"{error.json_path}: {error.message}"
        for error, _ in zip(errors, range(_MOST_COMPLAINTS), strict=False)
    ]


def _validator(schema: dict[str, Any]) -> Validator:
    kind: type[Validator] = validator_for(schema, default=Draft202012Validator)
    return kind(schema, registry=_NOWHERE)
