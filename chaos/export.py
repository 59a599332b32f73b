"""What the product says at the end: reports, leads and attempts as plain JSON lines."""

import json
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from campanile.db import transaction

QUERIES = {
    "reports": """
        SELECT r.attempt_id::text AS attempt, r.kind,
               extract(epoch FROM r.created_at)::float8 AS t,
               r.payload->>'disposition' AS disposition,
               r.payload->>'end_reason' AS end_reason
          FROM report r ORDER BY r.created_at
    """,
    "leads": """
        SELECT campaign_id::text AS campaign, phone_number AS number, status,
               attempts, refunds, disposition, reason
          FROM lead ORDER BY campaign_id, position
    """,
    "attempts": """
        SELECT id::text AS id, state, campaign_id::text AS campaign,
               phone_number AS number, disposition,
               extract(epoch FROM ended_at)::float8 AS ended
          FROM attempt ORDER BY claimed_at
    """,
}


def export(folder: Path) -> None:
    with transaction() as session:
        for name, query in QUERIES.items():
            rows = session.execute(sa.text(query)).mappings()
            _write(folder / f"{name}.ndjson", [dict(row) for row in rows])


def _write(file: Path, rows: list[dict[str, Any]]) -> None:
    with file.open("w", encoding="utf-8") as lines:
        for row in rows:
            lines.write(json.dumps(row) + "\n")
