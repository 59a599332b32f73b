"""`campanile campaign`: create, start, pause, resume, cancel, watch and harvest."""

import time as clocks
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.live import Live

from campanile.campaigns import lifecycle
from campanile.campaigns.models import Campaign, CampaignCreate, CampaignUpdate
from campanile.campaigns.states import TERMINAL, CampaignStatus
from campanile.cli import campaign_options as given
from campanile.cli.campaign_options import campaign_values
from campanile.cli.check_report import print_check, print_forecast
from campanile.cli.choosing import agent_named, campaign_named
from campanile.cli.live_table import live_table
from campanile.cli.output import AsJson, console, print_facts, print_json, print_rows
from campanile.db import transaction
from campanile.errors import Invalid
from campanile.organizations.models import default_organization
from campanile.results import check as checks
from campanile.results.files import write_results
from campanile.results.forecast import forecast
from campanile.results.progress import Progress, progress

app = typer.Typer(
    help="Campaigns: who is rung, by which agent, when.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="The campaign's name or id.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="A name of your choosing.")],
    agent: Annotated[str, typer.Option(help="Name or id of the agent that talks.")],
    start: given.Start = None,
    end: given.End = None,
    timezone: given.Timezone = None,
    hours: given.Hours = None,
    from_: given.From = None,
    until: given.Until = None,
    concurrent: given.Concurrent = None,
    attempts: given.Attempts = None,
    retry_delay: given.RetryDelay = None,
    ring_timeout: given.RingTimeout = None,
    subject: given.Subject = None,
    region: given.Region = None,
    consent_required: given.ConsentRequired = None,
    per_24h: given.Per24h = None,
    per_day: given.PerDay = None,
    per_week: given.PerWeek = None,
    lifetime: given.Lifetime = None,
    minutes: given.Minutes = None,
    minutes_per_day: given.MinutesPerDay = None,
    spend: given.Spend = None,
    spend_per_day: given.SpendPerDay = None,
    cost_per_minute: given.CostPerMinute = None,
    caller_id: given.CallerId = None,
    as_json: AsJson = False,
) -> None:
    """Create a campaign as a draft; nobody is rung before `campaign start`."""
    options = dict(locals())
    with transaction() as session:
        values = campaign_values(session, options)
        wanted = CampaignCreate.model_validate(
            {**values, "name": name, "agent_id": agent_named(session, agent).id}
        )
        row = lifecycle.create(session, default_organization(session).id, wanted)
    print_facts({"id": row.id, "name": row.name, "status": row.status}, as_json=as_json)


@app.command("set")
def set_(
    name: Name,
    start: given.Start = None,
    end: given.End = None,
    timezone: given.Timezone = None,
    hours: given.Hours = None,
    from_: given.From = None,
    until: given.Until = None,
    concurrent: given.Concurrent = None,
    attempts: given.Attempts = None,
    retry_delay: given.RetryDelay = None,
    ring_timeout: given.RingTimeout = None,
    subject: given.Subject = None,
    region: given.Region = None,
    consent_required: given.ConsentRequired = None,
    per_24h: given.Per24h = None,
    per_day: given.PerDay = None,
    per_week: given.PerWeek = None,
    lifetime: given.Lifetime = None,
    minutes: given.Minutes = None,
    minutes_per_day: given.MinutesPerDay = None,
    spend: given.Spend = None,
    spend_per_day: given.SpendPerDay = None,
    cost_per_minute: given.CostPerMinute = None,
    caller_id: given.CallerId = None,
    as_json: AsJson = False,
) -> None:
    """Change a campaign, running or not; it goes on where it is. `none` clears."""
    options = dict(locals())
    with transaction() as session:
        values = campaign_values(session, options)
        if not values:
            raise Invalid("nothing was given to change", hint="see --help")
        row = lifecycle.change(
            session,
            campaign_named(session, name),
            CampaignUpdate.model_validate(values),
        )
        now_set = {field: getattr(row, field) for field in sorted(values)}
    print_facts(
        {"id": row.id, "name": row.name, "status": row.status, **now_set},
        as_json=as_json,
    )


