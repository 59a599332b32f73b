"""Why a campaign rings nobody now, in sentences for `campaign status` and `doctor`."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from campanile.agents.models import Agent
from campanile.campaigns.lifecycle import caller_id
from campanile.campaigns.models import Campaign
from campanile.capacity.breaker_rows import Key, owner, sick
from campanile.capacity.learning import providers_of
from campanile.capacity.models import Breaker, BreakerKind, BreakerState
from campanile.clock import now
from campanile.compliance.zones import known_zones
from campanile.errors import Invalid
from campanile.leads.held_back import IS_HELD_BACK, RULE_OF_REASON
from campanile.organizations.stops import lineage, stop_for
from campanile.trunks.models import Trunk


def hindrances(session: Session, campaign: Campaign) -> list[str]:
    """Nothing about its leads and hours but what a person may have to mend."""
    found = []
    if campaign.timezone not in known_zones():
        found.append(f"there is no time zone {campaign.timezone!r}: set another one")
    if campaign.paused_reason:
        found.append(f"it paused itself: {campaign.paused_reason}")
    if campaign.held_until is not None and campaign.held_until > now():
        found.append(f"until {_at(campaign.held_until)}: {campaign.held_reason}")
    found += _held_back(session, campaign)
    try:
        trunk_id = caller_id(session, campaign).trunk_id
    except Invalid as error:
        return [*found, error.message]
    trunk = session.get_one(Trunk, trunk_id)
    if not trunk.is_active:
        found.append(f"trunk {trunk.name} is disabled")
    stop = stop_for(
        session,
        organization_ids=lineage(session, campaign.organization_id),
        campaign_id=campaign.id,
        trunk_id=trunk_id,
    )
    if stop is not None:
        why = f": {stop.reason}" if stop.reason else ""
        found.append(f"calls of {stop.scope.value} are stopped{why}")
    agent = session.get_one(Agent, campaign.agent_id)
    keys: list[Key] = [(BreakerKind.PROVIDER, name) for name in providers_of(agent)]
    keys += [(BreakerKind.AGENT, str(agent.id)), (BreakerKind.TRUNK, str(trunk_id))]
    return found + [sentence(session, row) for row in sick(session, keys)]


def _held_back(session: Session, campaign: Campaign) -> list[str]:
    """`3 leads wait: region.not_allowed — the campaign does not ring GB`"""
    rows = session.execute(_HELD_BACK, {"campaign": campaign.id})
    return [
        f"{leads} {'lead waits' if leads == 1 else 'leads wait'}: {reason}"
        + (", and the like" if kinds > 1 else "")
        for leads, kinds, reason in rows
    ]


_HELD_BACK = sa.text(
    f"""
    SELECT count(*), count(DISTINCT reason), min(reason) FROM lead
     WHERE campaign_id = :campaign AND status = 'pending' AND {IS_HELD_BACK}
     GROUP BY {RULE_OF_REASON} ORDER BY 1 DESC
    """
)


def sentence(session: Session, row: Breaker) -> str:
    """`trunk sip.invalid rests: 5 failures in a row, …; next try at 12:00:15 UTC`"""
    if row.state == BreakerState.HALF_OPEN:
        then = "a call is trying it now"
    elif row.retry_at is not None and row.retry_at > now():
        then = f"next try at {_at(row.retry_at)}"
    else:
        then = "the next call tries it"
    about = f"{row.kind.value} {name(session, row)} rests"
    return f"{about}: {row.reason}; {then}" if row.reason else f"{about}; {then}"


def name(session: Session, row: Breaker) -> str:
    """As people call it."""
    concerned = owner(session, row)
    return row.key if concerned is None else concerned.name


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
