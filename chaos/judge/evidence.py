"""What the judge reads: the far end's log, the world, the history and the exports."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

Line = dict[str, Any]
ENDS = ("bye", "cancel", "reject")
CLOCK_SECONDS = 5.0
"""A clock that is off by more than this must not dial."""


@dataclass(slots=True)
class Leg:
    """One INVITE and what came of it; instants in unix seconds, None: never."""

    name: str
    call_id: str
    caller: str
    number: str
    invite: float
    """when the exchange saw it"""
    late: float = 0.0
    """seconds for which it may have lain there unseen"""
    ringing: float | None = None
    answer: float | None = None
    end: float | None = None
    ended: Line = field(default_factory=dict)
    """the line of the log that ended it"""
    lost: bool = False
    """its exchange was killed: the callee's phone may have gone on ringing"""

    def up_until(self, linger: float) -> float:
        """When the callee's end was certainly over."""
        if self.end is None:
            return float("inf")
        return self.end + linger if self.lost else self.end


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was looked for, and every case of it that was found."""

    name: str
    red: list[str]
    looked_at: int
    note: str = ""


@dataclass
class Evidence:
    world: Line
    history: list[Line]
    legs: list[Leg]
    """by the instant of their INVITE"""
    reports: list[Line]
    """at the end of a call; exactly one each"""
    amendments: list[Line]
    """of reports that said `unknown`, by a worker that was heard of too late"""
    leads: list[Line]
    attempts: list[Line]

    @cached_property
    def campaigns(self) -> dict[str, Line]:
        """By caller ID: each campaign has its own, so an INVITE tells whose it is."""
        return {campaign["caller_id"]: campaign for campaign in self.world["campaigns"]}

    @cached_property
    def organizations(self) -> dict[str, Line]:
        return {row["id"]: row for row in self.world["organizations"]}

    @cached_property
    def listed(self) -> dict[tuple[str, str], Line]:
        """Leads by (campaign, number)."""
        leads = self.world["leads"]
        return {(lead["campaign"], lead["number"]): lead for lead in leads}

    def campaign_of(self, leg: Leg) -> Line:
        return self.campaigns[leg.caller]

    def legal(self, t: float) -> float:
        """The legal clock, in unix seconds."""
        return t + float(self.world["offset"])

    def lead_legs(self) -> dict[tuple[str, str], list[Leg]]:
        return _grouped(
            (self.campaign_of(leg)["id"], leg.number, leg) for leg in self.legs
        )

    def number_legs(self) -> dict[tuple[str, str], list[Leg]]:
        """By (root of the organisations' tree, number)."""
        return _grouped(
            (self.campaign_of(leg)["root"], leg.number, leg) for leg in self.legs
        )

    def trunk_legs(self) -> dict[str, list[Leg]]:
        found = defaultdict(list)
        for leg in self.legs:
            found[str(self.campaign_of(leg)["trunk"])].append(leg)
        return found

    @cached_property
    def until(self) -> float:
        """The last instant that anything is known of; while it rings, about now."""
        told = [line["t"] for line in self.history]
        seen = [t for leg in self.legs for t in (leg.invite, leg.answer, leg.end) if t]
        return max([*told, *seen], default=0.0)

    def forgotten(self, line: Line) -> float:
        """When a restored backup took this order away; an order is a row like others."""
        restored = [
            later["t"]
            for later in self.said("restore")
            if later["backup"] <= line["t"] <= later["t"]
        ]
        return min(restored, default=float("inf"))

    def said(self, *events: str) -> list[Line]:
        return [line for line in self.history if line["event"] in events]

    def thawed_just_before(self, t: float) -> float | None:
        """Since when the exchange had been frozen if it came back a moment ago: what it
        logs then was sent at some instant that the judge cannot see."""
        for line in self.said("freeze"):
            until = until_of(line)
            if line["target"] == "exchange" and until <= t <= until + 1.5:
                return float(line["t"])
        return None

    def clock_was_off(self, begin: float, end: float) -> bool:
        """Whether a process's wall clock was stepped in between. The product promises to
        bear `CLOCK_SECONDS`, not to know the time better than its clocks."""
        return any(
            line["t"] <= end and until_of(line) + 1.0 >= begin
            for line in self.said("clock")
        )

    def troubled(
        self, begin: float, end: float, *targets: str, but: Line | None = None
    ) -> bool:
        """Whether one of the processes (by prefix) was down or frozen in between."""
        for line in self.said("freeze", "kill", "restore"):
            if line is but:
                continue
            until = until_of(line)
            if (
                line["t"] <= end
                and until >= begin
                and line["target"].startswith(targets)
            ):
                return True
        return False


def read(folder: Path) -> Evidence:
    history = sorted(_lines(folder / "history.ndjson"), key=lambda line: line["t"])
    dead = [
        line["t"]
        for line in history
        if line["event"] == "kill" and line["target"] == "exchange"
    ]
    written = list(_lines(folder / "reports.ndjson"))
    return Evidence(
        world=json.loads((folder / "world.json").read_text("utf-8")),
        history=history,
        legs=legs_of(_lines(folder / "rehearsal" / "legs.ndjson"), exchange_died=dead),
        reports=[line for line in written if line["kind"] == "end-of-call-report"],
        amendments=[line for line in written if line["kind"] == "amendment"],
        leads=list(_lines(folder / "leads.ndjson")),
        attempts=list(_lines(folder / "attempts.ndjson")),
    )


def legs_of(lines: Iterable[Line], *, exchange_died: Iterable[float] = ()) -> list[Leg]:
    """A killed exchange writes no last line: its legs end, as far as it knows, then."""
    legs: dict[str, Leg] = {}
    for line in lines:
        name, event, t = line["leg"], line["event"], float(line["t"])
        if event == "invite":
            legs[name] = Leg(
                name,
                line["call_id"],
                line["from"],
                line["to"],
                t,
                line.get("late", 0.0),
            )
        elif event == "ringing":
            legs[name].ringing = t
        elif event == "answer":
            legs[name].answer = t
        elif event in ENDS:
            legs[name].end, legs[name].ended = t, line
    for died in sorted(exchange_died):
        for leg in legs.values():
            if leg.end is None and leg.invite <= died:
                leg.end, leg.lost = died, True
    return sorted(legs.values(), key=lambda leg: leg.invite)


def until_of(line: Line) -> float:
    """When what the line tells of was over; at once where it does not say."""
    return float(line["until"] if "until" in line else line["t"])


def asked_of(line: Line) -> float:
    """When an order was begun."""
    return float(line["asked"] if "asked" in line else line["t"])


def _grouped(
    rows: Iterable[tuple[str, str, Leg]],
) -> dict[tuple[str, str], list[Leg]]:
    found = defaultdict(list)
    for first, second, leg in rows:
        found[first, second].append(leg)
    return found


def _lines(file: Path) -> Iterator[Line]:
    """None where there is no file: while it rings nothing has been exported."""
    if not file.exists():
        return
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
