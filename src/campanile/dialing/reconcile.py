"""The ledger held against the database: what it knows and the rows do not (DESIGN D17).

A database restored from an older backup has forgotten dials. Each one that the ledger
names is put back: as a row of its own that counts for caps and gaps, or, where its
attempt was still to be dialed, as a call of unknown outcome. Nothing is dialed before,
nor after the database was started anew, until the file has been read to its end.
"""

import time
from collections.abc import Sequence
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
from campanile.dialing.ledger import Ledger, Standing
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
    put_back = 0
    while True:
        with transaction() as session:
            step = _step(session, ledger)
        if step is None:
            time.sleep(TURN_SECONDS)
            continue
        put_back += step.put_back
        if step.at_end:
            break
        log.info("ledger.reading", position=step.standing.position, put_back=put_back)
    if put_back:
        log.warning("ledger.dials_put_back", dials=put_back)
    ledger.standing = step.standing


@dataclass(frozen=True, slots=True)
class _Step:
    standing: Standing
    put_back: int
    at_end: bool


def _step(session: Session, ledger: Ledger) -> _Step | None:
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
    position = found[-1][0] if found else before.position
    _mark(session, ledger.ledger_id, position)
    at_end = len(found) < BATCH
    return _Step(Standing(before.database, position), put_back, at_end)


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
    _suppress(session, readable)
    return put_back


def _suppress(session: Session, readable: Sequence[dict[str, Any]]) -> None:
    for line in readable:
        if "opted_out" not in line:
            continue
        root_id = UUID(line["root"])
        if session.get(Organization, root_id) is None:
            continue  # another installation's
        suppress(
            session,
            line["opted_out"],
            root_id=root_id,
            reason="asked on a call",
            source="the dial ledger",
        )


def _mark(session: Session, ledger_id: str, position: int) -> None:
    values = {"position": position, "updated_at": now()}
    session.execute(
        insert(LedgerMark)
        .values(ledger_id=ledger_id, **values)
        .on_conflict_do_update(index_elements=["ledger_id"], set_=values)
    )
