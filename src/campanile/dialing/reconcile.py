"""The ledger held against the database: what it knows and the rows do not (DESIGN D17).

A database restored from an older backup has forgotten dials. Each one that the ledger
names is put back: as a row of its own that counts for caps and gaps, or, where its
attempt was still to be dialed, as a call of unknown outcome. So is each suppression that
was not lifted since. Nothing is dialed before, nor after the database was started anew,
until the file has been read to its end.

Rows may also be put back in place, under processes that run on. A claim sees that by
three signs: tables that were emptied or made anew have other files; the newest dial is
unknown; the mark is older than the one that this process knows, for which `read_on`
keeps it moving.
"""

import math
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
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
from campanile.dialing.ledger import (
    Ledger,
    LedgerError,
    NewestDial,
    Standing,
    TakenBack,
)
from campanile.leads import suppression_ledger
from campanile.leads.suppression import suppress
from campanile.organizations.models import Organization

log = structlog.get_logger(__name__)

BATCH = 2000
"""Lines per transaction: some 0.1 s, well within any statement's time-out."""
TURN_SECONDS = 0.05
"""Another process reads the same file: its turn is over soon."""
SETTLED_SECONDS = 5.0
"""Lines of calls that go on are left alone so long: what is written before its rows are
committed, or what takes it back, may be under way."""


_STANDING = sa.text(
    """
    SELECT concat_ws('/', pg_postmaster_start_time(), oid,
             pg_relation_filenode(to_regclass('attempt')),
             pg_relation_filenode(to_regclass('lead')),
             pg_relation_filenode(to_regclass('suppression')),
             pg_relation_filenode(to_regclass('ledger_dial')),
             pg_relation_filenode(to_regclass('ledger_mark'))),
           COALESCE((SELECT position FROM ledger_mark WHERE ledger_id = :ledger), 0),
           CAST(:dialed AS uuid) IS NOT NULL
           AND NOT EXISTS (SELECT FROM attempt
                            WHERE id = :dialed
                              AND (worker_id IS NOT NULL OR dialed_at IS NOT NULL))
           AND NOT EXISTS (SELECT FROM ledger_dial WHERE attempt_id = :dialed)
           AND EXISTS (SELECT FROM organization WHERE id = CAST(:root AS uuid))
      FROM pg_database WHERE datname = current_database()
    """
)


def standing(
    session: Session, ledger_id: str, newest: NewestDial | None = None
) -> Standing:
    """As the rows have it. A database that was started again, or is another one, or whose
    tables were emptied, may have been put back to an earlier time; one that does not know
    the `newest` dial of the ledger was."""
    given = {
        "ledger": ledger_id,
        "dialed": None if newest is None else newest.attempt_id,
        "root": None if newest is None else newest.root_id,
    }
    return Standing(*session.execute(_STANDING, given).one())


def agrees(session: Session, ledger: Ledger) -> bool:
    """Whether the rows have not been put back since the last reconciliation."""
    newest = ledger.newest_dial()  # first: whatever is in the file by now is committed
    return ledger.agrees_with(standing(session, ledger.ledger_id, newest))


def reconcile(ledger: Ledger) -> None:
    """Read the ledger from its mark to its end and put back what the rows do not know.

    May run any number of times, in several processes at once, and be interrupted: the
    mark moves with what was done. Raises LedgerError; OperationalError.
    """
    newest = ledger.newest_dial()
    taken_back = _taken_back_since(ledger)
    put_back = suppressed = 0
    while True:
        with transaction() as session:
            step = _step(session, ledger, taken_back)
        if step is None:
            time.sleep(TURN_SECONDS)
            continue
        put_back += step.put_back
        suppressed += step.suppressed
        if step.at_end:
            break
        log.info("ledger.reading", position=step.standing.position, put_back=put_back)
    _tell(put_back, suppressed)
    ledger.standing = step.standing
    if newest is not None:
        ledger.vouched = newest
    try:
        write_missing(ledger)
    except LedgerError as error:  # it was read, which is what a dial depends on
        log.warning("ledger.not_told", error=error.message)


def read_on(ledger: Ledger) -> None:
    """Have the mark follow the file while calls go on.

    Rows that do not agree may be half put back: they are left to the next claim, which
    reconciles before it does anything. Raises LedgerError; OperationalError.
    """
    taken_back = _taken_back_since(ledger)
    while True:
        until = now().timestamp() - SETTLED_SECONDS
        with transaction() as session:
            if not agrees(session, ledger):
                return
            step = _step(session, ledger, taken_back, until=until)
        if step is None:  # another process is at it; the next time tells us how far
            return
        _tell(step.put_back, step.suppressed)
        ledger.standing = step.standing
        if step.at_end:
            return


def _tell(put_back: int, suppressed: int) -> None:
    if put_back:
        log.warning("ledger.dials_put_back", dials=put_back)
    if suppressed:
        log.warning("ledger.suppressions_put_back", entries=suppressed)


def _taken_back_since(ledger: Ledger) -> TakenBack:
    """Known before the first line is put back: an entry may be lifted in a later part of
    the file, and leads that were skipped for it would stay skipped; so would be charged
    who was not rung."""
    with transaction() as session:
        position = standing(session, ledger.ledger_id).position
    return ledger.taken_back_after(position)


@dataclass(frozen=True, slots=True)
class _Step:
    standing: Standing
    put_back: int
    """dials"""
    suppressed: int
    """suppressions put back"""
    at_end: bool


def _step(
    session: Session,
    ledger: Ledger,
    taken_back: TakenBack,
    *,
    until: float = math.inf,
) -> _Step | None:
    """One batch of lines that are older than `until` (unix seconds); None while another
    process has its turn."""
    my_turn = session.execute(
        sa.text("SELECT pg_try_advisory_xact_lock(hashtextextended(:key, 0))"),
        {"key": f"ledger {ledger.ledger_id}"},
    ).scalar_one()
    if not my_turn:
        return None
    before = standing(session, ledger.ledger_id)
    found = list(
        takewhile(
            lambda entry: entry[1] is None or entry[1]["t"] <= until,
            ledger.read(before.position, BATCH),
        )
    )
    readable = [line for _, line in found if line is not None]
    if len(readable) < len(found):
        log.warning("ledger.torn_lines", lines=len(found) - len(readable))
    put_back = _put_back(session, readable, taken_back.withdrawn)
    suppressed = _suppress(
        session, readable, taken_back.lifted, ledger_id=ledger.ledger_id
    )
    position = before.position
    if found:
        (position, _) = found[-1]
        _mark(session, ledger.ledger_id, position)
    at_end = len(found) < BATCH
    return _Step(Standing(before.database, position), put_back, suppressed, at_end)


def _put_back(
    session: Session, readable: Sequence[dict[str, Any]], ahead: Collection[str]
) -> int:
    withdrawn = {line["withdrawn"] for line in readable if "withdrawn" in line}
    answered = {
        UUID(line["answered"]): datetime.fromtimestamp(line["t"], UTC)
        for line in readable
        if "answered" in line
    }
    never_left = withdrawn.union(ahead)
    dials = [
        line
        for line in readable
        if "lead" in line and line["attempt"] not in never_left
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
