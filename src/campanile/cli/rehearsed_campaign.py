"""A campaign of the rehearsal, whole: trunk, caller ID, agent, leads, started.

The demo and the benchmarks ring with it. Where `campanile` is used for real, each of
these is a command of its own.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import time, timedelta
from typing import Any

from sqlmodel import Session

from campanile import clock
from campanile.agents.config import AgentConfig
from campanile.agents.models import Agent
from campanile.campaigns import lifecycle
from campanile.campaigns.models import Campaign, CampaignCreate
from campanile.campaigns.states import CampaignStatus
from campanile.compliance.hours import CampaignHours, Span, next_open_for_all
from campanile.errors import Invalid
from campanile.leads.columns import terms_of
from campanile.leads.importing import ImportReport, import_rows
from campanile.leads.lists import Row
from campanile.numbers.models import PhoneNumber
from campanile.numbers.phones import parse
from campanile.organizations.models import default_organization
from campanile.trunks.models import Trunk

CALLER_ID = "+12125550199"
_NEW_YORK, _DAY = "America/New_York", Span(time(8), time(20))
_HOURS = CampaignHours.daily(_NEW_YORK, *_DAY)


def until_all_is_open(
    rows: Iterable[Row], *, room: timedelta, default_region: str | None = None
) -> timedelta:
    """How far ahead the first hour lies at which everyone on the list may be rung.

    No rule is relaxed: on a Sunday that hour is on Monday. `room` is how long it must
    stay lawful. Raises Invalid where there is no such hour.
    """
    places = set()
    for row in rows:
        with suppress(Invalid):  # the import says what is wrong with the row
            phone = parse(row.phone, default_region=default_region)
            places.add(terms_of(phone, row.said).place)
    now = clock.now()
    opens = next_open_for_all([(_HOURS, place) for place in places], now, room=room)
    if opens is None:
        raise Invalid(
            "there is no hour at which everyone on the list may be rung",
            hint="leave out the numbers that have no known time zone",
        )
    return opens - now


def start(
    session: Session,
    agent: AgentConfig,
    rows: Iterable[Row],
    *,
    name: str,
    channels: int,
    trunk: dict[str, Any] | None = None,
    default_region: str | None = None,
    **options: Any,
) -> tuple[Campaign, ImportReport]:
    """Have `rows` rung, at most `channels` of them at once.

    `trunk` is what else its row says, `options` what else `CampaignCreate` takes.
    """
    organization = default_organization(session)
    line = Trunk(
        organization_id=organization.id,
        name="rehearsal",
        address="rehearsal.invalid",
        channels=channels,
        **(trunk or {}),
    )
    talker = Agent(
        organization_id=organization.id,
        name=agent.name,
        config=agent.model_dump(mode="json", by_alias=True),
    )
    session.add_all([line, talker])
    session.flush()
    session.add(
        PhoneNumber(
            organization_id=organization.id,
            phone_number=CALLER_ID,
            agent_id=talker.id,
            trunk_id=line.id,
        )
    )
    campaign = lifecycle.create(
        session,
        organization.id,
        CampaignCreate(
            name=name,
            agent_id=talker.id,
            schedule_start_time=_DAY.start,
            schedule_end_time=_DAY.end,
            timezone=_NEW_YORK,
            max_concurrent=channels,
            **options,
        ),
    )
    report = import_rows(session, campaign, rows, default_region=default_region)
    lifecycle.move(session, campaign, CampaignStatus.SCHEDULED)
    return campaign, report
