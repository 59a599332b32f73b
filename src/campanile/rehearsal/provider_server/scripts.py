"""Dialogue scripts: what a language model would make of a prompt, written down as data.

A script is a YAML file: the questions in their order, how an answer to each is known,
what else callees may say (`asides`), how tools' results are read, what goes into a
summary, and every sentence worth recognising (`heard`, in JSGF). `scripts/` has ours.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict

from campanile.errors import Invalid

Slots = dict[str, Any]
"""What is known so far, by the names that the schemas of after-call data use."""


def _pattern(text: object) -> object:
    return re.compile(text, re.IGNORECASE) if isinstance(text, str) else text


Pattern = Annotated[re.Pattern[str], BeforeValidator(_pattern)]
"""A regular expression, case-insensitive; its named groups fill slots."""
Calls = dict[str, dict[str, str]]
"""Tools to call, with arguments that may name slots in braces."""
Needs = dict[str, Any]
"""Slots that must hold a value, `"*"` for any and null for none yet."""

_DAY_NAMES = frozenset(
    ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Answer(_Part):
    when: Pattern
    set: Slots = {}
    say: str = ""
    call: Calls = {}


class Question(_Part):
    name: str
    ask: str
    asked_by: Pattern
    """Finds the question in what the agent said, whoever worded it."""
    needs: Needs = {}
    answers: list[Answer]
    again: str = "I am sorry, I did not understand that."


class Aside(Answer):
    """Something said whatever was asked; afterwards the question is asked again."""

    ends: bool = False


class ToolResult(_Part):
    remember: dict[str, Pattern] = {}
    """Slots, each filled by the first match in the result."""
    say: str = ""
    call: Calls = {}


class Closing(_Part):
    say: str
    call: Calls = {}


class Note(_Part):
    needs: Needs
    say: str


class Script(_Part):
    name: str
    prompt: Pattern
    opening: str
    questions: list[Question]
    asides: list[Aside] = []
    tools: dict[str, ToolResult] = {}
    closing: Closing
    closed: Pattern
    """Finds in what the agent said that it has taken its leave."""
    values: dict[str, dict[str, Any]] = {}
    """For a slot, what a spoken word means."""
    summary: list[Note]
    nothing: str
    """The summary where no note applies."""
    heard: list[str]

    def understand(self, match: re.Match[str]) -> Slots:
        """The slots that a match fills."""
        found = {name: text.lower() for name, text in match.groupdict().items() if text}
        return {
            name: self.values.get(name, {}).get(text, text)
            for name, text in found.items()
        }


def load(folder: Path | None = None) -> list[Script]:
    """The scripts of `folder`, then our own; the last one takes any prompt.

    Raises Invalid where a file is not a script.
    """
    own = Path(__file__).with_name("scripts")
    files = [*_files(folder), *_files(own)] if folder else _files(own)
    return sorted((_read(file) for file in files), key=_takes_anything)


def choose(scripts: Sequence[Script], texts: Iterable[str]) -> Script:
    """The first script whose pattern stands in one of `texts`."""
    given = "\n".join(texts)
    return next(script for script in scripts if script.prompt.search(given))


def holds(needs: Needs, slots: Mapping[str, Any]) -> bool:
    """Whether the slots are as `needs` says."""
    return all(
        slots.get(name) is not None if wanted == "*" else slots.get(name) == wanted
        for name, wanted in needs.items()
    )


def filled(text: str, slots: Mapping[str, Any]) -> str:
    """`text` with the slots it names in braces; what is unknown is left out."""
    return re.sub(r"\{(\w+)\}", lambda name: str(slots.get(name[1], "")), text)


def worded(text: str, slots: Mapping[str, Any]) -> str:
    """The same as it is written for people: days have a capital."""
    return filled(text, {name: _capital(value) for name, value in slots.items()})


def _capital(value: Any) -> Any:
    return value.title() if value in _DAY_NAMES else value


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.yaml"))


def _takes_anything(script: Script) -> bool:
    return script.prompt.search("") is not None


def _read(file: Path) -> Script:
    try:
        return Script.model_validate(yaml.safe_load(file.read_text("utf-8")))
    except (ValueError, yaml.YAMLError, re.error) as error:
        raise Invalid(f"{file.name} is not a dialogue script: {error}") from error
