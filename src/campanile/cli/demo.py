"""`campanile demo`: ring the sample list against the simulated phone network.

Everything is real but the callees and the providers' engines; nothing leaves this
machine. The legal clock is set to an hour at which the whole list may be rung.
"""

import os
import time as clocks
from contextlib import suppress
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.live import Live

from campanile import clock
from campanile.agents import files
from campanile.agents.models import Agent
from campanile.campaigns import lifecycle
from campanile.campaigns.models import Campaign, CampaignCreate
from campanile.campaigns.states import TERMINAL, CampaignStatus
from campanile.cli.demo_verdict import judge, show
from campanile.cli.live_table import live_table
from campanile.cli.output import AsJson, console, print_json, problems
from campanile.compliance.hours import CampaignHours, Span, next_open_for_all
from campanile.config import settings
from campanile.db import forget_engine, transaction
from campanile.embedded import stack
from campanile.errors import Invalid
from campanile.leads.columns import terms_of
from campanile.leads.importing import import_rows
from campanile.leads.lists import read_rows
from campanile.numbers.models import PhoneNumber
from campanile.numbers.phones import parse
from campanile.organizations.models import default_organization
from campanile.rehearsal.callees.people import directory
from campanile.results.files import write_results
from campanile.results.progress import progress
from campanile.trunks.models import Trunk

CALLER_ID = "+12125550199"
LISTS_REGION = "GB"
"""of the list's numbers that are written without a country"""
NEW_YORK, DAY = "America/New_York", Span(time(8), time(20))
HOURS = CampaignHours.daily(NEW_YORK, *DAY)
TIMEOUT_SECONDS = 240
SLOTS = 20


def demo(
    leads: Annotated[Path, typer.Option(help="The list to ring.")] = Path(
        "sample_leads/leads.csv"
    ),
    agent: Annotated[Path, typer.Option(help="The agent that talks.")] = Path(
        "sample_leads/agent.yaml"
    ),
    data: Annotated[Path, typer.Option(help="Where everything is written.")] = Path(
        "var/demo"
    ),
    seed: Annotated[int, typer.Option(help="Fixes the callees and their truths.")] = 1,
    callees: Annotated[
        Path | None, typer.Option(help="A folder of your own callees.")
    ] = None,
    mute: Annotated[bool, typer.Option(help="Callees say nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ring about 40 simulated people and show what came of it, in three minutes."""
    tell = problems.print if as_json else console.print
    stack.wipe(data)
    os.environ["CAMPANILE_DATA_DIR"] = str(data.absolute())
    settings.cache_clear()
    rehearsal = stack.Rehearsal(seed=seed, callees=callees, mute=mute)
    facts = {
        "clock_offset": _until_all_is_open(leads).total_seconds(),
        "worker_slots": SLOTS,
        "egress_allow": "127.0.0.1/32",
        # One laptop plays the telephone network, the providers and the dialer at once.
        "lag_limit_seconds": 0.1,
    }
    with (
        stack.interruptible(),
        stack.running(data, facts=facts, rehearsal=rehearsal, tell=tell),
    ):
        forget_engine()
        os.environ.setdefault(
            "CAMPANILE_TOOLS_URL", settings().elevenlabs_url.rstrip("/") + "/tools"
        )
        campaign_id = _start(leads, agent)
        _watch(campaign_id, quiet=as_json)
        with transaction() as session:
            campaign = session.get_one(Campaign, campaign_id)
            results = write_results(session, campaign, data)
            people = directory(seed=seed, folder=callees, mute=mute)
            verdict = judge(session, campaign, people, data)
        forget_engine()
    if as_json:
        print_json({**verdict.as_json(), "results": results})
    else:
        show(verdict, console)
        console.print(
            f"\nResults: {results[0]}   Recordings: {settings().recordings_dir}"
        )
    if not verdict.passed:
        raise typer.Exit(1)


def _until_all_is_open(leads: Path) -> timedelta:
    """How far ahead the first hour lies at which everyone on the list may be rung.

    No rule is relaxed for the demo: on a Sunday that hour is on Monday.
    """
    places = set()
    for row in read_rows(leads):
        with suppress(Invalid):  # the import says what is wrong with the row
            phone = parse(row.phone, default_region=LISTS_REGION)
            places.add(terms_of(phone, row.said).place)
    now = clock.now()
    room = timedelta(seconds=2 * TIMEOUT_SECONDS)
    opens = next_open_for_all([(HOURS, place) for place in places], now, room=room)
    if opens is None:
        raise Invalid(
            f"there is no hour at which everyone in {leads} may be rung",
            hint="leave out the numbers that have no known time zone",
        )
    return opens - now


def _start(leads: Path, agent: Path) -> UUID:
    """The same steps as the commands that the README shows, in one transaction."""
    config = files.load(agent)
    with transaction() as session:
        organization = default_organization(session)
        trunk = Trunk(
            organization_id=organization.id,
            name="rehearsal",
            address="rehearsal.invalid",
            channels=SLOTS,
        )
        row = Agent(
            organization_id=organization.id,
            name=config.name,
            config=config.model_dump(mode="json", by_alias=True),
        )
        session.add_all([trunk, row])
        session.flush()
        session.add(
            PhoneNumber(
                organization_id=organization.id,
                phone_number=CALLER_ID,
                agent_id=row.id,
                trunk_id=trunk.id,
            )
        )
        campaign = lifecycle.create(
            session,
            organization.id,
            CampaignCreate(
                name="demo",
                agent_id=row.id,
                schedule_start_time=DAY.start,
                schedule_end_time=DAY.end,
                timezone=NEW_YORK,
                max_concurrent=SLOTS,
                max_attempts=2,
                retry_delay_seconds=15,
                ring_timeout_seconds=12,
            ),
        )
        report = import_rows(
            session, campaign, read_rows(leads), default_region=LISTS_REGION
        )
        for line, reason in report.rejected:
            problems.print(f"{leads}, row {line}: {reason}")
        lifecycle.move(session, campaign, CampaignStatus.SCHEDULED)
        return campaign.id


def _watch(campaign_id: UUID, *, quiet: bool) -> None:
    """Show it live until it has ended, or long after it should have."""
    deadline = clocks.monotonic() + TIMEOUT_SECONDS
    with Live(console=problems if quiet else console, refresh_per_second=4) as live:
        while clocks.monotonic() < deadline:
            with transaction() as session:
                state = progress(session, session.get_one(Campaign, campaign_id))
            live.update(live_table(state))
            if state.status in TERMINAL:
                return
            clocks.sleep(0.5)
