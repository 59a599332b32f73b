"""How `number show` reads: what was done with a number, and by what right."""

from datetime import datetime
from typing import Any

from campanile.cli.output import console
from campanile.results.number_account import Account, Dialed, Standing


def print_account(found: Account) -> None:
    _line(f"{found.phone_number}, {found.kind.replace('_', ' ')}", indent=0)
    _line(
        f"by its number in {_names(found.zones)}; law of {_names(found.jurisdictions)}"
    )
    _suppressions(found)
    for one in found.opt_outs:
        _line(f"opted out on the call of {_time(one.at)} ({one.campaign})")
    _attempts(found.attempts)
    if not found.attempts and not found.ledger_dials:
        _line("never rung")
    for dial in found.ledger_dials:
        why = "its campaign was deleted, or only the dial ledger knows it"
        _line(f"rung at {_time(dial.dialed_at)}: {why}")
    for standing in found.leads:
        _standing(standing)
    if not found.leads:
        _line("it is a lead of no campaign")


def _suppressions(found: Account) -> None:
    for entry in found.suppressions:
        where = f"campaign {entry.campaign}" if entry.campaign else entry.scope
        why = f": {entry.reason}" if entry.reason else ""
        _line(f"suppressed ({where}) since {_time(entry.since)}{why} [{entry.source}]")
    if not found.suppressions:
        _line("on no suppression list")


def _attempts(attempts: list[Dialed]) -> None:
    for one in attempts:
        if one.dialed_at is None:
            outcome = f"not dialed: {one.why_not or one.state}"
        else:
            allowed = _evidence(one.decision)
            outcome = f"{one.disposition or one.state}, allowed by {allowed}"
        _line(f"{_time(one.at)}, {one.campaign}: {outcome}")


def _evidence(decision: dict[str, Any] | None) -> str:
    """The rule data and the local time that it was decided by."""
    if not decision:
        return "nothing on record"
    clocks = [
        f"{datetime.fromisoformat(text):%a %H:%M} {zone}"
        for zone, text in decision.get("local_times", {}).items()
    ]
    rules = ", ".join(decision.get("binding", []))
    return (
        f"{' / '.join(clocks)}; {rules or 'rules'} {decision.get('rules', '')}".strip()
    )


def _standing(standing: Standing) -> None:
    _line(
        f"campaign {standing.campaign} ({standing.campaign_status}): lead "
        f"{standing.lead_status}, {standing.attempts} attempts"
        + (f", {standing.reason}" if standing.reason else ""),
        indent=0,
    )
    _line(
        f"in {_names(standing.zones)}; law of {_names(standing.jurisdictions)}, "
        f"as its {standing.place_source} says"
    )
    if (consent := standing.consent) is None:
        _line("no consent is on record")
    else:
        given = f" at {_time(consent.at)}" if consent.at else ""
        source = f" ({consent.source})" if consent.source else ""
        _line(f"consent: {consent.basis}{given}{source}")
        if consent.text:
            _line(f"  “{consent.text}”")
    for name, moment in (
        ("not before", standing.not_before),
        ("not after", standing.not_after),
        ("asked to be called at", standing.callback_at),
    ):
        if moment is not None:
            _line(f"{name} {_time(moment)}")
    if standing.may_dial:
        _line("may be rung now")
        return
    if standing.for_good:
        _line(f"never to be rung: {standing.words} ({standing.rule})")
        return
    legal = "it might be rung"
    if standing.until is not None:
        until = _time(standing.until)
        legal = f"until {until}: {standing.words} ({standing.rule})"
    if standing.held:
        _line(f"not to be rung now: {standing.held}; but for that {legal}")
    else:
        _line(f"not to be rung {legal}")


def _names(names: list[str]) -> str:
    return ", ".join(names) or "no known place"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _line(text: str, *, indent: int = 2) -> None:
    console.print(" " * indent + text, markup=False, soft_wrap=True)
