"""What the breakers learn from how attempts went, in the transaction that says so."""

from uuid import UUID

from sqlmodel import Session, col, select

from campanile.agents.models import Agent
from campanile.calls.aftermath import postpone
from campanile.calls.models import Attempt
from campanile.campaigns.models import Campaign
from campanile.capacity.breaker_rows import Key, note_failure, note_success, sick
from campanile.capacity.models import BreakerKind
from campanile.capacity.symptoms import (
    BAD_REQUESTS,
    Sign,
    of_agent,
    of_trunk,
    sick_provider,
)
from campanile.clock import now
from campanile.errors import CampanileError
from campanile.providers.errors import ProviderError


def learn(session: Session, attempt_id: UUID) -> None:
    """Take note of how an attempt ended."""
    attempt = session.get_one(Attempt, attempt_id)
    if attempt.disposition is None:
        return
    agent = _agent_of(session, attempt)
    reason = attempt.end_reason or ""
    replied = bool(attempt.timings.get("replies"))
    match of_agent(attempt.disposition, replied=replied):
        case Sign.FAILED:
            _blame(session, attempt, agent, sick_provider(reason), why=reason)
        case Sign.WORKED:
            at = attempt.ended_at or now()
            keys = [(BreakerKind.PROVIDER, name) for name in providers_of(agent)]
            keys.append((BreakerKind.AGENT, str(agent.id)))
            note_success(session, keys, at=at, attempt_id=attempt_id)
    trunk: Key = (BreakerKind.TRUNK, str(attempt.trunk_id))
    rang = attempt.ringing_at or attempt.answered_at
    match of_trunk(attempt.disposition, reason, rang=rang is not None):
        case Sign.FAILED:
            code = attempt.sip_code
            why = f"it answered {code}" if code else "it did not answer"
            note_failure(session, trunk, attempt, why=why)
            _wait_for(session, trunk, attempt)
        case Sign.WORKED:
            at = rang or attempt.ended_at or now()
            note_success(session, [trunk], at=at, attempt_id=attempt_id)


def learn_unready(session: Session, attempt_id: UUID, error: CampanileError) -> None:
    """Take note that an attempt could not be dialed: no speech, or no way out.

    Otherwise the tick would claim lead after lead only to put each back.
    """
    attempt = session.get_one(Attempt, attempt_id)
    if isinstance(error, ProviderError):
        agent = _agent_of(session, attempt)
        provider = None if error.cause in BAD_REQUESTS else error.provider
        _blame(session, attempt, agent, provider, why=error.message)
    else:
        trunk = (BreakerKind.TRUNK, str(attempt.trunk_id))
        note_failure(session, trunk, attempt, why=error.message)


def _wait_for(session: Session, trunk: Key, attempt: Attempt) -> None:
    """Its lead is rung again when the trunk may be tried again, and told so."""
    for row in sick(session, [trunk]):
        if row.retry_at is not None:
            reason = f"waits for its trunk: {row.reason}"
            postpone(session, attempt, until=row.retry_at, reason=reason)


def providers_of(agent: Agent) -> list[str]:
    """The names of the providers that the agent's calls need."""
    config = agent.configuration()
    chosen = (config.stt_config, config.llm_config, config.tts_config)
    return sorted({part.provider for part in chosen})


def _blame(
    session: Session, attempt: Attempt, agent: Agent, provider: str | None, *, why: str
) -> None:
    """The agent answers for its failures, unless its provider is known to be sick.

    So a dead provider is told as one thing, while an agent whose voice is refused among
    others that speak is found out too.
    """
    if provider is not None:
        key = (BreakerKind.PROVIDER, provider)
        note_failure(session, key, attempt, why=why)
        if sick(session, [key]):
            return
    note_failure(session, (BreakerKind.AGENT, str(agent.id)), attempt, why=why)


def _agent_of(session: Session, attempt: Attempt) -> Agent:
    return session.exec(
        select(Agent)
        .join(Campaign, col(Campaign.agent_id) == Agent.id)
        .where(Campaign.id == attempt.campaign_id)
    ).one()
