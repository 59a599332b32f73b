"""What a worker has to tell the rows of its attempts, whenever they can be reached.

Each account may be recorded twice without harm, by whichever process: the guarded
UPDATE behind it lets the first one through.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import structlog
from pydantic import Field, TypeAdapter
from sqlmodel import Session

from campanile.calls.amendments import amend
from campanile.calls.lifecycle import Ending, finish, suppress_callee
from campanile.calls.models import Attempt
from campanile.capacity.anomalies import watch
from campanile.capacity.learning import learn
from campanile.db import transaction
from campanile.dialing import do_not_call
from campanile.dialing.decision import withdraw_dial
from campanile.dialing.ledger import Ledger, LedgerError
from campanile.leads.suppression import Scope

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CameTo:
    """How an attempt ended."""

    attempt_id: UUID
    ending: Ending
    quarantine_until: datetime | None = None
    kind: Literal["came_to"] = "came_to"


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """A claimed dial whose INVITE certainly never left."""

    attempt_id: UUID
    worker_id: str
    """who claimed it"""
    reason: str
    again_at: datetime
    kind: Literal["withdrawn"] = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """The callee's wish, told at once: the call that heard it may still break."""

    attempt_id: UUID
    kind: Literal["opt_out"] = "opt_out"


Account = CameTo | Withdrawn | OptOut
ACCOUNTS: TypeAdapter[Account] = TypeAdapter(
    Annotated[Account, Field(discriminator="kind")]
)
"""To JSON and back."""


def record(account: Account, *, ledger: Ledger) -> bool:
    """Bring an account to the rows; answer whether they did not know it yet.

    An end that comes after the attempt was reported as `unknown` amends the report.
    In a transaction of its own. Raises OperationalError.
    """
    attempt_id = account.attempt_id
    match account:
        case CameTo():
            with transaction() as session:
                return _end(session, account)
        case Withdrawn():
            return withdraw_dial(
                attempt_id,
                worker_id=account.worker_id,
                reason=account.reason,
                ledger=ledger,
                again_at=account.again_at,
            )
        case OptOut():
            with transaction() as session:
                suppress_callee(session, attempt_id, reason="asked on a call")
                attempt = session.get_one(Attempt, attempt_id)
            _remember(attempt, ledger)
            return True


def _remember(attempt: Attempt, ledger: Ledger) -> None:
    """Outside the database, too: a backup put back must not ring them again. Nobody
    waits for a "done", so the rows need not wait for the disk."""
    try:
        with transaction() as session:
            do_not_call.write(
                session, ledger, [attempt.phone_number], Scope(attempt.root_id)
            )
    except LedgerError as error:
        log.warning("ledger.not_told", error=error.message)


def _end(session: Session, account: CameTo) -> bool:
    attempt_id = account.attempt_id
    if not finish(
        session,
        attempt_id,
        account.ending,
        quarantine_until=account.quarantine_until,
    ):
        return amend(session, attempt_id, account.ending)
    learn(session, attempt_id)
    watch(session, attempt_id)
    return True
