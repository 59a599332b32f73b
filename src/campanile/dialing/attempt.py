"""One attempt, from its message to its outcome (DESIGN.md 4, steps 2 to 7).

The order keeps anybody from being rung twice: speech rendered → gateway session opened
→ claim committed → INVITE at its instant. What fails before the claim voids the
reservation; what fails after it is an outcome.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from campanile.calls.callbacks import requested_instant
from campanile.calls.lifecycle import Ending, release
from campanile.calls.outcomes import Disposition
from campanile.capacity.learning import learn_unready
from campanile.capacity.send_times import (
    LATE_SECONDS,
    NEAR_SECONDS,
    NotNear,
    reserve,
    seconds_until_near,
)
from campanile.capacity.spend import worst_case
from campanile.clock import clock_offset, now
from campanile.config import settings
from campanile.conversation.preparation import Prepared
from campanile.db import in_short
from campanile.dialing.accounts import CameTo, Withdrawn
from campanile.dialing.decision import (
    Go,
    Stay,
    claim_dial,
    still_allowed,
)
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
FRESH_SECONDS = 0.5
"""What was decided longer ago is looked at again before the INVITE."""
ASLEEP = timedelta(seconds=1)
"""So far apart wall and monotonic time are only where one was set or stood still."""
LOOK_AHEAD_SECONDS = 0.3
"""So long before the instant: time for the rows to answer."""
PATIENCE = 0.5
"""The part of a reservation's lease that its claim may wait for a near instant. On a trunk
slower than that the instant is reserved far ahead, and the decision looked at again."""


async def run_attempt(host: CallHost, attempt_id: UUID) -> None:
    """Hold one call, whole. Returns quietly when the attempt is not ours to dial."""
    if attempt_id in host.attempts or host.outbox.holds(attempt_id):
        # A second message, while the first one's call is under way, or its withdrawal: one
        # that is written late would void what this message claims.
        return
    host.attempts.add(attempt_id)
    try:
        with structlog.contextvars.bound_contextvars(attempt=str(attempt_id)):
            await _run(host, attempt_id)
    except SQLAlchemyError as error:
        # Before the claim; the lease of the reservation runs out, nobody was rung.
        log.warning("attempt.given_up", error=in_short(error))
    finally:
        host.attempts.remove(attempt_id)


async def _run(host: CallHost, attempt_id: UUID) -> None:
    if host.draining.is_set():
        await host.rows(_hand_back, attempt_id)
        return
    plan = await host.rows(read_plan, attempt_id)
    if plan is None:
        return
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
        if host.draining.is_set():
            await host.rows(_hand_back, attempt_id)
        else:
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


def _hand_back(session: Session, attempt_id: UUID) -> None:
    """Another worker may have it at once."""
    release(session, attempt_id, reason="the worker was ending", again_at=now())


async def _dial(host: CallHost, plan: Plan, line: Line, speech: Prepared) -> None:
    try:
        decision, asked_at = await _claim_in_turn(host, plan)
    except SQLAlchemyError as error:
        # Perhaps it was committed before the answer got lost.
        await _withdraw(host, plan, in_short(error))
        return
    if isinstance(decision, Stay):
        log.info("attempt.not_dialed", reason=decision.reason)
        return
    leg = Leg(host, plan, line, speech, decision.clock)
    with host.leases.held(plan.attempt_id, leg):
        try:
            instant = await _wait_for_instant(host, plan, decision, decided_at=asked_at)
        except NotAfterAll as no:
            log.info("attempt.withdrawn", reason=no.reason)
            await _withdraw(host, plan, no.reason)
            return
        with host.orders.heard(plan.attempt_id, leg.obey):
            ending = await leg.hold(instant)
    await host.outbox.put(_account(plan, leg, ending, ended_at=decision.clock.now()))
    log.info(
        "attempt.ended", disposition=ending.disposition, end_reason=ending.end_reason
    )


async def _claim_in_turn(host: CallHost, plan: Plan) -> tuple[Go | Stay, float]:
    """The decision, and when it was asked for.

    One of a trunk's claims after the other, each when the trunk's next instant is near:
    what was decided is young when the INVITE leaves. Another worker may take the instant.
    """
    lease = settings().lease_seconds
    claim = partial(
        claim_dial,
        plan.attempt_id,
        worker_id=host.worker_id,
        lease=timedelta(seconds=lease),
        ledger=host.ledger,
        planned_seconds=worst_case(plan.agent),
    )
    until = time.monotonic() + PATIENCE * lease
    turn = host.turn(plan.trunk_id)
    async with turn.claiming:
        while (left := until - time.monotonic()) > 0:
            away = await host.rows(seconds_until_near, plan.trunk_id)
            if away > left:
                break
            with suppress(TimeoutError):
                await asyncio.wait_for(host.draining.wait(), max(0.0, away))
            await turn.gateway_answers()
            if host.draining.is_set():
                await host.rows(_hand_back, plan.attempt_id)
                return Stay("the worker was ending"), time.monotonic()
            asked_at = time.monotonic()
            with suppress(NotNear):
                near = partial(claim, within=NEAR_SECONDS)
                return await host.in_thread(near), asked_at
        asked_at = time.monotonic()
        return await host.in_thread(claim), asked_at


class NotAfterAll(Exception):
    """Claimed, and yet nobody may be rung."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def _wait_for_instant(
    host: CallHost, plan: Plan, go: Go, *, decided_at: float
) -> float:
    """Sleep until the reserved instant, and answer when it was. Raises NotAfterAll.

    The decision must be fresh when the INVITE leaves, and an instant that was missed is
    reserved anew. Whoever cannot ask the rows, or no longer holds the lease, rings
    nobody: a process that stood still finds out here what has become of its attempt.
    """
    instant, looked_at = go.at, decided_at
    try:
        while True:
            if instant - looked_at > FRESH_SECONDS:
                await _sleep_until(instant - LOOK_AHEAD_SECONDS)
                looked_at = time.monotonic()
                reason = await host.rows(still_allowed, plan.attempt_id)
                if reason is not None:
                    raise NotAfterAll(reason)
            await _sleep_until(instant)
            if host.draining.is_set():
                raise NotAfterAll("the worker was ending")
            if not host.leases.holds(plan.attempt_id):
                raise NotAfterAll("its lease was lost")
            if go.clock.apart() > ASLEEP:
                # What is fresh by the monotonic clock may be hours old.
                raise NotAfterAll("the clock was set, or the machine slept")
            if time.monotonic() - instant <= LATE_SECONDS:
                return instant
            # Missed: the trunk's rate is kept by taking another.
            instant = await host.rows(reserve, plan.trunk_id)
    except SQLAlchemyError as error:
        reason = f"the rows could not be asked: {in_short(error)}"
        raise NotAfterAll(reason) from error


