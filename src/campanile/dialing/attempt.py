"""One attempt, from its message to its outcome (DESIGN.md 4, steps 2 to 7).

The order keeps anybody from being rung twice: speech rendered → gateway session opened
→ claim committed → INVITE at its instant. What fails before the claim voids the
reservation; what fails after it is an outcome.
"""

import asyncio
import time
from dataclasses import replace
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from campanile.calls.callbacks import requested_instant
from campanile.calls.lifecycle import Ending, finish, release
from campanile.calls.outcomes import Disposition
from campanile.capacity.learning import learn_unready
from campanile.capacity.send_times import LATE_SECONDS
from campanile.clock import legal_now, now
from campanile.config import settings
from campanile.conversation.preparation import Prepared
from campanile.dialing.decision import Go, Stay, claim_dial, reserve_again
from campanile.dialing.host import CallHost
from campanile.dialing.leg import Leg
from campanile.dialing.plan import Plan, read_plan
from campanile.dialing.talk import prepare_speech
from campanile.errors import Invalid
from campanile.providers.errors import ProviderError
from campanile.telephony.line import GatewayError, Line

log = structlog.get_logger(__name__)

NOT_READY_GAP = timedelta(seconds=30)
"""Providers, gateway or trunk cannot be used: the lead is looked at again after this."""
SESSION_GRACE_SECONDS = 30.0
WRITE_TRIES = 40
WRITE_GAP_SECONDS = 3.0


async def run_attempt(host: CallHost, attempt_id: UUID) -> None:
    """Hold one call, whole. Returns quietly when the attempt is not ours to dial."""
    plan = await host.rows(read_plan, attempt_id)
    if plan is None or host.draining.is_set():
        return
    with structlog.contextvars.bound_contextvars(attempt=str(attempt_id)):
        try:
            speech = await prepare_speech(host, plan)
            line = await host.gateway(plan).open_line(
                name=str(attempt_id),
                caller_id=plan.caller_id,
                hold_seconds=_hold_seconds(plan),
            )
        except (ProviderError, GatewayError, Invalid) as error:
            log.warning("attempt.not_ready", error=error.message)
            await host.rows(_put_back, attempt_id, error)
            return
        try:
            await _dial(host, plan, line, speech)
        finally:
            await line.close()


def _put_back(
    session: Session, attempt_id: UUID, error: ProviderError | GatewayError | Invalid
) -> None:
    """Nobody was dialed. What keeps failing rests, or lead after lead would follow."""
    learn_unready(session, attempt_id, error)
    again_at = now() + NOT_READY_GAP
    release(session, attempt_id, reason=error.message, again_at=again_at)


async def _dial(host: CallHost, plan: Plan, line: Line, speech: Prepared) -> None:
    decision = await host.rows(
        claim_dial,
        plan.attempt_id,
        worker_id=host.worker_id,
        lease=timedelta(seconds=settings().lease_seconds),
        ledger=host.ledger,
    )
    if isinstance(decision, Stay):
        log.info("attempt.not_dialed", reason=decision.reason)
        return
    leg = Leg(host, plan, line, speech)
    host.leases.hold(plan.attempt_id, leg.lose)
    try:
        await _wait_for_instant(host, plan, decision)
        ending = await leg.hold()
        await _write(host, plan, ending)
    finally:
        host.leases.let_go(plan.attempt_id)


async def _wait_for_instant(host: CallHost, plan: Plan, go: Go) -> None:
    """Sleep until the reserved instant; one that was missed is reserved anew."""
    instant = time.monotonic() + go.seconds
    while True:
        await asyncio.sleep(max(0.0, instant - time.monotonic()))
        if time.monotonic() - instant <= LATE_SECONDS:
            return
        again = await host.rows(reserve_again, plan.trunk_id)
        instant = time.monotonic() + again.seconds


async def _write(host: CallHost, plan: Plan, ending: Ending) -> None:
    """Record the outcome; while the database is away, keep it and try again.

    A dial with an unknown outcome rests its number, like one whose worker was lost.
    """
    quarantine = None
    if ending.disposition is Disposition.UNKNOWN:
        quarantine = now() + timedelta(seconds=settings().quarantine_seconds)
    for _ in range(WRITE_TRIES):
        try:
            won = await host.rows(
                finish,
                plan.attempt_id,
                with_callback(ending, plan),
                quarantine_until=quarantine,
            )
        except OperationalError as error:
            log.warning("attempt.outcome_not_written", error=str(error.orig))
            await asyncio.sleep(WRITE_GAP_SECONDS)
            continue
        log.info(
            "attempt.ended",
            disposition=ending.disposition,
            end_reason=ending.end_reason,
            recorded=won,
        )
        return
    log.error("attempt.outcome_lost", disposition=ending.disposition)


def with_callback(ending: Ending, plan: Plan) -> Ending:
    """Turn "tomorrow at three" into a delay, by the callee's own clock."""
    if ending.callback_request is None or not plan.zones:
        return ending
    local = legal_now().astimezone(ZoneInfo(plan.zones[0]))
    when = requested_instant(
        ending.callback_request, local, language=plan.agent.stt_config.language
    )
    return ending if when is None else replace(ending, callback_in=when - local)


def _hold_seconds(plan: Plan) -> float:
    """After this the gateway session is no longer kept alive (DESIGN D9)."""
    return plan.ring_timeout + plan.agent.max_duration_seconds + SESSION_GRACE_SECONDS
