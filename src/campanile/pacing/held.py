"""Leads that wait for a person: what their campaign's settings forbid, and hours that
never meet the law's.

The claim holds the former back for a day (`dialing.decision`); here they are made due
when the campaign is changed. The latter no tick ever claims, so nobody would say why.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
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
"""So old what is known of a campaign may be, where leads may have been added."""
BATCH = 2000
SECONDS = 0.01
"""To find that hours never meet takes a look at each day of a year, a few milliseconds in
which no tick gets on; what one run leaves over, the next one does."""


@dataclass(frozen=True, slots=True)
class _Bucket:
    campaign: UUID
    profile: int
    told: bool
    """the first of its leads says that its hours never meet the campaign's"""


class Held:
    """Goes around the running campaigns. What it keeps are hints that spare work."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._looked: dict[UUID, tuple[datetime, float]] = {}
        """the version that was looked at last, and when"""
        self._never: dict[
            tuple[CampaignHours, Place, timedelta], tuple[date, bool]
        ] = {}
        self._places: dict[int, Place] = {}

    def look(self, session: Session) -> int:
        """How many leads became due again, or were told why they wait."""
        changed = self._due(session)
        if not changed:
            return 0
        campaigns = session.exec(
            select(Campaign).where(col(Campaign.id).in_(changed))
        ).all()
        buckets = _buckets(session, changed)
        add_places(session, {b.profile for b in buckets}, self._places)
        again = _ask_again(session, [b for b in buckets if changed[b.campaign]])
        never, after_all, left_over = self._judge(campaigns, buckets)
        told = _say(session, never, before="", now=HOURS_NEVER_MEET)
        told += _say(session, after_all, before=HOURS_NEVER_MEET, now="")
        moment = self._monotonic()
        for campaign in campaigns:
            # A full batch may have left some over, too.
            if campaign.id not in left_over and again < BATCH and told < BATCH:
                self._looked[campaign.id] = (campaign.updated_at, moment)
        return again + told

    def _due(self, session: Session) -> dict[UUID, bool]:
        """Whose turn it is, and whether the campaign was changed since the last one."""
        running = session.execute(
            select(col(Campaign.id), col(Campaign.updated_at)).where(
                Campaign.status == CampaignStatus.SCHEDULED
            )
        ).all()
        ids = {campaign for campaign, _ in running}
        self._looked = {c: seen for c, seen in self._looked.items() if c in ids}
        moment = self._monotonic()
        found = []
        for campaign, version in running:
            known, at = self._looked.get(campaign, (None, 0.0))
            if known != version:
                found.append((known is None, False, at, campaign))
            elif moment - at >= ANEW_SECONDS:
                found.append((True, True, at, campaign))
        return {c: not same for _, same, _, c in sorted(found)[:AT_ONCE]}

    def _judge(
        self, campaigns: Iterable[Campaign], buckets: Sequence[_Bucket]
    ) -> tuple[list[_Bucket], list[_Bucket], set[UUID]]:
        """(buckets that are never open, those that say so and are after all, campaigns
        that there was no time for)."""
        deadline = self._monotonic() + SECONDS
        today = legal_now().date()
        hours = {
            campaign.id: (
                campaign_hours(campaign),
                timedelta(seconds=campaign.ring_timeout_seconds) + SPARE,
            )
            for campaign in campaigns
            if campaign.timezone in known_zones()
        }
        never: list[_Bucket] = []
        after_all: list[_Bucket] = []
        left_over: set[UUID] = set()
        for bucket in buckets:
            place = self._places[bucket.profile]
            if bucket.campaign not in hours or not _is_known(place):
                continue  # said elsewhere, and by the claim
            if self._monotonic() >= deadline:
                left_over.add(bucket.campaign)
            elif self._never_open(*hours[bucket.campaign], place, today):
                never.append(bucket)
            elif bucket.told:
                after_all.append(bucket)
        return never, after_all, left_over

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


def _buckets(session: Session, campaigns: Mapping[UUID, bool]) -> list[_Bucket]:
    rows = session.execute(
        _FIRST_OF_EACH,
        {"campaigns": list(campaigns), "never": HOURS_NEVER_MEET},
    )
    return [_Bucket(*row) for row in rows]


_FIRST_OF_EACH = sa.text(
    f"""
    {first_of_each("reason")}
    SELECT campaign_id, profile_id, reason = :never FROM first
    """
)


def _ask_again(session: Session, buckets: Sequence[_Bucket]) -> int:
    """Make due whom a setting held back before the campaign was changed last."""
    return _update(session, _ASK_AGAIN, buckets, held=AGAIN_AFTER)


def _say(session: Session, buckets: Sequence[_Bucket], *, before: str, now: str) -> int:
    return _update(session, _SAY, buckets, before=before, reason=now)


def _update(
    session: Session,
    statement: sa.TextClause,
    buckets: Sequence[_Bucket],
    **values: object,
) -> int:
    if not buckets:
        return 0
    found = session.execute(
        statement,
        {
            "campaigns": [b.campaign for b in buckets],
            "profiles": [b.profile for b in buckets],
            "most": BATCH,
            **values,
        },
    )
    return len(found.scalars().all())


def _of_buckets(change: str, chosen: str) -> sa.TextClause:
    return sa.text(
        f"""
        UPDATE lead SET {change}
         WHERE status = 'pending' AND id = ANY (ARRAY(
           SELECT waiting.id
             FROM unnest(CAST(:campaigns AS uuid[]), CAST(:profiles AS int[]))
               AS b(campaign_id, profile_id)
             JOIN campaign c ON c.id = b.campaign_id
            CROSS JOIN LATERAL (
                  SELECT id FROM lead
                   WHERE campaign_id = b.campaign_id AND profile_id = b.profile_id
                     AND status = 'pending' AND {chosen}
                   LIMIT :most FOR UPDATE SKIP LOCKED) waiting
            LIMIT :most))
        RETURNING id
        """
    )


_ASK_AGAIN = _of_buckets(
    "next_attempt_at = now(), reason = ''",
    "next_attempt_at > now() AND next_attempt_at <= c.updated_at + :held"
    f" AND {IS_HELD_BACK}",
)
_SAY = _of_buckets("reason = :reason", "reason = :before")
