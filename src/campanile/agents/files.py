"""An agent as one commented YAML file: read, checked for shape, explained when wrong."""

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from campanile.errors import Invalid, NotFound

from . import config as shapes
from .config import AgentConfig

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_Path = tuple[str | int, ...]


def example() -> str:
    """The text that `agent create --example` writes: every key, with its reason."""
    return (resources.files(__package__) / "example.yaml").read_text(encoding="utf-8")


def load(path: Path, *, environ: Mapping[str, str] = os.environ) -> AgentConfig:
    """Raises NotFound, or Invalid with one sentence per mistake in `details`."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotFound(
            f"There is no agent file {path}.",
            hint="`campanile agent create --example` writes one to start from.",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"The agent file {path} cannot be read: {error}.") from error
    return parse(text, source=str(path), environ=environ)


def parse(
    text: str, *, source: str = "agent", environ: Mapping[str, str] = os.environ
) -> AgentConfig:
    """`${NAME}` is replaced from `environ` in urls, and nowhere else."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Invalid(
            f"{source} is not YAML: {_yaml_trouble(error)}.",
            hint="Indent with spaces, and quote text that contains a colon or {{.",
        ) from error
    if not isinstance(values, dict) or not isinstance(root, yaml.MappingNode):
        raise Invalid(f"{source} is empty, or not a list of keys and values.")
    lines = dict(_lines(root))
    mistakes = [*_repeated(root), *_fill_urls(values, environ)]
    try:
        config = AgentConfig.model_validate(values)
    except ValidationError as error:
        mistakes += _mistakes(error, values)
    if mistakes:
        details = [_sentence(where, what, lines) for where, what in mistakes]
        raise Invalid(
            f"{source} has {len(details)} mistake{'s' if len(details) > 1 else ''}: "
            f"{details[0]}",
            hint="`campanile agent create --example` shows every key with its reason.",
            details=details,
        )
    return config


_Mistake = tuple[_Path, str]


def _lines(node: yaml.Node, path: _Path = ()) -> Iterator[tuple[_Path, int]]:
    """Where each value stands, counted from 1."""
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _lines(value, (*path, key.value))
            yield (*path, key.value), key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _lines(item, (*path, index))


def _repeated(node: yaml.Node, path: _Path = ()) -> Iterator[_Mistake]:
    """YAML takes the last of two equal keys without a word."""
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                yield (*path, key.value), "the key stands here twice"
            seen.add(key.value)
            yield from _repeated(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _repeated(item, (*path, index))


def _fill_urls(
    value: Any, environ: Mapping[str, str], path: _Path = ()
) -> Iterator[_Mistake]:
    """Replaces in place; yields the names that the environment does not have."""
    items = enumerate(value) if isinstance(value, list) else ()
    for key, item in value.items() if isinstance(value, dict) else items:
        where = (*path, key)
        if isinstance(item, str) and str(key).endswith("url"):
            for name in _VARIABLE.findall(item):
                if name not in environ:
                    yield where, f"${{{name}}} is not set in the environment"
            value[key] = _VARIABLE.sub(
                lambda match: environ.get(match[1], "unset"), item
            )
        else:
            yield from _fill_urls(item, environ, where)


def _mistakes(error: ValidationError, values: dict[str, Any]) -> Iterator[_Mistake]:
    for problem in error.errors(include_url=False):
        where, branch = _place(problem["loc"], values)
        if branch and branch != _branch_meant(where, values):
            continue  # of a tool's two shapes, speak of the one that was meant
        if problem["type"] == "extra_forbidden":
            yield where, f"there is no such key{_meant(str(where[-1]))}"
        elif problem["type"] == "missing":
            yield where[:-1], f"the key {where[-1]!r} is missing"
        else:
            message = problem["msg"]
            yield where, message[0].lower() + message[1:]


def _place(loc: _Path, values: Any) -> tuple[_Path, str]:
    """pydantic's location as a path into the file, and the union's branch if any."""
    where: list[str | int] = []
    branch = ""
    for part in loc:
        if part in ("FunctionTool", "EndCallTool"):
            branch = str(part)
        else:
            where.append(part)
    return tuple(where), branch


def _branch_meant(where: _Path, values: Any) -> str:
    """`llm_config.tools.<n>…`: which shape the file's author had in mind."""
    tool = values["llm_config"]["tools"][where[2]]
    kind = tool.get("type", "") if isinstance(tool, dict) else ""
    return "EndCallTool" if kind in ("end_call", "endCall") else "FunctionTool"


def _meant(key: str) -> str:
    close = difflib.get_close_matches(key, _KEYS, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _sentence(where: _Path, what: str, lines: Mapping[_Path, int]) -> str:
    named = ".".join(map(str, where)) or "the file"
    known = where
    while known and known not in lines:
        known = known[:-1]
    return f"{named} (line {lines.get(known, 1)}): {what}"


def _yaml_trouble(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f"{error.problem} in line {error.problem_mark.line + 1}"
    return str(error).splitlines()[0]


_KEYS = sorted(
    {
        field.alias or name
        for shape in vars(shapes).values()
        if isinstance(shape, type) and issubclass(shape, BaseModel)
        for name, field in shape.model_fields.items()
    }
)
