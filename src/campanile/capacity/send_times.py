"""When the next INVITE of a trunk may leave: a reserved instant, not a token bucket.

The trunk's row holds the earliest free instant; reserving moves it on by 1/N + 10 %. So
any rolling second has at most N INVITEs however many workers there are, and nothing
lives in anybody's memory (DESIGN D6). Instants lie at least 150 ms ahead, because what
happens between the claim and the wire takes up to 100 ms.
"""

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

AHEAD_SECONDS = 0.150
SPACING = 1.10
LATE_SECONDS = 0.030
"""A worker that would send later than this reserves again."""


def reserve(session: Session, trunk_id: UUID) -> float:
    """Reserve a send instant; answer in how many seconds from now it is.

    Seconds, not a time of day: worker and database may disagree on the latter.
    """
    row = session.execute(
        sa.text(
            """
            UPDATE trunk
               SET next_send_at =
                     GREATEST(next_send_at, clock_timestamp()
                              + make_interval(secs => :ahead))
                     + make_interval(secs => :spacing / calls_per_second)
             WHERE id = :trunk
         RETURNING EXTRACT(EPOCH FROM next_send_at - clock_timestamp())
                   - :spacing / calls_per_second
            """
        ),
        {"ahead": AHEAD_SECONDS, "spacing": SPACING, "trunk": trunk_id},
    ).scalar_one()
    return float(row)
