"""Suppressions, written from the rows into the dial ledger (DESIGN D17).

The rows are the list that every claim reads. The ledger is for the day on which they are
put back to an earlier time, and the order follows from that:

- An entry is in the ledger before it is committed. The person is told "done" after both,
  so there is no moment at which they rely on what a restored backup would not know. A
  line whose commit then fails forbids a call that was to be forbidden: no harm.
- A lift is in the ledger after it was committed. A line too few forbids, after a
  restore, a call that would be allowed; a line too many would allow a forbidden one.
- A ledger that cannot be written keeps nobody from the list. The row says which ledger
  has it, and `write_missing` writes what this one has not.
"""

from collections.abc import Sequence
from contextlib import closing
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlmodel import Session

from campanile.clock import now
from campanile.config import settings
from campanile.db import transaction
from campanile.dialing.ledger import Ledger, LedgerError, Suppressed
from campanile.leads import suppression_ledger
from campanile.leads.suppression import Scope

log = structlog.get_logger(__name__)

BATCH = 10_000
"""Entries per transaction, write and fsync."""


def write_down(session: Session, phone_numbers: Sequence[str], scope: Scope) -> str:
    """Have the ledger know these entries of the caller's transaction, before it commits.

    Answers what a person has to be told: nothing, or that the ledger does not know.
    """
    try:
        with closing(Ledger(settings().ledger_path)) as ledger:
            _refuse_a_stranger(session, ledger)
            write(session, ledger, phone_numbers, scope)
    except LedgerError as error:
        return (
            f"The suppression is in force, but not in the dial ledger: {error.message}. "
            "Until it is, a database restored from a backup would not know it. Once that"
            " is mended, do the same again, or restart; the next start writes it down"
            f" ({error.hint})"
        )
    return ""


def write(
    session: Session, ledger: Ledger, phone_numbers: Sequence[str], scope: Scope
) -> None:
    """Append those of these entries that the ledger does not have.

    Their rows stay locked until the commit: no lift comes between. Raises LedgerError,
    after which the transaction goes on as if nothing had been tried.
    """
    with session.begin_nested():
        due = suppression_ledger.take_due(
            session, phone_numbers, scope, ledger_id=ledger.ledger_id
        )
        ledger.suppressed([Suppressed(*row) for row in due], t=now().timestamp())


def write_missing(ledger: Ledger) -> None:
    """Append every entry that the ledger does not have: added while it could not be
    written, with another path, or before it knew suppressions. Raises LedgerError."""
    count = BATCH
    while count == BATCH:
        with transaction() as session:
            due = suppression_ledger.take_any_due(
                session, ledger_id=ledger.ledger_id, count=BATCH
            )
            ledger.suppressed([Suppressed(*row) for row in due], t=now().timestamp())
        count = len(due)
        if due:
            log.info("ledger.suppressions_written", entries=count)


def write_lift(entry_id: UUID) -> str:
    """Have the ledger know that this entry is no more; after the commit.

    Answers what a person has to be told: nothing, or that the ledger does not know.
    """
    try:
        with closing(Ledger(settings().ledger_path)) as ledger:
            ledger.lifted(entry_id, t=now().timestamp())
    except LedgerError as error:
        return (
            f"It is lifted, but the dial ledger does not know: {error.message}. After a"
            " restart, or when a backup is restored, the number may be suppressed again"
            f" ({error.hint})"
        )
    return ""


def _refuse_a_stranger(session: Session, ledger: Ledger) -> None:
    """A command with another data folder would write where no worker reads."""
    others, ours = session.execute(
        sa.text(
            """
            SELECT count(*) FILTER (WHERE ledger_id <> :ledger),
                   count(*) FILTER (WHERE ledger_id = :ledger)
              FROM ledger_mark
            """
        ),
        {"ledger": ledger.ledger_id},
    ).one()
    if others and not ours:
        raise LedgerError(
            f"{ledger.path} is not the one that the workers read",
            hint="set CAMPANILE_LEDGER_PATH as it is for them",
        )
