"""Leads that wait for a person: what their campaign's settings forbid, and hours that
never meet the law's.

The claim holds the former back for a day (`dialing.decision`). The latter no tick ever
claims, so nobody would say why: they are told here, as soon as they are due, and held
back for a day likewise. Both are made due when the campaign is changed.

Leads are chosen by the time of their next attempt, which the claims' index answers:
millions of them cost nothing while there is nothing to do.
"""

import time
from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from campanile.campaigns.hours import campaign_hours
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import CampaignStatus
from campanile.clock import legal_now
from campanile.compliance.hours import CampaignHours, Place, next_open
from campanile.compliance.may_dial import SPARE
from campanile.compliance.zones import known_zones
from campanile.leads.held_back import AGAIN_AFTER, HOURS_NEVER_MEET, IS_HELD_BACK
from campanile.numbers.profiles import add_places
from campanile.pacing.buckets import first_of_each

AT_ONCE = 10
"""Campaigns that one run looks at: the changed ones first."""
ANEW_SECONDS = 60.0
"""So old what is known of a campaign may be, where leads may have been added; for so long
one is left alone after a failure."""
BATCH = 2000
SECONDS = 0.01
"""To find that hours never meet takes a look at each day of a year, a few milliseconds in
which no tick gets on; what one run leaves over, the next one does."""


@dataclass(frozen=True, slots=True)
class _Turn:
    campaign: UUID
    version: datetime
    changed: bool
    """since the last look, or never looked at"""


@dataclass(frozen=True, slots=True)
class _Bucket:
    profile: int
    told: bool
    """the first of its leads says that its hours never meet the campaign's"""


