"""The ledger held against the database: what it knows and the rows do not (DESIGN D17).

A database restored from an older backup has forgotten dials. Each one that the ledger
names is put back: as a row of its own that counts for caps and gaps, or, where its
attempt was still to be dialed, as a call of unknown outcome. So is each suppression that
was not lifted since. Nothing is dialed before, nor after the database was started anew,
until the file has been read to its end.
"""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from campanile.calls import restoring
from campanile.calls.models import LedgerMark
from campanile.clock import now
from campanile.config import settings
from campanile.db import transaction
from campanile.dialing.do_not_call import write_missing
from campanile.dialing.ledger import Ledger, LedgerError, Standing
from campanile.leads import suppression_ledger
from campanile.leads.suppression import suppress
from campanile.organizations.models import Organization

log = structlog.get_logger(__name__)

BATCH = 2000
"""Lines per transaction: some 0.1 s, well within any statement's time-out."""
TURN_SECONDS = 0.05
"""Another process reads the same file: its turn is over soon."""


def standing(session: Session, ledger_id: str) -> Standing:
    """As the rows have it. A database that was started again, or is another one, may
    have been put back to an earlier time."""
    database, position = session.execute(
        sa.text(
            """
            SELECT pg_postmaster_start_time() || '/' || oid,
                   (SELECT position FROM ledger_mark WHERE ledger_id = :ledger)
              FROM pg_database WHERE datname = current_database()
            """
        ),
        {"ledger": ledger_id},
    ).one()
    return Standing(database, position or 0)


def reconcile(ledger: Ledger) -> None:
    """Read the ledger from its mark to its end and put back what the rows do not know.

    May run any number of times, in several processes at once, and be interrupted: the
    mark moves with what was done. Raises LedgerError; OperationalError.
    """
    lifted = _lifted_since(ledger)
    put_back = suppressed = 0
    while True:
        with transaction() as session:
            step = _step(session, ledger, lifted)
        if step is None:
            time.sleep(TURN_SECONDS)
            continue
        put_back += step.put_back
        suppressed += step.suppressed
        if step.at_end:
            break
        log.info("ledger.reading", position=step.standing.position, put_back=put_back)
    if put_back:
        log.warning("ledger.dials_put_back", dials=put_back)
    if suppressed:
        log.warning("ledger.suppressions_put_back", entries=suppressed)
    ledger.standing = step.standing
    try:
        write_missing(ledger)
    except LedgerError as error:  # it was read, which is what a dial depends on
        log.warning("ledger.not_told", error=error.message)


def _lifted_since(ledger: Ledger) -> set[str]:
    """Known before the first line is put back: an entry may be lifted in a later part of
    the file, and leads that were skipped for it would stay skipped."""
    with transaction() as session:
        position = standing(session, ledger.ledger_id).position
    return ledger.lifted_after(position)


@dataclass(frozen=True, slots=True)
class _Step:
    standing: Standing
    put_back: int
    """dials"""
    suppressed: int
    """suppressions put back"""
    at_end: bool


def _step(session: Session, ledger: Ledger, lifted: Collection[str]) -> _Step | None:
    """One batch; None while another process has its turn."""
    my_turn = session.execute(
        sa.text("SELECT pg_try_advisory_xact_lock(hashtextextended(:key, 0))"),
        {"key": f"ledger {ledger.ledger_id}"},
    ).scalar_one()
    if not my_turn:
        return None
    before = standing(session, ledger.ledger_id)
    found = ledger.read(before.position, BATCH)
    readable = [line for _, line in found if line is not None]
    if len(readable) < len(found):
        log.warning("ledger.torn_lines", lines=len(found) - len(readable))
    put_back = _put_back(session, readable)
    suppressed = _suppress(session, readable, lifted, ledger_id=ledger.ledger_id)
    position = found[-1][0] if found else before.position
    _mark(session, ledger.ledger_id, position)
    at_end = len(found) < BATCH
    return _Step(Standing(before.database, position), put_back, suppressed, at_end)


def _put_back(session: Session, readable: Sequence[dict[str, Any]]) -> int:
    withdrawn = {line["withdrawn"] for line in readable if "withdrawn" in line}
    answered = {
        UUID(line["answered"]): datetime.fromtimestamp(line["t"], UTC)
        for line in readable
        if "answered" in line
    }
    dials = [
        line for line in readable if "lead" in line and line["attempt"] not in withdrawn
    ]
    rest = timedelta(seconds=settings().quarantine_seconds)
    put_back = restoring.put_back(session, dials, rest=rest)
    restoring.take_back(session, [UUID(attempt) for attempt in withdrawn])
    restoring.note_answers(session, answered)
    return put_back


def _suppress(
    session: Session,
    readable: Sequence[dict[str, Any]],
    lifted: Collection[str],
    *,
    ledger_id: str,
) -> int:
    gone = {line["lifted"] for line in readable if "lifted" in line}
    suppression_ledger.take_back(session, [UUID(entry) for entry in gone])
    gone.update(lifted)
    listed = [
        line for line in readable if "suppressed" in line and line["entry"] not in gone
    ]
    put_back = suppression_ledger.put_back(session, listed, ledger_id=ledger_id)
    return put_back + _suppress_opted_out(session, readable)


def _suppress_opted_out(session: Session, readable: Sequence[dict[str, Any]]) -> int:
    put_back = 0
    for line in readable:
        if "opted_out" not in line:
            continue
        root_id = UUID(line["root"])
        if session.get(Organization, root_id) is None:
            continue  # another installation's
        put_back += suppress(
            session,
            line["opted_out"],
            root_id=root_id,
            reason="asked on a call",
            source=suppression_ledger.SOURCE,
        )
    return put_back


def _mark(session: Session, ledger_id: str, position: int) -> None:
    values = {"position": position, "updated_at": now()}
    session.execute(
        insert(LedgerMark)
        .values(ledger_id=ledger_id, **values)
        .on_conflict_do_update(index_elements=["ledger_id"], set_=values)
    )
