"""Commands imported when they are asked for: `campanile worker` needs no spreadsheets.

Typer keeps its copy of click to itself, hence the untyped contexts and commands.
"""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

HOMES: dict[str, str] = {
    "up": "processes",
    "down": "processes",
    "demo": "demo",
    "agent": "agents",
    "number": "numbers",
    "trunk": "trunks",
    "breaker": "breakers",
    "leads": "leads",
    "suppress": "suppress",
    "campaign": "campaigns",
    "calls": "calls",
    "stop": "stops",
    "doctor": "doctor",
    "migrate": "processes",
    "api": "processes",
    "scheduler": "processes",
    "worker": "processes",
    "rehearsal": "rehearsal",
}
"""The module of each command, in the order of the help."""


class LazyCommands(TyperGroup):
    """A module that has `app` is a group of commands; else the function of that name."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*HOMES, *super().list_commands(ctx)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in HOMES:
            return super().get_command(ctx, cmd_name)
        module = import_module(f"campanile.cli.{HOMES[cmd_name]}")
        if hasattr(module, "app"):
            command = get_command(module.app)
        else:
            single = typer.Typer(add_completion=False)
            single.command(cmd_name)(getattr(module, cmd_name))
            command = get_command(single)
        command.name = cmd_name
        return command