app.command("update", hidden=True)(set_)


@app.command()
def check(name: Name, as_json: AsJson = False) -> None:
    """Say who would be rung when, until when, with which words; ring nobody."""
    with transaction() as session:
        found = checks.check(session, campaign_named(session, name))
    _tell(found, as_json=as_json)


@app.command()
def start(
    name: Name,
    dry_run: Annotated[
        bool, typer.Option(help="Say what would happen, as `check`; ring nobody.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Start ringing, within calling hours. --dry-run tells who would be rung when."""
    if dry_run:
        check(name, as_json=as_json)
        return
    with transaction() as session:
        campaign = campaign_named(session, name)
        lifecycle.caller_id(session, campaign)
        outlook = forecast(session, campaign)
        lifecycle.move(session, campaign, CampaignStatus.SCHEDULED)
    if as_json:
        print_json({**asdict(outlook), "status": campaign.status})
        return
    print_forecast(outlook)
    console.print(f"{campaign.name} is running.")


def _tell(found: checks.Check, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(found))
    else:
        print_check(found)
        console.print("Nothing was started.")


def _move(name: str, target: CampaignStatus, as_json: bool) -> None:
    with transaction() as session:
        campaign = campaign_named(session, name)
        lifecycle.move(session, campaign, target)
    print_facts(
        {"id": campaign.id, "name": campaign.name, "status": campaign.status},
        as_json=as_json,
    )


@app.command()
def pause(name: Name, as_json: AsJson = False) -> None:
    """Ring nobody new; calls that run go on to their end."""
    _move(name, CampaignStatus.PAUSED, as_json)


@app.command()
def resume(name: Name, as_json: AsJson = False) -> None:
    """Go on after a pause."""
    _move(name, CampaignStatus.SCHEDULED, as_json)


@app.command()
def cancel(name: Name, as_json: AsJson = False) -> None:
    """End it for good; leads not yet reached are skipped."""
    _move(name, CampaignStatus.CANCELLED, as_json)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Show every campaign with its state."""
    with transaction() as session:
        rows = [progress(session, row) for row in _all(session)]
    print_rows(
        ["name", "status", "leads", "waiting", "talking", "done", "answer_rate"],
        [
            (
                p.name,
                p.status,
                p.leads,
                p.waiting,
                p.talking,
                p.done,
                f"{p.answer_rate:.0%}",
            )
            for p in rows
        ],
        as_json=as_json,
    )


def _all(session: Any) -> list[Campaign]:
    organization = default_organization(session)
    return lifecycle.every(session, organization.id)


def _progress(name: str) -> Progress:
    with transaction() as session:
        return progress(session, campaign_named(session, name))


@app.command()
def status(name: Name, as_json: AsJson = False) -> None:
    """Show where a campaign stands now."""
    state = _progress(name)
    if as_json:
        print_json({**asdict(state), "answer_rate": state.answer_rate})
    else:
        console.print(live_table(state))


@app.command()
def watch(name: Name) -> None:
    """Show it live until it has ended; Ctrl-C only stops watching."""
    with Live(console=console, refresh_per_second=4) as live:
        while True:
            state = _progress(name)
            live.update(live_table(state))
            if state.status in TERMINAL:
                return
            clocks.sleep(0.5)


@app.command()
def results(
    name: Name,
    folder: Annotated[
        Path, typer.Option("--to", help="Folder for results.xlsx and results.csv.")
    ] = Path(),
    as_json: AsJson = False,
) -> None:
    """Write what came out, finished or not: results.xlsx and results.csv."""
    with transaction() as session:
        files = write_results(session, campaign_named(session, name), folder)
    print_facts({path.suffix[1:]: path for path in files}, as_json=as_json)
