"""Where somebody waits to be rung: what is known of the buckets, and whose turn it is.

All of this is hints, kept between the ticks of one process to spare the database work;
a second scheduler, or a new one, has its own and begins with none. Whether a lead is
free is decided by the claim alone.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from campanile.pacing.buckets import first_of_each

FRESH_SECONDS = 1.0
"""For so long a campaign without anybody due is not looked at again: whoever adds a lead
that is due at once waits that much more."""
KEPT_SECONDS = 15.0
"""For so long one with somebody due is not, unless a claim finds less than expected."""
BUCKETS_PER_TICK = 400
"""Each costs about 10 µs; the rest is looked at in the next ticks."""
UNKNOWN_BUCKETS = 100
"""A campaign that was never looked at is taken to have at most so many."""

_FIRST_OF_EACH = sa.text(
    f"""
    {first_of_each("next_attempt_at")}
    SELECT campaign_id, array_agg(profile_id),
           array_agg(CAST(EXTRACT(EPOCH FROM next_attempt_at - now()) AS float8))
      FROM first GROUP BY campaign_id
    """
)


@dataclass(slots=True)
class _Look:
    """One campaign's buckets, as they were seen."""

    due: Mapping[int, float]
    """by profile, when the first of its leads is due"""
    fresh_until: float
    quiet_until: float = 0.0
    """Of those due none was open a moment ago."""


class Waiting:
    """Times are those of `monotonic`."""

    def __init__(
        self,
        *,
        shuffle: Random | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shuffle = shuffle or Random()
        self._monotonic = monotonic
        self._looks: dict[UUID, _Look] = {}
        self.profiles: set[int] = set()
        """all that were ever seen"""
        self._turns: dict[UUID, float] = {}
        self._next_turn = count(1)

    def in_turn(self, campaigns: Iterable[UUID]) -> list[UUID]:
        """Who waited longest comes first; newcomers before all, in random order."""
        wanted = list(campaigns)
        for campaign in wanted:
            if campaign not in self._turns:
                self._turns[campaign] = -self._shuffle.random()
        if len(self._turns) > 2 * len(wanted):
            self._turns = {c: self._turns[c] for c in wanted}
            self._looks = {c: self._looks[c] for c in wanted if c in self._looks}
        return sorted(wanted, key=self._turns.__getitem__)

    def had_its_turn(self, campaign: UUID) -> None:
        self._turns[campaign] = next(self._next_turn)

    def look(self, session: Session, campaigns: Sequence[UUID], *, most: int) -> None:
        """Look at the buckets of the first `most` of whom nothing fresh is known, as far
        as one tick allows."""
        moment = self._monotonic()
        wanted: list[UUID] = []
        budget = BUCKETS_PER_TICK
        for campaign in campaigns:
            seen = self._looks.get(campaign)
            if seen is not None and moment < seen.fresh_until:
                continue
            budget -= UNKNOWN_BUCKETS if seen is None else max(1, len(seen.due))
            if (wanted and budget < 0) or len(wanted) >= most:
                break
            wanted.append(campaign)
        if not wanted:
            return
        found = {
            campaign: dict(zip(profiles, due, strict=True))
            for campaign, profiles, due in session.execute(
                _FIRST_OF_EACH, {"campaigns": wanted}
            )
        }
        for campaign in wanted:
            due = found.get(campaign, {})
            self.profiles.update(due)
            self._looks[campaign] = _Look(
                due={profile: moment + wait for profile, wait in due.items()},
                fresh_until=moment + KEPT_SECONDS,
            )

    def buckets(
        self, campaign: UUID, is_open: Callable[[int], bool]
    ) -> list[int] | None:
        """Its open profiles in which somebody is due, the longest waiting first; None
        if nothing fresh enough is known to say that there is nobody."""
        seen = self._looks.get(campaign)
        if seen is None:
            return None
        moment = self._monotonic()
        if moment < seen.quiet_until:
            return []
        due = sorted((at, profile) for profile, at in seen.due.items() if at <= moment)
        found = [profile for _, profile in due if is_open(profile)]
        if not found:
            if moment >= seen.fresh_until:
                return None
            seen.quiet_until = seen.fresh_until = moment + FRESH_SECONDS
        return found

    def forget(self, campaign: UUID) -> None:
        """What was known of it turned out wrong."""
        self._looks.pop(campaign, None)
