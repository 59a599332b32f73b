"""One tick: look at all running campaigns and reserve the attempts that may start now.

Nothing lives here between ticks, so a second scheduler is harmless (DESIGN D6).
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from random import Random
from uuid import UUID

from sqlmodel import Session, col, select

from campanile.campaigns.hours import campaign_hours
from campanile.campaigns.lifecycle import caller_id
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import CampaignStatus
from campanile.capacity.slots import Usage, usage
from campanile.clock import legal_now
from campanile.compliance.hours import Place, is_open
from campanile.compliance.may_dial import SPARE
from campanile.config import settings
from campanile.errors import Invalid
from campanile.numbers.models import PhoneNumber
from campanile.numbers.profiles import profiles_in_use
from campanile.pacing.claims import Claim, claim
from campanile.pacing.policy import Demand, Room, TrunkRoom, allot
from campanile.trunks.models import Trunk


def tick(session: Session, *, shuffle: Random) -> list[UUID]:
    """Reserve attempts in this transaction; the caller sends their ids after it."""
    campaigns = session.exec(
        select(Campaign).where(Campaign.status == CampaignStatus.SCHEDULED)
    ).all()
    open_profiles = _open_profiles(session, campaigns)
    ready = _with_callers(session, [c for c in campaigns if open_profiles.get(c.id)])
    if not ready:
        return []
    shuffle.shuffle(ready)
    used = usage(session)
    shares = allot(
        _room(session, used),
        [
            Demand(
                campaign_id=campaign.id,
                trunk_id=caller.trunk_id,
                live=used.by_campaign[campaign.id],
                max_concurrent=campaign.max_concurrent,
            )
            for campaign, caller in ready
        ],
    )
    lease = timedelta(seconds=settings().lease_seconds)
    claimed: list[UUID] = []
    for campaign, caller in ready:
        if count := shares.get(campaign.id, 0):
            wanted = Claim(campaign, caller, open_profiles[campaign.id], count)
            claimed += claim(session, wanted, lease=lease)
    return claimed


def nothing_scheduled(session: Session) -> bool:
    """Whether no campaign runs at all."""
    running = select(Campaign.id).where(Campaign.status == CampaignStatus.SCHEDULED)
    return session.exec(running.limit(1)).first() is None


def _open_profiles(
    session: Session, campaigns: Sequence[Campaign]
) -> dict[UUID, list[int]]:
    """Which profiles of each campaign may be rung now; closed ones cost no claim."""
    hours = {c.id: campaign_hours(c) for c in campaigns}
    rooms = {c.id: timedelta(seconds=c.ring_timeout_seconds) + SPARE for c in campaigns}
    at = legal_now()
    found: defaultdict[UUID, list[int]] = defaultdict(list)
    for campaign_id, profile, zones in profiles_in_use(session, list(hours)):
        # A profile without zones is claimed too: the worker's decision explains it.
        place = Place(zones)
        if not zones or is_open(hours[campaign_id], place, at, room=rooms[campaign_id]):
            found[campaign_id].append(profile)
    return found


def _with_callers(
    session: Session, campaigns: Sequence[Campaign]
) -> list[tuple[Campaign, PhoneNumber]]:
    found = []
    for campaign in campaigns:
        try:
            found.append((campaign, caller_id(session, campaign)))
        except Invalid:
            continue  # its number was removed; `campaign status` says so
    return found


def _room(session: Session, used: Usage) -> Room:
    trunks = session.exec(select(Trunk).where(col(Trunk.is_active))).all()
    return Room(
        worker_slots=used.worker_slots,
        live=used.live,
        provider_slots=settings().provider_slots,
        trunks={
            trunk.id: TrunkRoom(
                channels=trunk.channels,
                live=used.by_trunk[trunk.id],
                undialed=used.undialed_by_trunk[trunk.id],
                calls_per_second=trunk.calls_per_second,
            )
            for trunk in trunks
        },
    )
