"""What one conversation is told before it begins."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from campanile.agents.config import AgentConfig
from campanile.agents.templating import render
from campanile.providers.protocols import ChatMessage


@dataclass(frozen=True, slots=True)
class Brief:
    """One agent, one lead. `variables` are the lead's columns by name."""

    agent: AgentConfig
    variables: Mapping[str, str] = field(default_factory=dict)
    call_id: str = ""
    """For the names of tasks."""

    @property
    def language(self) -> str:
        """The tag that the callee is transcribed in, e.g. `en` or `nl-NL`."""
        return self.agent.stt_config.language

    def prompt(self) -> list[ChatMessage]:
        """The agent's own messages with the lead's columns filled in."""
        return [
            ChatMessage(message.role, render(message.content, self.variables))
            for message in self.agent.llm_config.messages
        ]

    def filled(self, template: str | None) -> str:
        """A sentence of the agent for this lead; empty where there is none."""
        return render(template, self.variables).strip() if template else ""
