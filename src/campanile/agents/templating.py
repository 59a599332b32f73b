"""Prompt templates: `{{name}}` is replaced by the lead's column of that name.

Nothing is executed, and what a column holds is never read as a template again.
"""

import re
from collections.abc import Mapping

_PLACEHOLDER = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")


def render(template: str, variables: Mapping[str, object]) -> str:
    """The template with every placeholder filled; a missing one becomes nothing.

    Line breaks within a value become spaces: a column is a word or a sentence, not a
    place to write the agent a new instruction.
    """
    return substitute(
        template, {name: _one_line(value) for name, value in variables.items()}
    )


def substitute(template: str, texts: Mapping[str, str]) -> str:
    """As `render`, but the texts go in as they are."""
    return _PLACEHOLDER.sub(lambda match: texts.get(match[1], ""), template)


def placeholders(template: str) -> list[str]:
    """The names a template asks for, each once, in their order."""
    return list(dict.fromkeys(_PLACEHOLDER.findall(template)))


def missing(template: str, variables: Mapping[str, object]) -> list[str]:
    """The names that `render` would leave empty."""
    return [
        name for name in placeholders(template) if not _one_line(variables.get(name))
    ]


def _one_line(value: object) -> str:
    return "" if value is None else " ".join(str(value).split())
