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
from campanile.calls.lifecycle import Ending, finish
from campanile.calls.models import Attempt, LedgerDial
from campanile.calls.outcomes import Disposition
from campanile.calls.states import AttemptState
from campanile.capacity.anomalies import watch
from campanile.capacity.learning import learn
from campanile.db import transaction
from campanile.dialing import do_not_call
from campanile.dialing.decision import withdraw_dial
from campanile.dialing.ledger import Ledger, LedgerError
from campanile.dialing.reconcile import reconcile
from campanile.leads.suppression import Scope, suppress

log = structlog.get_logger(__name__)

NEVER_DIALED = (AttemptState.CLAIMED, AttemptState.VOID)


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
    phone_number: str | None = None
    root_id: UUID | None = None
    """in whose tree. Both are named, because rows that were put back to before the dial
    do not know the attempt; only the journal of an older version leaves them out"""
    kind: Literal["opt_out"] = "opt_out"


Account = CameTo | Withdrawn | OptOut
ACCOUNTS: TypeAdapter[Account] = TypeAdapter(
    Annotated[Account, Field(discriminator="kind")]
)
"""To JSON and back."""


def record(account: Account, *, ledger: Ledger) -> bool:
    """Bring an account to the rows; answer whether they did not know it yet.

    An end that comes after the attempt was reported as `unknown` amends the report. The
    callee's wish is kept even if the rows have forgotten the attempt.
    In transactions of its own. Raises DBAPIError; LedgerError; NoResultFound if nobody
    knows whose wish it was.
    """
    attempt_id = account.attempt_id
    match account:
        case CameTo():
            new = _ended(account, ledger)
            if account.ending.disposition is Disposition.OPTED_OUT:
                _keep_wish(attempt_id, _callee_of(attempt_id, ledger), ledger)
            return new
        case Withdrawn():
            return withdraw_dial(
                attempt_id,
                worker_id=account.worker_id,
                reason=account.reason,
                ledger=ledger,
                again_at=account.again_at,
            )
        case OptOut(phone_number=str(number), root_id=UUID() as root_id):
            return _keep_wish(attempt_id, (number, root_id), ledger)
        case OptOut():
            return _keep_wish(attempt_id, _callee_of(attempt_id, ledger), ledger)


Callee = tuple[str, UUID]
"""The number, and the root of the tree that rang it."""


def _callee_of(attempt_id: UUID, ledger: Ledger) -> Callee:
    with transaction() as session:
        known = session.get(Attempt, attempt_id) or session.get(LedgerDial, attempt_id)
    if known is None:
        reconcile(ledger)  # the rows were put back, and nothing was dialed since
        with transaction() as session:
            known = session.get_one(LedgerDial, attempt_id)
    return known.phone_number, known.root_id


def _keep_wish(attempt_id: UUID, callee: Callee, ledger: Ledger) -> bool:
    number, root_id = callee
    with transaction() as session:
        new = suppress(
            session,
            number,
            root_id=root_id,
            reason="asked on a call",
            source=f"call {attempt_id}",
        )
    _remember(number, root_id, ledger)
    return new


def _remember(phone_number: str, root_id: UUID, ledger: Ledger) -> None:
    """Outside the database, too: a backup put back must not ring them again. Nobody
    waits for a "done", so the rows need not wait for the disk."""
    try:
        with transaction() as session:
            do_not_call.write(session, ledger, [phone_number], Scope(root_id))
    except LedgerError as error:
        log.warning("ledger.not_told", error=error.message)


def _ended(account: CameTo, ledger: Ledger) -> bool:
    with transaction() as session:
        if _end(session, account):
            return True
        attempt = session.get(Attempt, account.attempt_id)
    if attempt is not None and attempt.state not in NEVER_DIALED:
        return False
    # There was a leg, so these rows were put back to before the dial. Once the ledger has
    # told them of it, its outcome is one that replaces `unknown`.
    reconcile(ledger)
    with transaction() as session:
        if _end(session, account):
            return True
    log.warning(
        "attempt.forgotten",
        attempt=str(account.attempt_id),
        disposition=account.ending.disposition,
    )
    return False


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