async def _sleep_until(instant: float) -> None:
    await asyncio.sleep(max(0.0, instant - time.monotonic()))


async def _withdraw(host: CallHost, plan: Plan, reason: str) -> None:
    """No INVITE left. Does nothing to an attempt that was not claimed after all."""
    again_at = now() + NOT_READY_GAP
    await host.outbox.put(
        Withdrawn(
            attempt_id=plan.attempt_id,
            worker_id=host.worker_id,
            reason=reason,
            again_at=again_at,
        )
    )


def _account(plan: Plan, leg: Leg, ending: Ending, *, ended_at: datetime) -> CameTo:
    """What is to be recorded, with its times: it may take long to get there.

    A dial with an unknown outcome rests its number, like one whose worker was lost.
    """
    quarantine = None
    if ending.disposition is Disposition.UNKNOWN:
        quarantine = ended_at + timedelta(seconds=settings().quarantine_seconds)
    ending = replace(ending, answered_at=leg.answered_at, ended_at=ended_at)
    return CameTo(
        attempt_id=plan.attempt_id,
        ending=with_callback(ending, plan),
        quarantine_until=quarantine,
    )


def with_callback(ending: Ending, plan: Plan) -> Ending:
    """Turn "tomorrow at three" into a delay from the call's end, by the callee's clock."""
    if ending.callback_request is None:
        return ending
    # The delay is counted from the end, so it is read from there, too.
    ended = (ending.ended_at or now()) + clock_offset()
    when = requested_instant(
        ending.callback_request,
        ended,
        zones=plan.zones,
        language=plan.agent.stt_config.language,
    )
    return ending if when is None else replace(ending, callback_in=when - ended)


def _hold_seconds(plan: Plan) -> float:
    """After this the gateway session is no longer kept alive (DESIGN D9)."""
    return plan.ring_timeout + plan.agent.max_duration_seconds + SESSION_GRACE_SECONDS
