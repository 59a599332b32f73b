"""Who said what: read from a chat's messages, or from a transcript inside one."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["agent", "callee", "tool"]


@dataclass(frozen=True, slots=True)
class Turn:
    role: Role
    text: str
    tool: str = ""
    """For a tool's result: the tool's name."""
    calls: tuple[str, ...] = field(default=())
    """Names of the tools that the agent asked for in this turn."""


_AGENT = r"assistant|agent|ai|bot"
_CALLEE = r"user|callee|customer|human|caller|lead"
_LINE = re.compile(
    # Before the role at most a time or a bullet; a quote would be JSON, not speech.
    rf"^[\s\[\]()\d:.*-]*(?:(?P<agent>{_AGENT})|(?P<callee>{_CALLEE}))\**:\s*(?P<text>.*)$",
    re.IGNORECASE,
)


def written_down(texts: Iterable[str]) -> list[Turn]:
    """The turns of a transcript that stands in `texts`, one line each, role first.

    Lines without a role go on with the turn before; what stands before the first role
    is no transcript.
    """
    turns: list[Turn] = []
    for text in texts:
        began = len(turns)
        for line in text.splitlines():
            if match := _LINE.match(line):
                role: Role = "agent" if match["agent"] else "callee"
                turns.append(Turn(role, match["text"].strip()))
            elif len(turns) > began and line.strip():
                last = turns.pop()
                turns.append(Turn(last.role, f"{last.text} {line.strip()}"))
    return turns
