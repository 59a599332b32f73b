"""`campanile agent`: create and check agents, and talk to one in text."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import select

from campanile.agents import checks, files
from campanile.agents.config import AgentConfig
from campanile.agents.models import Agent
from campanile.agents.provisioning import language_model_of
from campanile.agents.templating import render
from campanile.cli.choosing import agent_named
from campanile.cli.output import AsJson, console, print_facts, print_json, print_rows
from campanile.clock import now
from campanile.db import transaction
from campanile.errors import Invalid
from campanile.organizations.models import default_organization
from campanile.providers.pool import Pool
from campanile.providers.protocols import ChatMessage, TextDelta, ToolCall, ToolSpec

app = typer.Typer(
    help="Agents: who talks, and how.", no_args_is_help=True, add_completion=False
)

AgentFile = Annotated[Path, typer.Argument(help="One YAML file.")]


@app.command()
def create(
    file: Annotated[Path | None, typer.Argument(help="One YAML file.")] = None,
    example: Annotated[
        bool, typer.Option(help="Print a commented file to start from.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Create an agent from its file, or change the one of the same name."""
    if example:
        console.print(files.example(), markup=False, soft_wrap=True)
        return
    if file is None:
        raise Invalid(
            "name the agent's file",
            hint="`campanile agent create --example > agent.yaml` writes one",
        )
    config = files.load(file)
    findings = checks.check(config)
    if errors := [f for f in findings if f.level == "error"]:
        raise Invalid(
            f"{file} cannot be used: {errors[0].what}",
            hint=errors[0].hint,
            details=[f"{f.where}: {f.what}" for f in errors[1:]],
        )
    with transaction() as session:
        organization = default_organization(session)
        row = session.exec(
            select(Agent).where(
                Agent.organization_id == organization.id, Agent.name == config.name
            )
        ).first() or Agent(organization_id=organization.id, name=config.name, config={})
        row.config = config.model_dump(mode="json", by_alias=True)
        row.updated_at = now()
        session.add(row)
        session.flush()
        facts = {"id": row.id, "name": row.name}
    print_facts(facts, as_json=as_json)
    if not as_json:
        _tell(findings)


@app.command()
def check(file: AgentFile, as_json: AsJson = False) -> None:
    """Say what would go wrong with an agent's file on the line."""
    findings = checks.check(files.load(file))
    if as_json:
        print_json(
            [{"level": f.level, "where": f.where, "what": f.what} for f in findings]
        )
    elif not findings:
        console.print(f"{file} is fine.")
    else:
        _tell(findings)
    if any(f.level == "error" for f in findings):
        raise typer.Exit(1)


def _tell(findings: list[checks.Finding]) -> None:
    for finding in findings:
        colour = "red" if finding.level == "error" else "yellow"
        console.print(f"[{colour}]{finding.level}[/] {finding.where}: {finding.what}")
        if finding.hint:
            console.print(f"  [dim]{finding.hint}[/]")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Show every agent."""
    with transaction() as session:
        rows = session.exec(select(Agent).order_by(Agent.name)).all()
    print_rows(["id", "name"], [(r.id, r.name) for r in rows], as_json=as_json)


@app.command()
def chat(
    agent: Annotated[str, typer.Argument(help="Name, id, or a YAML file.")],
    var: Annotated[
        list[str] | None, typer.Option(help="A column of the lead, as name=Anna.")
    ] = None,
) -> None:
    """Talk to an agent in text, as its callee. An empty line hangs up."""
    config = _configuration(agent)
    variables = dict(_pair(text) for text in var or [])
    asyncio.run(_chat(config, variables))


def _configuration(agent: str) -> AgentConfig:
    if Path(agent).suffix in (".yaml", ".yml"):
        return files.load(Path(agent))
    with transaction() as session:
        return agent_named(session, agent).configuration()


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise Invalid(f"{text!r} is not name=value")
    return name, value


async def _chat(config: AgentConfig, variables: dict[str, str]) -> None:
    messages = [
        ChatMessage("system", render(message.content, variables))
        for message in config.llm_config.messages
    ]
    if config.first_message:
        opening = render(config.first_message, variables)
        messages.append(ChatMessage("assistant", opening))
        console.print(f"[green]agent[/]  {opening}")
    tools = [
        ToolSpec("end_call", "Hang up.", {"type": "object", "properties": {}}),
    ]
    async with Pool() as pool:
        model = language_model_of(config, pool=pool)
        while said := (
            await asyncio.to_thread(console.input, "[cyan]you[/]    ")
        ).strip():
            messages.append(ChatMessage("user", said))
            text, calls = "", []
            async for part in model.reply(messages, tools):
                if isinstance(part, TextDelta):
                    text += part.text
                elif isinstance(part, ToolCall):
                    calls.append(part.name)
            messages.append(ChatMessage("assistant", text))
            console.print(f"[green]agent[/]  {text}")
            for name in calls:
                console.print(f"[dim]  … would use {name}[/]")
            if "end_call" in calls:
                return
