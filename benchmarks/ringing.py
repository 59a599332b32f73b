"""The whole product, made to ring: real processes, canned providers, simulated callees.

For what is read from the INVITEs of many calls. Nothing is pinned to a core; whoever
measures conversations takes `whole_pipeline.py`.
"""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import time, timedelta
from pathlib import Path
from uuid import UUID

from campanile.agents.models import Agent
from campanile.campaigns import lifecycle
from campanile.campaigns.models import Campaign, CampaignCreate
from campanile.campaigns.states import CampaignStatus
from campanile.clock import now
from campanile.config import settings
from campanile.db import forget_engine, transaction
from campanile.embedded import stack
from campanile.embedded.services import campanile
from campanile.errors import Invalid
from campanile.leads.importing import import_rows
from campanile.leads.lists import Row
from campanile.numbers.models import PhoneNumber
from campanile.numbers.phones import parse
from campanile.organizations.models import default_organization
from campanile.trunks.models import Trunk
from whole_pipeline import AGENT, HERE, process

SLOTS = 40
_OPEN_AT_ONE_IN_NEW_YORK = {
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
}


@contextmanager
def running(data: Path, *exchange: str, workers: int = 1) -> Iterator[None]:
    """Everything, on a fresh data folder, by the clock of a Wednesday afternoon.

    `workers` hold calls; `exchange` are options of the simulated phone network: who picks up there.
    """
    os.environ["CAMPANILE_DATA_DIR"] = str(data)
    settings.cache_clear()
    with ExitStack() as opened:
        _, told = opened.enter_context(
            process("canned_providers.py", str(HERE / "canned_providers.py"))
        )
        _, url = opened.enter_context(
            process(
                "exchange",
                *("-m", "campanile.rehearsal.exchange", "--data", str(data)),
                *exchange,
            )
        )
        facts = {
            "clock_offset": _offset_to_wednesday(),
            "worker_slots": SLOTS,
            "provider_slots": SLOTS,
            "gateway_url": url,
            "media_address": "127.0.0.1",
            **json.loads(told),
        }
        supervisor = opened.enter_context(stack.running(data, facts=facts))
        more = [f"worker-{n}" for n in range(2, workers + 1)]
        supervisor.start(*(campanile(name, "worker") for name in more))
        supervisor.wait_until_ready(*more, timeout=stack.START_SECONDS)
        opened.callback(forget_engine)
        forget_engine()
        yield


def ring(
    caller: str,
    numbers: Sequence[str],
    *,
    calls_per_second: float,
    ring_timeout_seconds: int = 30,
) -> UUID:
    """Start a campaign on a trunk and from a number of its own; answer its id."""
    with transaction() as session:
        organization = default_organization(session)
        trunk = Trunk(
            organization_id=organization.id,
            name=f"{calls_per_second:g} a second from {caller}",
            address="rehearsal.invalid",
            channels=SLOTS,
            calls_per_second=calls_per_second,
        )
        agent = Agent(
            organization_id=organization.id,
            name=AGENT.name,
            config=AGENT.model_dump(mode="json", by_alias=True),
        )
        session.add_all([trunk, agent])
        session.flush()
        number = PhoneNumber(
            organization_id=organization.id,
            phone_number=caller,
            agent_id=agent.id,
            trunk_id=trunk.id,
        )
        session.add(number)
        session.flush()
        campaign = lifecycle.create(
            session,
            organization.id,
            CampaignCreate(
                name=trunk.name,
                agent_id=agent.id,
                number_id=number.id,
                schedule_start_time=time(8),
                schedule_end_time=time(20),
                timezone="America/New_York",
                max_concurrent=SLOTS,
                max_attempts=1,
                ring_timeout_seconds=ring_timeout_seconds,
            ),
        )
        rows = [
            Row(line=line, phone=phone, variables={"first_name": "Robin"})
            for line, phone in enumerate(numbers, start=2)
        ]
        report = import_rows(session, campaign, rows)
        if report.added != len(rows):
            raise SystemExit(f"Leads were refused: {report.rejected[:3]}")
        lifecycle.move(session, campaign, CampaignStatus.SCHEDULED)
        return campaign.id


def stop(campaign_id: UUID) -> None:
    with transaction() as session:
        campaign = session.get_one(Campaign, campaign_id)
        if campaign.status == CampaignStatus.SCHEDULED:
            lifecycle.move(session, campaign, CampaignStatus.PAUSED)


def numbers() -> Iterator[str]:
    """Fictional ones, of area codes where it is afternoon together."""
    for area in range(201, 990):
        try:
            zones = set(parse(f"+1{area}5550100").zones)
        except Invalid:
            continue
        if zones and zones <= _OPEN_AT_ONE_IN_NEW_YORK:
            yield from (f"+1{area}55501{n:02}" for n in range(100))


def _offset_to_wednesday() -> float:
    today = now().replace(hour=18, minute=0, second=0, microsecond=0)
    return (today + timedelta(days=(2 - today.weekday()) % 7) - now()).total_seconds()