class Held:
    """Goes around the running campaigns. What it keeps are hints that spare work."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._looked: dict[UUID, tuple[datetime, float]] = {}
        """the version that was looked at last, and when"""
        self._rests: dict[UUID, float] = {}
        """until when, of those whose look failed"""
        self._never: dict[
            tuple[CampaignHours, Place, timedelta], tuple[date, bool]
        ] = {}
        self._places: dict[int, Place] = {}

    def look(self, transaction: Callable[[], AbstractContextManager[Session]]) -> int:
        """How many leads became due again, or were told why they wait.

        One transaction for each campaign: where one fails, those before it are done, and
        those after it have their turn in the next run.
        """
        with transaction() as session:
            turns = self._turns(session)
        moved = 0
        for turn in turns:
            moment = self._monotonic()
            self._rests[turn.campaign] = moment + ANEW_SECONDS
            with transaction() as session:
                count, all_done = self._look_at(session, turn)
            del self._rests[turn.campaign]
            if all_done:
                self._looked[turn.campaign] = (turn.version, moment)
            moved += count
        return moved

    def _turns(self, session: Session) -> list[_Turn]:
        running = dict(
            session.execute(
                select(col(Campaign.id), col(Campaign.updated_at)).where(
                    Campaign.status == CampaignStatus.SCHEDULED
                )
            ).all()
        )
        moment = self._monotonic()
        self._looked = {c: seen for c, seen in self._looked.items() if c in running}
        self._rests = {c: until for c, until in self._rests.items() if until > moment}
        found = []
        for campaign, version in running.items():
            known, at = self._looked.get(campaign, (None, 0.0))
            same = known == version
            if campaign not in self._rests and (
                not same or moment - at >= ANEW_SECONDS
            ):
                found.append((known is None or same, same, at, campaign))
        return [
            _Turn(campaign, running[campaign], changed=not same)
            for _, same, _, campaign in sorted(found)[:AT_ONCE]
        ]

    def _look_at(self, session: Session, turn: _Turn) -> tuple[int, bool]:
        """(how many leads were moved, whether nothing was left over)"""
        campaign = session.get(Campaign, turn.campaign)
        if campaign is None:
            return 0, True
        buckets = _buckets(session, campaign.id)
        add_places(session, {b.profile for b in buckets}, self._places)
        never, others, all_judged = self._judge(campaign, buckets)
        told = _update(session, _TELL, campaign, never)
        again = 0
        if turn.changed:
            again = _update(session, _ASK_AGAIN, campaign, others)
        again += _update(session, _TAKE_BACK, campaign, [b for b in others if b.told])
        # A full batch may have left some over, too.
        return told + again, all_judged and max(told, again) < BATCH

    def _judge(
        self, campaign: Campaign, buckets: Collection[_Bucket]
    ) -> tuple[list[_Bucket], list[_Bucket], bool]:
        """(buckets that are never open, the others, whether there was time for all)"""
        if campaign.timezone not in known_zones():
            return [], list(buckets), True  # said elsewhere, and by the claim
        hours = campaign_hours(campaign)
        room = timedelta(seconds=campaign.ring_timeout_seconds) + SPARE
        today = legal_now().date()
        deadline = self._monotonic() + SECONDS
        never: list[_Bucket] = []
        others: list[_Bucket] = []
        for bucket in buckets:
            place = self._places[bucket.profile]
            if not _is_known(place):
                others.append(bucket)  # likewise
            elif self._monotonic() >= deadline:
                return never, others, False
            elif self._never_open(hours, room, place, today):
                never.append(bucket)
            else:
                others.append(bucket)
        return never, others, True

    def _never_open(
        self, hours: CampaignHours, room: timedelta, place: Place, today: date
    ) -> bool:
        key = (hours, place, room)
        asked, never = self._never.get(key, (None, False))
        if asked != today:
            never = next_open(hours, place, legal_now(), room=room) is None
            if len(self._never) > 100_000:
                self._never = {}
            self._never[key] = (today, never)
        return never


def _is_known(place: Place) -> bool:
    return bool(place.zones) and known_zones().issuperset(place.zones)


def _buckets(session: Session, campaign: UUID) -> list[_Bucket]:
    rows = session.execute(
        _FIRST_OF_EACH, {"campaigns": [campaign], "never": HOURS_NEVER_MEET}
    )
    return [_Bucket(*row) for row in rows]


_FIRST_OF_EACH = sa.text(
    f"""
    {first_of_each("reason")}
    SELECT profile_id, reason = :never FROM first
    """
)


def _update(
    session: Session,
    statement: sa.TextClause,
    campaign: Campaign,
    buckets: Iterable[_Bucket],
) -> int:
    profiles = [bucket.profile for bucket in buckets]
    if not profiles:
        return 0
    found = session.execute(
        statement,
        {
            "campaign": campaign.id,
            "profiles": profiles,
            "never": HOURS_NEVER_MEET,
            "held": AGAIN_AFTER,
            "changed_at": campaign.updated_at,
            "most": BATCH,
        },
    )
    return len(found.scalars().all())


def _of_buckets(change: str, chosen: str, *, among_them: str = "true") -> sa.TextClause:
    """In the order of ix_lead_bucket, or the planner may go through all leads instead."""
    return sa.text(
        f"""
        UPDATE lead SET {change}
         WHERE {among_them} AND id = ANY (ARRAY(
           SELECT waiting.id
             FROM unnest(CAST(:profiles AS int[])) AS b(profile_id)
            CROSS JOIN LATERAL (
                  SELECT id FROM lead
                   WHERE campaign_id = :campaign AND profile_id = b.profile_id
                     AND status = 'pending' AND {chosen}
                   ORDER BY next_attempt_at
                   LIMIT :most FOR UPDATE SKIP LOCKED) waiting
            LIMIT :most))
        RETURNING id
        """
    )


_TELL = _of_buckets(
    "reason = :never, next_attempt_at = now() + :held", "next_attempt_at <= now()"
)
_ASK_AGAIN = _of_buckets(
    "reason = '', next_attempt_at = now()",
    "next_attempt_at > now() AND next_attempt_at <= :changed_at + :held"
    f" AND {IS_HELD_BACK}",
)
"""whom a setting held back before the campaign was changed last"""
_TAKE_BACK = _of_buckets(
    "reason = '', next_attempt_at = now()",
    "next_attempt_at <= now()",
    among_them="reason = :never",
)
"""who still says that its hours never meet, and became due while nobody looked"""
