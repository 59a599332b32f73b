"""When the next INVITE of a trunk may leave: a reserved instant, not a token bucket.

The trunk's row holds the earliest free instant; reserving moves it on by SPACING / N. So
any rolling second has at most N INVITEs however many workers there are, and nothing
lives in anybody's memory (DESIGN D6). The constants belong together:

- N + 1 INVITEs span N spacings, SPACING seconds whatever N is. They stay out of one
  second while the first leaves no more than SPACING - 1 s later than the last, counted
  from their instants: 20 ms in the worker (it does not send later than LATE_SECONDS),
  20 ms by which it may misjudge the instant (UNSURE_SECONDS) and 50 ms on the way through
  the gateway to whoever counts (ON_THE_WAY_SECONDS). If it took longer, the instants that
  are still free are put off by as much.
- 1 / SPACING of the allowed rate can be used, 91.7 %. Each instant that a worker misses
  is lost: 90 % are left if at most 1.9 % are missed.
- A dial is claimed when the trunk's next instant is NEAR_SECONDS away: the decision is
  that fresh when the INVITE leaves. Of it the claim itself takes some 10 ms, its commit and
  the ledger's line 3 ms (two times onto a disk, seldom more than 50).
- An instant lies AHEAD_SECONDS ahead at least. Whoever claims late (NEAR_SECONDS less
  this) puts all instants off; on time it is the row's own instant that is taken.
"""

import time
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

NEAR_SECONDS = 0.100
AHEAD_SECONDS = 0.050
SPACING = 1.09
LATE_SECONDS = 0.020
"""A worker that would send later than this reserves again."""
ON_THE_WAY_SECONDS = 0.050
UNSURE_SECONDS = 0.020
"""An answer that took longer to come back leaves open when its instant is."""
TRIES = 3
ANY_TIME = 1e9
"""However far ahead the instant is, in seconds."""


class NotNear(Exception):
    """The trunk's next instant is too far ahead; nothing is reserved."""


def seconds_until_near(session: Session, trunk_id: UUID) -> float:
    """In how many seconds a claim finds the next instant near; at most 0: now."""
    away = session.execute(_AWAY, {"trunk": trunk_id}).scalar_one()
    return float(away) - NEAR_SECONDS


def reserve(session: Session, trunk_id: UUID, *, within: float = ANY_TIME) -> float:
    """Reserve a send instant; answer when it is, by `time.monotonic`.

    Raises NotNear if it is more than `within` seconds away. The database says in how many
    seconds: worker and database may disagree on the time of day, and what the commit takes
    must not shift the instant. The first try may have waited for another one's lock; those
    after it hold the trunk's row already.
    """
    for _ in range(TRIES):
        asked = time.monotonic()
        seconds = _reserve(session, trunk_id, within)
        took = time.monotonic() - asked
        if took <= UNSURE_SECONDS:
            break
        within = ANY_TIME
    # Never before the instant itself, and in the usual case by less than the doubt after.
    return asked + seconds + max(took, UNSURE_SECONDS)


def put_off(session: Session, trunk_id: UUID, late: float) -> None:
    """An INVITE left `late` seconds later than is allowed for.

    After a pause of SPACING seconds nothing matters that left before it; more is not made
    of many that were late together.
    """
    session.execute(_PUT_OFF, {"late": late, "spacing": SPACING, "trunk": trunk_id})


def _reserve(session: Session, trunk_id: UUID, within: float) -> float:
    row = session.execute(
        _RESERVE,
        {
            "ahead": AHEAD_SECONDS,
            "spacing": SPACING,
            "trunk": trunk_id,
            "within": within,
        },
    ).scalar_one_or_none()
    if row is None:
        raise NotNear
    return float(row)


_AWAY = sa.text(
    """
    SELECT EXTRACT(EPOCH FROM next_send_at - clock_timestamp())
      FROM trunk WHERE id = :trunk
    """
)
_RESERVE = sa.text(
    """
    UPDATE trunk
       SET next_send_at =
             GREATEST(next_send_at, clock_timestamp()
                      + make_interval(secs => :ahead))
             + make_interval(secs => :spacing / calls_per_second)
     WHERE id = :trunk
       AND next_send_at <= clock_timestamp() + make_interval(secs => :within)
 RETURNING EXTRACT(EPOCH FROM next_send_at - clock_timestamp())
           - :spacing / calls_per_second
    """
)
_PUT_OFF = sa.text(
    """
    UPDATE trunk
       SET next_send_at =
             LEAST(next_send_at + make_interval(secs => :late),
                   GREATEST(next_send_at, clock_timestamp()
                            + make_interval(secs => :spacing)))
     WHERE id = :trunk
    """
)
