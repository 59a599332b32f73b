"""When the next INVITE of a trunk may leave: a reserved instant, not a token bucket.

The trunk's row holds the earliest free instant; reserving moves it on by SPACING / N. So
any rolling second has at most N INVITEs however many workers there are, and nothing
lives in anybody's memory (DESIGN D6). The three constants belong together:

- N + 1 INVITEs span N spacings, SPACING seconds whatever N is. They stay out of one
  second while the first leaves no more than SPACING - 1 s later than the last, counted
  from their instants: 20 ms in the worker (it does not send later than LATE_SECONDS),
  20 ms by which it may misjudge the instant (UNSURE_SECONDS) and 50 ms on the way through
  the gateway to whoever counts.
- 1 / SPACING of the allowed rate can be used, 91.7 %. Each instant that a worker misses
  is lost: 90 % are left if at most 1.9 % are missed.
- An instant lies AHEAD_SECONDS ahead, for the commit and the ledger's line (two times
  onto a disk, 3 ms together, seldom 100) and the way back to the event loop. From claim
  to INVITE it takes AHEAD_SECONDS + UNSURE_SECONDS + LATE_SECONDS at the most, 140 ms on
  an idle trunk, unless the instant is missed.
"""

import time
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

AHEAD_SECONDS = 0.100
SPACING = 1.09
LATE_SECONDS = 0.020
"""A worker that would send later than this reserves again."""
UNSURE_SECONDS = 0.020
"""An answer that took longer to come back leaves open when its instant is."""
TRIES = 3


def reserve(session: Session, trunk_id: UUID) -> float:
    """Reserve a send instant; answer when it is, by `time.monotonic`.

    The database says in how many seconds: worker and database may disagree on the time
    of day, and what the commit takes must not shift the instant. The first try may have
    waited for another one's lock; those after it hold the trunk's row already.
    """
    for _ in range(TRIES):
        asked = time.monotonic()
        seconds = _reserve(session, trunk_id)
        took = time.monotonic() - asked
        if took <= UNSURE_SECONDS:
            break
    # Never before the instant itself, and in the usual case by less than the doubt after.
    return asked + seconds + max(took, UNSURE_SECONDS)


def _reserve(session: Session, trunk_id: UUID) -> float:
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
