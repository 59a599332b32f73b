"""The conversation on one leg: what it is told, how it is recorded, what it came to."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

import structlog

from campanile.agents.provisioning import missing_keys, providers_of
from campanile.agents.tools import CallFacts, ToolAnswer, call_tool
from campanile.audio.frames import Frame
from campanile.calls.lifecycle import Ending
from campanile.calls.outcomes import EndReason
from campanile.clock import now
from campanile.config import settings
from campanile.conversation.brief import Brief
from campanile.conversation.journal import (
    Entry,
    MachineHeard,
    OptedOut,
    Replied,
    ToolUsed,
)
from campanile.conversation.outcome import Outcome
from campanile.conversation.preparation import Prepared, prepare
from campanile.conversation.session import Conversation
from campanile.dialing.accounts import OptOut
from campanile.dialing.host import CallHost
from campanile.dialing.plan import Plan
from campanile.providers.errors import ProviderError
from campanile.providers.protocols import ToolCall
from campanile.recordings.stereo import StereoRecorder
from campanile.recordings.storage import TranscriptLine, files_of, save_transcript
from campanile.telephony.line import Ended, Line

log = structlog.get_logger(__name__)

END_SECONDS = 10.0
"""How long a conversation may take to notice that its leg is over."""
FILES_SECONDS = 10.0


async def prepare_speech(host: CallHost, plan: Plan) -> Prepared:
    """Render what must be sayable before anybody is rung. Raises ProviderError.

    A provider without a key, or one that does not speak now, ends it here: nothing is
    dialed that cannot be talked to (DESIGN D12).
    """
    if missing := missing_keys(plan.agent):
        raise ProviderError("agent", "no_key", retryable=False, detail=missing[0])
    providers = providers_of(plan.agent, pool=host.providers)
    return await prepare(_brief(plan), providers.tts)


def _brief(plan: Plan) -> Brief:
    return Brief(plan.agent, plan.variables, call_id=str(plan.attempt_id))


class Talk:
    """`warm_up` while it rings, `begin` at answer, `end` when the leg is over."""

    def __init__(
        self, host: CallHost, plan: Plan, line: Line, speech: Prepared
    ) -> None:
        self._host = host
        self._plan = plan
        self._line = line
        self._journal = _Journal(on_opt_out=self._suppress)
        self._conversation = Conversation(
            _brief(plan),
            prepared=speech,
            audio=line.audio,
            providers=providers_of(plan.agent, pool=host.providers),
            vad=host.vad,
            hang_up=self._hang_up,
            journal=self._journal,
            run_tool=self._run_tool,
        )
        self._files = files_of(settings().recordings_dir, str(plan.attempt_id))
        self._recorder: StereoRecorder | None = None
        self._unsubscribe: list[Any] = []
        self._warming: asyncio.Task[None] | None = None
        self._running: asyncio.Task[Outcome] | None = None
        self._suppressing: asyncio.Task[None] | None = None

    def warm_up(self) -> None:
        """Open the transcription while it rings."""
        self._warming = asyncio.create_task(
            self._warm_up(), name=f"warm up {self._plan.attempt_id}"
        )

    async def _warm_up(self) -> None:
        try:
            await self._conversation.warm_up()
        except ProviderError as error:
            # Met again at answer, where the fall-back sentence can tell the callee.
            log.warning("talk.not_warm", error=error.message)

    def begin(self) -> None:
        """The leg was answered."""
        self._recorder = StereoRecorder(self._files.audio)
        self._unsubscribe = [
            self._line.audio.subscribe(self._left),
            self._line.audio.on_sent(self._recorder.right),
        ]
        self._running = asyncio.create_task(
            self._converse(), name=f"talk {self._plan.attempt_id}"
        )

    async def _converse(self) -> Outcome:
        if self._warming is not None:
            await self._warming
        return await self._conversation.run()

    async def wind_down(self, reason: EndReason) -> None:
        """Close with a sentence; returns when it is said. Whoever calls bounds it."""
        sentence = self._plan.agent.speech_config.end_call_message or ""
        await self._conversation.wind_down(sentence, reason)

    def cut(self) -> None:
        """Not another word, whatever becomes of the leg."""
        self._conversation.leg_ended(Ended(0, "the call is no longer ours", "us"))

    async def end(self, ended: Ended) -> Ending:
        """The leg is over: what the talk came to, with its files written."""
        assert self._running is not None
        self._conversation.leg_ended(ended)
        async with asyncio.timeout(END_SECONDS):
            outcome = await self._running
        await self._finish_recording()
        if self._suppressing is not None:
            await asyncio.wait([self._suppressing])
        lines = _lines(outcome)
        writing = self._host.off_loop(lambda: save_transcript(self._files, lines))
        await self._written("transcript", writing)
        return _ending(outcome, self._journal, recording=self._files.audio.name)

    async def close(self) -> None:
        """Leave nothing running. May be called twice."""
        for task in (self._warming, self._running):
            if task is not None and not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        await self._conversation.close()
        await self._finish_recording()

    def _suppress(self) -> None:
        """At once: the call may still break, the wish must not be lost with it."""
        wish = OptOut(
            attempt_id=self._plan.attempt_id,
            phone_number=self._plan.destination,
            root_id=self._plan.root_id,
        )
        self._suppressing = asyncio.create_task(
            self._host.outbox.put(wish),
            name=f"suppress {self._plan.attempt_id}",
        )

    async def _hang_up(self) -> None:
        """Not before the callee's wish is on disk: a BYE may be the last thing we do."""
        if self._suppressing is not None:
            await asyncio.wait([self._suppressing])
        await self._line.hang_up()

    def _left(self, frame: Frame) -> None:
        assert self._recorder is not None
        self._recorder.left(frame.pcm, at=frame.at)

    async def _finish_recording(self) -> None:
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe = []
        if self._recorder is None:
            return
        await self._written(
            "recording", asyncio.shield(asyncio.wrap_future(self._recorder.close()))
        )

    async def _written(self, what: str, writing: Awaitable[None]) -> None:
        """A disk that is full or does not answer must not cost the call its outcome."""
        try:
            async with asyncio.timeout(FILES_SECONDS):
                await writing
        except OSError as error:  # TimeoutError is one
            why = str(error) or "the disk does not answer"
            log.warning("call.file_lost", file=what, error=why)

    async def _run_tool(self, call: ToolCall) -> ToolAnswer:
        facts = CallFacts(
            id=str(self._plan.attempt_id),
            number=self._plan.caller_id,
            customer_number=self._plan.destination,
        )
        return await call_tool(
            self._host.webhooks,
            call,
            config=self._plan.agent,
            facts=facts,
            now=now(),
        )


