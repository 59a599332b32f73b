"""JSON Schema as agents use it: tools' parameters and the data to extract.

Schemas come from users, so a `$ref` to elsewhere is not fetched: it is a flaw.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from jsonschema.exceptions import SchemaError
from jsonschema.protocols import Validator
from jsonschema.validators import Draft202012Validator, validator_for
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

_MOST_COMPLAINTS = 5
_NOWHERE: Registry[Any] = Registry()


def flaw(schema: dict[str, Any]) -> str:
    """What is wrong with the schema itself, as a sentence; empty if nothing is."""
    try:
        _kind(schema).check_schema(schema)
    except SchemaError as error:
        return f"{error.json_path}: {error.message}"
    resource = Resource.from_contents(schema, default_specification=DRAFT202012)
    within = _NOWHERE.resolver_with_root(resource)
    for reference in _references(schema):
        try:
            within.lookup(reference)
        except Unresolvable:
            return f"$ref cannot be resolved: {reference}"
    return ""


def complaints(schema: dict[str, Any], value: Any) -> list[str]:
    """Where `value` breaks `schema`, one sentence each, a few at most.

    The schema must be without `flaw`.
    """
    errors = _kind(schema)(schema, registry=_NOWHERE).iter_errors(value)
    return [
        f"{error.json_path}: {error.message}"
        for error in islice(errors, _MOST_COMPLAINTS)
    ]


def _kind(schema: dict[str, Any]) -> type[Validator]:
    kind: type[Validator] = validator_for(schema, default=Draft202012Validator)
    return kind


def _references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            if key in ("$ref", "$dynamicRef") and isinstance(value, str):
                yield value
            yield from _references(value)
    elif isinstance(part, list):
        for item in part:
            yield from _references(item)
