"""Campaigns that go for good, with their leads and calls, but not out of the count.

The rows of a campaign's calls are what caps, gaps and quarantine are read from, and what
keeps a second leg from a number that is being rung. So a campaign whose calls are not
over stays, and what is left of the others is kept where it still counts.
"""

import sqlalchemy as sa
from sqlmodel import Session, col, select

from campanile.calls.models import Attempt
from campanile.calls.states import TERMINAL
from campanile.campaigns.lifecycle import IllegalTransition
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import CampaignStatus
from campanile.errors import Conflict

STATEMENT_MS = 60_000
"""A campaign may have a million calls."""


class CallsUnderWay(Conflict):
    """Somebody is being rung for the campaign, or a call is not reported yet."""


# A void attempt may still turn out to have been dialed (restoring.py): its row is held
# and read again before it goes.
_KEEP_DIALS = sa.text(
    """
    WITH held AS MATERIALIZED (
      SELECT id, root_id, campaign_id, lead_id, phone_number, subject, dialed_at,
             answered_at
        FROM attempt WHERE campaign_id = :campaign
         FOR UPDATE)
    INSERT INTO ledger_dial (attempt_id, root_id, campaign_id, lead_id, phone_number,
                             subject, dialed_at, answered, created_at)
    SELECT id, root_id, campaign_id, lead_id, phone_number, subject, dialed_at,
           answered_at IS NOT NULL, now()
      FROM held WHERE dialed_at IS NOT NULL
        ON CONFLICT DO NOTHING
    """
)


def delete_campaign(session: Session, campaign: Campaign) -> None:
    """Take it away with its leads, calls and reports; its dials go on counting for the
    caps and gaps of their numbers.

    Raises IllegalTransition while it runs, and CallsUnderWay.
    """
    session.execute(sa.text(f"SET LOCAL statement_timeout = {STATEMENT_MS}"))
    # Nobody starts it or claims a lead of it from here on: a new attempt's foreign key
    # waits for this lock.
    status = session.execute(
        select(col(Campaign.status)).where(Campaign.id == campaign.id).with_for_update()
    ).scalar_one_or_none()
    if status == CampaignStatus.SCHEDULED:
        raise IllegalTransition(
            f"campaign {campaign.name!r} is running", hint="pause or cancel it first"
        )
    _refuse_while_calls_are_under_way(session, campaign)
    session.execute(_KEEP_DIALS, {"campaign": campaign.id})
    session.execute(sa.delete(Campaign).where(col(Campaign.id) == campaign.id))


def _refuse_while_calls_are_under_way(session: Session, campaign: Campaign) -> None:
    """A leg of a call that was lost may be left over after its report."""
    calls = session.execute(
        sa.select(sa.func.count()).where(
            col(Attempt.campaign_id) == campaign.id,
            col(Attempt.state).not_in(TERMINAL)
            | (col(Attempt.quarantine_until) > sa.func.clock_timestamp()),
        )
    ).scalar_one()
    if calls:
        are = "call of campaign {} is" if calls == 1 else "calls of campaign {} are"
        raise CallsUnderWay(
            f"{calls} {are.format(repr(campaign.name))} still under way",
            hint="try again when they are over and reported; a stop with --hang-up "
            "ends them now",
        )
