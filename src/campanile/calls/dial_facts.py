"""From rows to the plain facts that the legal decision is made from.

One translation for whoever asks: the claim of a dial, the forecast of a campaign, the
account of a number. So they cannot answer differently.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from campanile.campaigns.hours import campaign_hours
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import CampaignStatus
from campanile.compliance.hours import Place
from campanile.compliance.may_dial import Caps, Dial, Facts
from campanile.leads.models import Lead


def facts_of(
    lead: Lead,
    campaign: Campaign,
    *,
    place: Place,
    kind: str,
    caps: Sequence[Caps],
    dials: Sequence[Dial] = (),
    suppressed: str | None = None,
    stopped: str | None = None,
    quarantined_until: datetime | None = None,
) -> Facts:
    """`dials` and `quarantined_until` by the legal clock."""
    return Facts(
        phone_number=lead.phone_number,
        kind=kind,
        place=place,
        hours=campaign_hours(campaign),
        campaign_runs=campaign.status == CampaignStatus.SCHEDULED,
        attempts=lead.attempts,
        max_attempts=campaign.max_attempts,
        asked_back=lead.callback_at is not None,
        ring_timeout=timedelta(seconds=campaign.ring_timeout_seconds),
        subject=campaign.subject,
        regions=None if campaign.regions is None else tuple(campaign.regions),
        stopped=stopped,
        suppressed=suppressed,
        consent_required=campaign.consent_required,
        consented=lead.consent_basis is not None,
        not_before=lead.not_before,
        not_after=lead.not_after,
        dials=tuple(dials),
        caps=tuple(caps),
        quarantined_until=quarantined_until,
    )
