"""How `campaign check` reads: counts, first instants, the end, the words, obstacles."""

from datetime import datetime, timedelta

from rich.panel import Panel
from rich.table import Table

from campanile.cli.output import console
from campanile.clock import clock_offset, now
from campanile.compliance.zones import zone as zone_named
from campanile.results.check import Check, Sample
from campanile.results.expected_end import HORIZON_DAYS
from campanile.results.forecast import Forecast, Opening
from campanile.results.plan import Plan

SHOWN_REASONS = 15
SHOWN_PLACES = 12
SHOWN_ZONES = 3
SHOWN_PROMPT = 600
"""characters"""


def print_check(found: Check) -> None:
    print_forecast(found.forecast)
    _print_openings(found.forecast)
    _print_plan(found.plan)
    for sample in found.samples:
        _print_sample(sample)
    if found.obstacles:
        console.print("[red]In the way:[/]")
        for obstacle in found.obstacles:
            _line(obstacle)
    else:
        console.print("Nothing is in the way.")


def print_forecast(found: Forecast) -> None:
    console.print(
        f"{found.waiting:,} leads wait: {found.open_now:,} may be rung now, "
        f"{found.later:,} later, {found.never:,} never."
    )
    for reason in found.reasons[:SHOWN_REASONS]:
        when = "never" if reason.for_good else f"from {_utc(reason.until)}"
        _line(f"{reason.leads:,} × {reason.words} ({reason.rule}; {when})")
    if len(found.reasons) > SHOWN_REASONS:
        _line(f"… and {len(found.reasons) - SHOWN_REASONS} more reasons (--json)")
    if found.sampled:
        _line(f"of {found.sampled:,} leads rung before, a sample was looked at")


def _print_openings(found: Forecast) -> None:
    table = Table("place", "leads", "first", box=None, header_style="bold")
    for opening in found.openings[:SHOWN_PLACES]:
        table.add_row(_zones(opening), f"{opening.leads:,}", _local(opening))
    hidden = found.openings[SHOWN_PLACES:]
    if hidden:
        leads = sum(opening.leads for opening in hidden)
        table.add_row(f"{len(hidden)} more places", f"{leads:,}", "")
    if found.openings:
        console.print(table)


def _zones(opening: Opening) -> str:
    shown = ", ".join(opening.zones[:SHOWN_ZONES]) or "unknown"
    more = len(opening.zones) - SHOWN_ZONES
    return f"{shown} and {more} more" if more > 0 else shown


def _local(opening: Opening) -> str:
    """The first lawful instant on the clocks of the place."""
    if opening.opens is None:
        return "never"
    # By the legal clock, which a rehearsal may have shifted.
    at = opening.opens + clock_offset()
    soon = opening.opens <= now() + timedelta(seconds=1)
    clocks = [
        f"{at.astimezone(zone_named(zone)):%a %d %b %H:%M}"
        for zone in opening.zones[:SHOWN_ZONES]
    ]
    return ("now, " if soon else "") + " / ".join(dict.fromkeys(clocks))


def _print_plan(plan: Plan) -> None:
    if plan.end is not None:
        console.print(
            f"Expected to end {_utc(plan.end)}, after about {plan.attempts:,} calls."
        )
    else:
        console.print(
            f"Not expected to end within {HORIZON_DAYS} days: {plan.left:,} leads "
            f"would be left after {plan.attempts:,} calls."
        )
    console.print(f"Bottleneck: {plan.bottleneck}.")
    for limit in plan.limits:
        _line(f"{limit.name}: {limit.per_second:.2f} calls/s ({limit.detail})")
    console.print("This assumes that")
    for assumption in plan.assumptions:
        _line(assumption)


def _print_sample(sample: Sample) -> None:
    prompt = sample.prompt
    if len(prompt) > SHOWN_PROMPT:
        prompt = prompt[:SHOWN_PROMPT] + " …"
    lines = [prompt, "", f"says first: {sample.first_message or '(nothing)'}"]
    if sample.unresolved:
        lines.append(f"left empty: {', '.join(sample.unresolved)}")
    body = "\n".join(lines).replace("[", r"\[")
    console.print(Panel(body, title=sample.phone_number, title_align="left"))


def _line(text: str) -> None:
    console.print(f"  {text}", markup=False, soft_wrap=True)


def _utc(moment: datetime | None) -> str:
    return "–" if moment is None else f"{moment:%a %d %b %Y %H:%M} UTC"
