"""When the next INVITE of a trunk may leave: a reserved instant, not a token bucket.

The trunk's row holds the earliest free instant; reserving moves it on by SPACING / N. So
any rolling second has at most N INVITEs however many workers there are, and nothing
lives in anybody's memory (DESIGN D6). The three constants belong together:

- N + 1 INVITEs span N spacings, SPACING seconds whatever N is. They stay out of one
  second while the first leaves no more than SPACING - 1 s later than the last, counted
  from their instants: 30 ms in the worker (it does not send later than LATE_SECONDS) and
  40 ms on the way through the gateway to whoever counts.
- 1 / SPACING of the allowed rate can be used, 93.5 %. Each instant that a worker misses
  is lost: 90 % are left if at most 3.7 % are missed.
- An instant lies AHEAD_SECONDS ahead, for the commit and the ledger's line (two times
  onto a disk, 3 ms together, seldom 100) and the way back to the event loop. From claim
  to INVITE it takes AHEAD_SECONDS + LATE_SECONDS at the most, 150 ms on an idle trunk,
  unless the instant is missed.
"""

import time
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

AHEAD_SECONDS = 0.120
SPACING = 1.07
LATE_SECONDS = 0.030
"""A worker that would send later than this reserves again."""


def reserve(session: Session, trunk_id: UUID) -> float:
    """Reserve a send instant; answer when it is, by `time.monotonic`.

    The database says in how many seconds: worker and database may disagree on the time
    of day, and what the commit takes must not shift the instant.
    """
    seconds = session.execute(
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
    return time.monotonic() + float(seconds)
