"""After a call: a schema filled and a summary written from what was said."""

from collections.abc import Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from campanile.errors import Invalid

from .dialogue import follow
from .scripts import Script, holds, worded
from .transcripts import Turn

Schema = Mapping[str, Any]


def fill(script: Script, turns: Sequence[Turn], schema: Schema) -> dict[str, Any]:
    """An object by `schema`: what the callee said, and null for what they did not.

    Raises Invalid where the schema is none.
    """
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise Invalid(f"Invalid schema: {error.message}") from error
    return _object(schema, follow(script, turns).slots)


def summarise(script: Script, turns: Sequence[Turn]) -> str:
    """A few sentences: what the script has to say of what is known."""
    slots = follow(script, turns).slots
    notes = [worded(n.say, slots) for n in script.summary if holds(n.needs, slots)]
    return " ".join(notes) or script.nothing


def _object(schema: Schema, slots: Mapping[str, Any]) -> dict[str, Any]:
    required = schema.get("required", ())
    filled = {}
    for name, wanted in schema.get("properties", {}).items():
        value = _value(wanted, slots.get(name), slots)
        if value is not None or name in required or _fits(wanted, None):
            filled[name] = value
    return filled


def _value(schema: Schema, known: Any, slots: Mapping[str, Any]) -> Any:
    """What is known if it fits, else null, else the emptiest thing that does."""
    if schema.get("type") == "object":
        return _object(schema, slots)
    heard = [] if known is None else [known, str(known)]
    empty = [None, "", False, schema.get("minimum", 0), []]
    options = [*heard, *empty, *schema.get("enum", ())]
    return next((option for option in options if _fits(schema, option)), None)


def _fits(schema: Schema, value: Any) -> bool:
    return bool(Draft202012Validator(schema).is_valid(value))