class _Journal:
    """Keeps what the row tells of the talk: latencies, tools, the machine's verdicts."""

    def __init__(self, *, on_opt_out: Callable[[], None]) -> None:
        self.kept: dict[str, list[dict[str, Any]]] = {}
        self._on_opt_out = on_opt_out

    def note(self, entry: Entry) -> None:
        if isinstance(entry, OptedOut):
            self._on_opt_out()
        name = {Replied: "replies", ToolUsed: "tools", MachineHeard: "machine"}.get(
            type(entry)
        )
        if name is not None:
            self.kept.setdefault(name, []).append(asdict(entry))


def _lines(outcome: Outcome) -> list[TranscriptLine]:
    return [
        TranscriptLine(
            turn.started_at, "callee" if turn.role == "user" else "agent", turn.text
        )
        for turn in outcome.turns
    ]


def _ending(outcome: Outcome, journal: _Journal, *, recording: str) -> Ending:
    return Ending(
        disposition=outcome.disposition,
        end_reason=outcome.end_reason,
        answered_by=outcome.answered_by,
        sip_code=200,
        callback_request=outcome.callback_request,
        recording=recording,
        messages=[
            {
                "role": turn.role,
                "text": turn.text,
                "at": round(turn.started_at, 2),
                "interrupted": turn.interrupted,
            }
            for turn in outcome.turns
        ],
        timings={"began_at": outcome.timings.began_at, **journal.kept},
    )
