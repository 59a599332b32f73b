"""The tools a model may use in a call: two built in, the rest answered by a webhook."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from campanile.agents.config import AgentConfig, EndCallTool
from campanile.agents.tools import ToolAnswer, specs
from campanile.conversation.journal import ToolUsed
from campanile.conversation.report import Report
from campanile.providers.protocols import ToolCall, ToolSpec

RunTool = Callable[[ToolCall], Awaitable[ToolAnswer]]
"""Answers a webhook tool: `agents.tools.call_tool` with everything but the call given."""

LONGEST_TOOL = 15.0
"""Seconds; the webhook has its own, shorter time-out."""

END_CALL = ToolSpec(
    "end_call",
    "End the call. Say goodbye in the same reply, before you call this. Use it when the "
    "conversation has come to its end or the other person wants to end it.",
    {"type": "object", "properties": {}},
)
REQUEST_CALLBACK = ToolSpec(
    "request_callback",
    "Note that the other person asked to be called at another time. Afterwards say "
    "goodbye and end the call.",
    {
        "type": "object",
        "properties": {
            "when": {
                "type": "string",
                "description": "When to call, in the other person's own words, "
                "e.g. 'tomorrow at ten', 'in an hour'; empty if they did not say.",
            }
        },
        "required": ["when"],
    },
)


def offered(agent: AgentConfig) -> list[ToolSpec]:
    """What the model is offered; silence handling brings `end_call` with it, as on the
    platform (platform-api.md 5)."""
    ends = agent.autonomous_silence_handling or any(
        isinstance(tool, EndCallTool) for tool in agent.llm_config.tools
    )
    return [*specs(agent), REQUEST_CALLBACK, *([END_CALL] if ends else [])]


@dataclass(slots=True)
class Requests:
    """What the model has decided by its tools so far."""

    end_call: bool = False
    callback: str | None = None


class Toolbox:
    """Answers the model's tool calls. Raises nothing for what a tool does."""

    def __init__(self, *, run: RunTool | None, report: Report) -> None:
        self.requests = Requests()
        self._run = run
        self._report = report

    async def answer(self, call: ToolCall) -> str:
        """The result for the model."""
        asked_at = self._report.clock()
        answer = await self._answer(call)
        took = round(self._report.clock() - asked_at, 3)
        self._report.note(ToolUsed(call.name, call.arguments, answer, asked_at, took))
        return answer

    async def _answer(self, call: ToolCall) -> str:
        if call.name == END_CALL.name:
            self.requests.end_call = True
            return "The call ends."
        if call.name == REQUEST_CALLBACK.name:
            self.requests.callback = str(call.arguments.get("when") or "").strip()
            return "Noted. Say goodbye and end the call."
        if self._run is None:
            return f"Error: there is no tool called {call.name}."
        try:
            async with asyncio.timeout(LONGEST_TOOL):
                return (await self._run(call)).text
        except TimeoutError:
            return "Error: the tool did not answer in time."
