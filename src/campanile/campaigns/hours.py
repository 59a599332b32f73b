"""A campaign's calling hours as compliance reads them."""

from campanile.campaigns.models import Campaign
from campanile.compliance.hours import CampaignHours


def campaign_hours(campaign: Campaign) -> CampaignHours:
    return CampaignHours.daily(
        campaign.timezone,
        campaign.schedule_start_time,
        campaign.schedule_end_time,
        weekly=campaign.weekly_hours,
        first_day=campaign.start_date,
        last_day=campaign.end_date,
    )
