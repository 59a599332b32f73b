"""Hold one whole call against the fakes; a test gives the callee's script."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from campanile.agents.config import AgentConfig
from campanile.conversation.brief import Brief
from campanile.conversation.journal import Entry
from campanile.conversation.outcome import Outcome
from campanile.conversation.preparation import Renderings, prepare
from campanile.conversation.session import Conversation
from campanile.conversation.tools import RunTool
from campanile.providers.protocols import Providers
from campanile.telephony.line import Ended

from .line import FakeLine
from .providers import FakeModel, FakeStt, FakeTts
from .vad import FakeVad

GREETING = "Hello Anna, this is the assistant of Riverside Dental, can you make it?"


def make_agent(**changes: Any) -> AgentConfig:
    values: dict[str, Any] = {
        "name": "Dental",
        "first_message": GREETING.replace("Anna", "{{first_name}}"),
        "fallback_message": "Something went wrong, goodbye.",
        "llm_config": {
            "messages": [{"role": "system", "content": "You call {{first_name}}."}],
            "tools": [{"type": "end_call"}],
        },
    }
    return AgentConfig.model_validate(values | changes)


@dataclass
class Call:
    """Everything of one call; a script or a test may look at and turn any of it."""

    line: FakeLine
    tts: FakeTts
    stt: FakeStt
    model: FakeModel
    conversation: Conversation
    journal: list[Entry] = field(default_factory=list)
    outcome: Outcome | None = None

    @property
    def result(self) -> Outcome:
        assert self.outcome is not None, "the call is not over"
        return self.outcome

    def said(self) -> list[tuple[str, str]]:
        return [(turn.role, turn.text) for turn in self.result.turns]

    def entries(self, kind: type) -> list[Any]:
        return [entry for entry in self.journal if isinstance(entry, kind)]


@dataclass
class Notes:
    entries: list[Entry]

    def note(self, entry: Entry) -> None:
        self.entries.append(entry)


Script = Callable[[FakeLine], Awaitable[None]]


async def hold(
    callee: Script,
    *replies: Any,
    agent: AgentConfig | None = None,
    run_tool: RunTool | None = None,
    before: Callable[[Call], None] = lambda call: None,
    beside: Callable[[Call], Awaitable[None]] | None = None,
    answer_after: float = 5.0,
) -> Call:
    """Ring for a while, answer, talk to the end. `before` may turn the fakes; `beside`
    runs along with the callee's script and is told everything."""
    tts, model = FakeTts(), FakeModel(replies)
    line = FakeLine(tts.sentences)
    stt = FakeStt(line)
    renderings, entries = Renderings(), list[Entry]()
    brief = Brief(agent or make_agent(), {"first_name": "Anna"})
    prepared = await prepare(brief, tts, renderings=renderings)

    async def hang_up() -> None:
        line.hung_up_at = asyncio.get_running_loop().time()

    conversation = Conversation(
        brief,
        prepared=prepared,
        audio=line.audio,
        providers=Providers(stt, model, tts),
        vad=FakeVad(),
        hang_up=hang_up,
        journal=Notes(entries),
        run_tool=run_tool,
        renderings=renderings,
    )
    call = Call(line, tts, stt, model, conversation, entries)
    before(call)
    await conversation.warm_up()
    await asyncio.sleep(answer_after)
    line.answered_at = asyncio.get_running_loop().time()
    line.on_hang_up = lambda: conversation.leg_ended(Ended(200, "BYE", "callee"))
    side: list[Awaitable[None]] = [line.pump(), callee(line)]
    if beside:
        side.append(beside(call))
    tasks = [asyncio.ensure_future(each) for each in side]
    try:
        async with asyncio.timeout(600):
            call.outcome = await conversation.run()
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
    assert len(asyncio.all_tasks()) == 1, "the conversation left tasks behind"
    assert not any(stream.open for stream in stt.streams), "a stream was left open"
    return call
