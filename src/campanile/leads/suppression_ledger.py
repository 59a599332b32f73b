"""Which suppressions the dial ledger has, and which of the ledger's the rows have
forgotten (DESIGN D17).

Bulk statements: a list may be a million numbers long. Each may be repeated.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from campanile.leads.models import Suppression
from campanile.leads.suppression import Scope, scope_of, skip_listed, unsuppress

SOURCE = "the dial ledger"

_DUE = """
    UPDATE suppression SET ledger_id = :ledger
     WHERE id IN (
       SELECT id FROM suppression
        WHERE ledger_id IS DISTINCT FROM :ledger {which}
          FOR UPDATE SKIP LOCKED {limit})
 RETURNING id, phone_number, root_id, campaign_id, reason,
           CAST(extract(epoch FROM created_at) AS float8)
"""
_DUE_OF_THESE = sa.text(
    _DUE.format(
        which="""
          AND phone_number = ANY(:numbers)
          AND root_id IS NOT DISTINCT FROM CAST(:root AS uuid)
          AND campaign_id IS NOT DISTINCT FROM CAST(:campaign AS uuid)
        """,
        limit="",
    )
)
_DUE_OF_ANY = sa.text(_DUE.format(which="", limit="LIMIT :count"))

# An entry keeps the id that its line has: a lift names it. Where the rows have an older
# entry of the same number and scope, that becomes this one: the older one's lift may
# still be to come.
_PUT_BACK = sa.text(
    """
    INSERT INTO suppression (id, phone_number, root_id, campaign_id, reason, source,
                             created_at, ledger_id)
    SELECT entry, suppressed, root, campaign, reason, :source, to_timestamp(since),
           :ledger
      FROM json_to_recordset(CAST(:lines AS json)) AS given(
             entry uuid, suppressed text, root uuid, campaign uuid, reason text,
             since float8)
     WHERE NOT EXISTS (SELECT 1 FROM suppression s WHERE s.id = given.entry)
       AND (root IS NULL OR EXISTS (SELECT 1 FROM organization o WHERE o.id = given.root))
       AND (campaign IS NULL OR EXISTS (SELECT 1 FROM campaign c WHERE c.id = given.campaign))
     ORDER BY suppressed
        ON CONFLICT (phone_number, root_id, campaign_id)
        DO UPDATE SET id = excluded.id, ledger_id = excluded.ledger_id
 RETURNING phone_number
    """
)


def take_due(
    session: Session, phone_numbers: Sequence[str], scope: Scope, *, ledger_id: str
) -> list[tuple[Any, ...]]:
    """Those of these entries that this ledger does not have, now marked as if it had:
    whoever asked writes them down in the same transaction.

    (id, number, root, campaign, reason, since when in unix seconds.) One that is locked
    is being written or taken back by somebody else.
    """
    given = {
        "ledger": ledger_id,
        "numbers": list(phone_numbers),
        "root": scope.root_id,
        "campaign": scope.campaign_id,
    }
    return [tuple(row) for row in session.execute(_DUE_OF_THESE, given)]


def take_any_due(
    session: Session, *, ledger_id: str, count: int
) -> list[tuple[Any, ...]]:
    """The same of whatever entries, up to `count`."""
    given = {"ledger": ledger_id, "count": count}
    return [tuple(row) for row in session.execute(_DUE_OF_ANY, given)]


def count_due(session: Session, *, ledger_id: str) -> int:
    """How many entries this ledger does not have."""
    missing = col(Suppression.ledger_id).is_distinct_from(ledger_id)
    return session.exec(
        select(sa.func.count()).select_from(Suppression).where(missing)
    ).one()


def put_back(
    session: Session, lines: Sequence[Mapping[str, Any]], *, ledger_id: str
) -> int:
    """Let the rows know these entries, lines of the ledger, and skip the leads that wait
    with their numbers; answer how many were not known.

    Entries of an organisation or a campaign that this database has not are nobody's.
    """
    newest = {
        (line["suppressed"], line["root"], line["campaign"]): line for line in lines
    }
    if not newest:
        return 0
    given = {
        "lines": json.dumps(list(newest.values())),
        "source": SOURCE,
        "ledger": ledger_id,
    }
    numbers = session.execute(_PUT_BACK, given).scalars().all()
    if numbers:
        skip_listed(session, numbers)
    return len(numbers)


def take_back(session: Session, entry_ids: Collection[UUID]) -> None:
    """They were lifted: a backup from before that still has them."""
    if not entry_ids:
        return
    left = session.exec(select(Suppression).where(col(Suppression.id).in_(entry_ids)))
    for entry in left.all():
        unsuppress(session, entry.phone_number, scope_of(entry))
