"""`campanile demo`: ring the sample list against the simulated phone network.

Everything is real but the callees and the providers' engines; nothing leaves this
machine. The legal clock is set to an hour at which the whole list may be rung.
"""

import os
import time as clocks
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.live import Live

from campanile.agents import files
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import TERMINAL
from campanile.cli import rehearsed_campaign
from campanile.cli.demo_verdict import judge, show
from campanile.cli.live_table import live_table
from campanile.cli.output import AsJson, console, print_json, problems
from campanile.config import settings
from campanile.db import forget_engine, transaction
from campanile.embedded import stack
from campanile.leads.lists import read_rows
from campanile.rehearsal.callees.people import directory
from campanile.results.files import write_results
from campanile.results.progress import progress

LISTS_REGION = "GB"
"""of the list's numbers that are written without a country"""
TIMEOUT_SECONDS = 240
ROOM = timedelta(seconds=2 * TIMEOUT_SECONDS)
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
        "clock_offset": rehearsed_campaign.until_all_is_open(
            read_rows(leads), room=ROOM, default_region=LISTS_REGION
        ).total_seconds(),
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


def _start(leads: Path, agent: Path) -> UUID:
    """The same steps as the commands that the README shows, in one transaction."""
    with transaction() as session:
        campaign, report = rehearsed_campaign.start(
            session,
            files.load(agent),
            read_rows(leads),
            name="demo",
            channels=SLOTS,
            default_region=LISTS_REGION,
            max_attempts=2,
            retry_delay_seconds=15,
            ring_timeout_seconds=12,
        )
        for line, reason in report.rejected:
            problems.print(f"{leads}, row {line}: {reason}")
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
