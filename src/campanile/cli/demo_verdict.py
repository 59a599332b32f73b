"""What each simulated callee really was, against what the dialer concluded.

The truth comes from the callee files and the exchange's log, which the product never
sees; the conclusions come from the rows, which the exchange never sees.
"""

from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlmodel import Session, col, func, select

from campanile.calls.models import Attempt, Report
from campanile.campaigns.models import Campaign
from campanile.leads.models import Lead
from campanile.leads.states import OPEN
from campanile.rehearsal.callees.people import Callee, Directory
from campanile.rehearsal.overlaps import overlaps, read_legs


@dataclass(slots=True)
class Verdict:
    leads: int = 0
    open_leads: int = 0
    attempts: int = 0
    unreported: int = 0
    """attempts without exactly one report"""
    overlapping: int = 0
    most_at_once: int = 0
    by_kind: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """(kind, disposition, answered by) → attempts"""
    wrong: list[tuple[str, str, str]] = field(default_factory=list)
    """(kind, expected, concluded)"""
    told: int = 0
    told_right: int = 0
    untold: int = 0
    untold_empty: int = 0
    differences: list[tuple[str, str, Any, Any]] = field(default_factory=list)
    """(kind, field, said, concluded)"""

    @property
    def passed(self) -> bool:
        return not (self.open_leads or self.unreported or self.overlapping)

    def as_json(self) -> dict[str, Any]:
        """What the tables show."""
        return {
            **asdict(self),
            "passed": self.passed,
            "by_kind": [
                {"kind": kind, "disposition": d, "answered_by": who, "calls": count}
                for (kind, d, who), count in sorted(self.by_kind.items())
            ],
        }


def judge(
    session: Session, campaign: Campaign, directory: Directory, data_dir: Path
) -> Verdict:
    """Compare everything; reads rows and files, changes nothing."""
    verdict = Verdict()
    leads = session.exec(select(Lead).where(Lead.campaign_id == campaign.id)).all()
    verdict.leads = len(leads)
    verdict.open_leads = sum(lead.status in OPEN for lead in leads)
    attempts = session.exec(
        select(Attempt)
        .where(Attempt.campaign_id == campaign.id, col(Attempt.dialed_at).is_not(None))
        .order_by(col(Attempt.dialed_at))
    ).all()
    verdict.attempts = len(attempts)
    reports = dict(
        session.exec(
            select(Report.attempt_id, func.count())
            .where(Report.kind == "end-of-call-report")
            .group_by(col(Report.attempt_id))
        ).all()
    )
    verdict.unreported = sum(reports.get(attempt.id, 0) != 1 for attempt in attempts)
    events = list(read_legs(data_dir))
    verdict.overlapping = len(overlaps(events))
    verdict.most_at_once = _most_at_once(events)
    calls: Counter[str] = Counter()
    for attempt in attempts:
        calls[attempt.phone_number] += 1
        callee = directory.callee(
            attempt.phone_number, call=calls[attempt.phone_number]
        )
        _compare_outcome(verdict, callee, attempt)
        _compare_data(verdict, callee, attempt)
    return verdict


def _compare_outcome(verdict: Verdict, callee: Callee, attempt: Attempt) -> None:
    disposition = attempt.disposition.value if attempt.disposition else "–"
    who = attempt.answered_by.value if attempt.answered_by else "–"
    verdict.by_kind[callee.kind, disposition, who] += 1
    if disposition not in callee.dispositions:
        verdict.wrong.append((callee.kind, "/".join(callee.dispositions), disposition))


def _compare_data(verdict: Verdict, callee: Callee, attempt: Attempt) -> None:
    found = attempt.structured or {}
    for name, said in callee.truths.items():
        concluded = found.get(name)
        if said is None:
            verdict.untold += 1
            verdict.untold_empty += concluded is None
        else:
            verdict.told += 1
            verdict.told_right += concluded == said
        if concluded != said:
            verdict.differences.append((callee.kind, name, said, concluded))


def _most_at_once(events: list[dict[str, object]]) -> int:
    up: set[str] = set()
    most = 0
    for event in events:
        if event["event"] == "invite":
            up.add(str(event["leg"]))
            most = max(most, len(up))
        elif event["event"] in ("bye", "cancel", "reject"):
            up.discard(str(event["leg"]))
    return most


def show(verdict: Verdict, console: Console) -> None:
    """The two comparisons and the checks, as tables."""
    table = Table("callee was", "dialer concluded", "answered by", "calls", box=None)
    for (kind, disposition, who), count in sorted(verdict.by_kind.items()):
        table.add_row(kind, disposition, who, str(count))
    console.print("\n[bold]What each callee was × what the dialer concluded[/]", table)
    for kind, expected, concluded in verdict.wrong:
        console.print(f"  [red]{kind}: expected {expected}, concluded {concluded}[/]")
    share = verdict.told_right / verdict.told if verdict.told else 0.0
    console.print(
        "\n[bold]Structured data × what the callee said[/]\n"
        f"  said:     {verdict.told_right} of {verdict.told} values equal ({share:.0%})\n"
        f"  not said: {verdict.untold_empty} of {verdict.untold} left empty"
    )
    for kind, name, said, concluded in verdict.differences:
        console.print(
            f"  [yellow]{kind}: {name} said {said!r}, concluded {concluded!r}[/]"
        )
    console.print(
        f"\n{verdict.leads} leads, {verdict.attempts} calls, "
        f"{verdict.most_at_once} at once at most"
    )
    checks = (
        ("every lead ended", verdict.open_leads),
        ("each attempt has exactly one report", verdict.unreported),
        ("no number had two legs at once", verdict.overlapping),
    )
    for name, count in checks:
        mark = "[green]yes[/]" if not count else f"[red]no, {count}[/]"
        console.print(f"  {name}: {mark}")
