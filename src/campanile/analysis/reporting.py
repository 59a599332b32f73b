"""The end-of-call report of one attempt: analysed, written once, retryable.

Read, then ask the model with no transaction open, then write. Whoever comes second,
whether a doubled message or a late job, finds the attempt reported and changes nothing.
"""

import asyncio
from typing import Any
from uuid import UUID

import structlog
from sqlmodel import Session, select

from campanile.agents.config import AgentConfig
from campanile.agents.models import Agent
from campanile.agents.provisioning import language_model_of
from campanile.analysis.analyse import Analysis, analyse
from campanile.analysis.transcript import Utterance
from campanile.calls.lifecycle import report
from campanile.calls.models import Attempt
from campanile.calls.outcomes import AnsweredBy
from campanile.calls.states import AttemptState
from campanile.campaigns.models import Campaign
from campanile.clock import now
from campanile.db import transaction
from campanile.providers.errors import ProviderError
from campanile.providers.pool import Pool

log = structlog.get_logger(__name__)

MACHINES = frozenset(
    {AnsweredBy.VOICEMAIL, AnsweredBy.IVR, AnsweredBy.FAX, AnsweredBy.MUSIC}
)
"""What a recording says is nobody's answer: such calls are summed up, no more."""

TRIES = 4
"""After so many leases of the job the report goes out without the analysis."""


def write_report(attempt_id: UUID) -> None:
    with transaction() as session:
        attempt = session.get(Attempt, attempt_id)
        if attempt is None or attempt.state != AttemptState.ENDED:
            return
        campaign = session.get_one(Campaign, attempt.campaign_id)
        agent = session.get_one(Agent, campaign.agent_id)
    found = _analysis(agent, attempt)
    if found is None:  # the job's lease runs out and the scheduler asks again
        return
    with transaction() as session:
        _write(session, attempt_id, found)
    log.info("report.written", attempt=str(attempt_id))


def _analysis(agent: Agent, attempt: Attempt) -> Analysis | None:
    """None: not now. Whatever it stumbles over, the report goes out in the end."""
    if attempt.analysis_tries > TRIES:  # the process did not survive the last one
        return Analysis(error="The analysis was tried in vain")
    try:
        return asyncio.run(_analyse(agent.configuration(), attempt))
    except ProviderError as error:
        reason = error.message
        log.warning("analysis.failed", attempt=str(attempt.id), error=reason)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        log.exception("analysis.failed", attempt=str(attempt.id))
    return None if attempt.analysis_tries < TRIES else Analysis(error=reason)


async def _analyse(config: AgentConfig, attempt: Attempt) -> Analysis:
    transcript = [
        Utterance(message["role"], message["text"], message["at"])
        for message in attempt.messages
        if message["role"] in ("user", "assistant")
    ]
    if not transcript:
        return Analysis()
    async with Pool() as pool:
        return await analyse(
            language_model_of(config, pool=pool),
            None if attempt.answered_by in MACHINES else config.analysis_plan,
            transcript,
            ended_reason=attempt.end_reason or "",
        )


def _write(session: Session, attempt_id: UUID, found: Analysis) -> None:
    """The report tells what the row says now: a late outcome may have replaced it."""
    attempt = session.exec(
        select(Attempt).where(Attempt.id == attempt_id).with_for_update()
    ).one()
    if attempt.state != AttemptState.ENDED:
        return
    attempt.summary = found.summary or None
    attempt.structured = found.structured or None
    attempt.analysis_error = found.error or None
    session.flush()
    report(session, attempt, payload(attempt))


def payload(attempt: Attempt) -> dict[str, Any]:
    """The platform's end-of-call report (platform-api.md 4.5) with our own columns."""
    seconds = 0.0
    if attempt.answered_at and attempt.ended_at:
        seconds = (attempt.ended_at - attempt.answered_at).total_seconds()
    return {
        "type": "end-of-call-report",
        "timestamp": now().isoformat(),
        "call": {
            "id": str(attempt.id),
            "type": "outbound_phone_call",
            "status": "ended",
        },
        "phone_number": {"number": attempt.caller_id},
        "customer": {"number": attempt.phone_number},
        "duration_seconds": round(seconds),
        "end_reason": attempt.end_reason,
        "disposition": attempt.disposition,
        "answered_by": attempt.answered_by,
        "summary": attempt.summary or "",
        "messages": [
            {"role": message["role"], "content": message["text"]}
            for message in attempt.messages
        ],
        "analysis": attempt.structured,
        "recording": attempt.recording,
    }
