"""The parts of one call's dialogue, put together once, and the alarm they share."""

import asyncio
from dataclasses import dataclass, field
from math import inf

from campanile.conversation.acts import Acts
from campanile.conversation.brief import Brief
from campanile.conversation.directly_before import DirectlyBefore
from campanile.conversation.floor import Floor
from campanile.conversation.journal import Journal, Latency
from campanile.conversation.listening import Ears, Listener, Vad
from campanile.conversation.preparation import Prepared, Renderings
from campanile.conversation.replying import Replier
from campanile.conversation.report import Report
from campanile.conversation.speaking import Voice
from campanile.conversation.tools import Requests, RunTool, Toolbox, offered
from campanile.conversation.transcript import Dialogue
from campanile.providers.protocols import Providers
from campanile.telephony.line import AudioPort

_CLOCK_TICK = 0.001
"""uvloop's clock has whole milliseconds and may wake us one too early."""


@dataclass(slots=True)
class Alarm:
    """When the loop is to look again, if nothing happens before."""

    event: asyncio.Event = field(default_factory=asyncio.Event)
    due: float = inf

    def ring(self) -> None:
        self.event.set()

    def reached(self, instant: float, now: float) -> bool:
        """Whether `instant` (loop time) has come; if not, it is waited for."""
        if now >= instant - _CLOCK_TICK:
            return True
        self.due = min(self.due, instant)
        return False

    async def wait(self) -> None:
        """Until it rings or is due."""
        if self.due == inf:
            await self.event.wait()
            return
        timer = asyncio.get_running_loop().call_at(self.due, self.event.set)
        try:
            await self.event.wait()
        finally:
            timer.cancel()

    def reset(self) -> None:
        self.event.clear()
        self.due = inf


class Stage:
    """What the policies of one call look at and act on."""

    def __init__(
        self,
        brief: Brief,
        *,
        prepared: Prepared,
        audio: AudioPort,
        providers: Providers,
        vad: Vad,
        journal: Journal,
        listener: Listener,
        run_tool: RunTool | None,
        renderings: Renderings,
    ) -> None:
        agent = brief.agent
        self.brief = brief
        self.agent = agent
        self.prepared = prepared
        self.audio = audio
        self.alarm = Alarm()
        self.dialogue = Dialogue()
        self.before = DirectlyBefore()
        self.report = Report(self.dialogue, journal)
        self.floor = Floor(audio, self.dialogue, self.alarm.ring, call_id=brief.call_id)
        self.ears = Ears(
            audio=audio,
            vad=vad,
            stt=providers.stt,
            language=brief.language,
            keyterms=agent.stt_config.keyterms,
            listener=listener,
            call_id=brief.call_id,
        )
        voice = Voice(
            audio=audio,
            tts=providers.tts,
            settings=agent.tts_config,
            renderings=renderings,
        )
        toolbox = Toolbox(run=run_tool, report=self.report)
        self.requests: Requests = toolbox.requests
        self.replier = Replier(
            prompt=brief.prompt(),
            tools=offered(agent),
            model=providers.llm,
            voice=voice,
            dialogue=self.dialogue,
            toolbox=toolbox,
        )
        self.acts = Acts(
            voice=voice,
            dialogue=self.dialogue,
            replier=self.replier,
            end_message=brief.filled(agent.speech_config.end_call_message),
        )

    def take_words(self, now: float) -> None:
        """Write down what the callee has said so far; what follows is a new turn."""
        words = self.ears.words
        heard_at = self.ears.segmenter.last_voiced_at if words.voiced else None
        self.before.turn_over(
            ended_at=words.arrived_at if heard_at is None else heard_at
        )
        text, began_at = words.take(now)
        if began_at is not None:
            self.dialogue.callee_said(text, began_at=began_at)
            self.report.note_turns()

    def latency(self) -> Latency:
        """A stop watch for the reply to the callee's present words."""
        return Latency(
            callee_stopped_at=self.ears.segmenter.last_voiced_at,
            final_text_at=self.ears.words.final_at,
        )

    async def close(self) -> None:
        """End whatever still runs. May be called twice."""
        await self.floor.stop()
        await self.replier.close()
        await self.ears.close()
