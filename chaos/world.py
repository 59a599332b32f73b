"""The campaigns of one round, drawn from a seed. Pure: a seed in, plain values out.

What is written down as `world.json` is the truth that the judge holds the far end's log
against: where each lead really is, what was agreed, what is forbidden.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

AREAS = json.loads(Path(__file__).with_name("areas.json").read_text("utf-8"))
World = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scenario:
    """The legal instant at which a round begins: some windows are about to change."""

    name: str
    at: str
    zone: str


SCENARIOS = (
    Scenario(
        "Florida and others close at eight", "2026-11-18T19:58", "America/New_York"
    ),
    Scenario("the east opens at eight", "2026-11-17T07:58", "America/New_York"),
    Scenario("Texas opens on Sunday noon", "2026-11-15T11:58", "America/Chicago"),
    Scenario("the east closes at nine", "2026-11-19T20:57", "America/New_York"),
    Scenario("Britain closes at nine", "2026-11-16T20:57", "Europe/London"),
    Scenario("a holiday", "2026-12-25T13:58", "America/Chicago"),
    Scenario("the day after the clocks changed", "2026-11-02T08:58", "America/Chicago"),
)


Trunks = tuple[tuple[float, int], ...]
"""(calls per second, channels)"""
TRUNKS: Trunks = ((10, 40), (10, 16), (5, 20), (3, 12), (1, 4))


FAILING_TRUNK = (10, 20)
"""One more: it refuses whatever it is asked."""
SMALL_BUDGET = 2
"""Minutes: less than two calls of the longest at once."""


@dataclass(frozen=True, slots=True)
class Size:
    campaigns: int = 10
    leads: int = 5000
    trunks: Trunks = TRUNKS
    shared: float = 0.2
    """the part of leads whose number stands in another campaign, too"""
    retry_delay: int | None = None
    """seconds, of every campaign; None: drawn"""
    ring_timeout: int | None = None
    """seconds, of every campaign; None: drawn"""


@dataclass(slots=True)
class _Maker:
    rng: Random
    size: Size
    start: datetime
    """the legal clock at the beginning, aware"""
    seconds: float
    """how long the round rings"""
    taken: set[str] = field(default_factory=set)

    def id(self) -> str:
        return str(UUID(int=self.rng.getrandbits(128), version=4))


def make(seed: int, size: Size, *, now: datetime, seconds: float) -> World:
    """`now` is the real instant at which the legal clock will show the scenario's."""
    rng = Random(f"world {seed}")
    scenario = SCENARIOS[seed % len(SCENARIOS)]
    start = datetime.fromisoformat(scenario.at).replace(tzinfo=ZoneInfo(scenario.zone))
    maker = _Maker(rng, size, start, seconds)
    organizations = _organizations(maker)
    trunks = _trunks(maker, organizations)
    *healthy, failing = trunks
    # Two that cannot go well come last: over that trunk, and with a list of dead numbers.
    over = [healthy[index % len(healthy)] for index in range(size.campaigns)]
    campaigns = _campaigns(maker, organizations, [*over, failing, healthy[0]])
    *_, refused, dead = (campaign["caller_id"] for campaign in campaigns)
    leads = _leads(maker, campaigns)
    return {
        "seed": seed,
        "scenario": scenario.name,
        "offset": (start - now).total_seconds(),
        "organizations": organizations,
        "trunks": trunks,
        "campaigns": campaigns,
        "fare": {refused: "trunk_failure", dead: "vacant"},
        "leads": leads,
        "suppressed": _suppressed(maker, campaigns, leads),
    }


def _organizations(maker: _Maker) -> list[World]:
    """Two trees: a parent with a child, and a stranger."""
    parent, child, stranger = (maker.id() for _ in range(3))
    cap = maker.rng.choice((6, 8))
    return [
        {"id": parent, "root": parent, "parent": None, "caps": {"per_24h": cap}},
        {"id": child, "root": parent, "parent": parent, "caps": {}},
        {"id": stranger, "root": stranger, "parent": None, "caps": {}},
    ]


def _trunks(maker: _Maker, organizations: list[World]) -> list[World]:
    return [
        {
            "id": maker.id(),
            "organization": organizations[index % len(organizations)]["id"],
            "cps": cps,
            "channels": channels,
        }
        for index, (cps, channels) in enumerate([*maker.size.trunks, FAILING_TRUNK])
    ]


def _campaigns(
    maker: _Maker, organizations: list[World], trunks: list[World]
) -> list[World]:
    """One over each of `trunks`."""
    rng = maker.rng
    roots = {organization["id"]: organization["root"] for organization in organizations}
    made = []
    for index, trunk in enumerate(trunks):
        zone = rng.choice(("America/New_York", "America/Chicago", "Europe/London"))
        begin, end = _window(maker, zone, index)
        made.append(
            {
                "id": maker.id(),
                "organization": trunk["organization"],
                "root": roots[trunk["organization"]],
                "trunk": trunk["id"],
                "caller_id": f"+1212555{100 + index:04}",
                "timezone": zone,
                "start": begin,
                "end": end,
                "ring_timeout": maker.size.ring_timeout or rng.choice((5, 6, 8)),
                "retry_delay": maker.size.retry_delay or rng.choice((4, 8, 15, 25)),
                "max_attempts": rng.choice((2, 3, 4, 6)),
                "max_concurrent": rng.choice((8, 20, 40)),
                "subject": rng.choice((None, "kitchens", "insurance")),
                "caps": _caps(rng),
                "consent_required": index % 4 == 3,
                "regions": ["US"] if index % 5 == 4 else None,
                "max_minutes": SMALL_BUDGET if index == 8 else None,
            }
        )
    return made


def _caps(rng: Random) -> dict[str, int]:
    """Mostly none; else one or two of the four."""
    caps: dict[str, int] = {}
    if rng.random() < 0.4:
        caps["per_24h"] = rng.choice((2, 3, 4))
    if rng.random() < 0.2:
        caps["lifetime"] = rng.choice((3, 4))
    if rng.random() < 0.2:
        caps["per_day"] = 3
    if rng.random() < 0.2:
        caps["per_week"] = 4
    return caps


def _window(maker: _Maker, zone: str, index: int) -> tuple[str, str]:
    """Every third opens or closes during the round; the others are open all day."""
    if index % 3:
        return ("00:00", "23:59")
    legal = maker.start.astimezone(ZoneInfo(zone))
    edge = legal + timedelta(seconds=maker.rng.uniform(0.3, 0.8) * maker.seconds)
    wide = timedelta(hours=maker.rng.choice((3, 12)))
    first, last = (edge, edge + wide) if index % 2 else (edge - wide, edge)
    return (f"{first:%H:%M:%S}", f"{last:%H:%M:%S}")


def _leads(maker: _Maker, campaigns: list[World]) -> list[World]:
    """Some of the numbers stand in several campaigns."""
    rng = maker.rng
    leads: list[World] = []
    numbers: list[World] = []
    listed: set[tuple[str, str]] = set()
    while len(leads) < maker.size.leads:
        if not numbers or rng.random() >= maker.size.shared:
            numbers.append(_number(maker))
            callee = numbers[-1]
        else:
            callee = rng.choice(numbers)
        campaign = rng.choice(campaigns)
        if (campaign["id"], callee["number"]) in listed:
            continue
        listed.add((campaign["id"], callee["number"]))
        leads.append({"campaign": campaign["id"], **callee, **_wishes(maker)})
    return leads


def _wishes(maker: _Maker) -> World:
    """What was agreed for one lead: consent, and not before or after an instant."""
    rng = maker.rng
    wishes: World = {"consent": rng.random() < 0.8}
    if rng.random() < 0.05:
        moment = maker.start + timedelta(seconds=rng.uniform(0, maker.seconds))
        name = rng.choice(("not_before", "not_after"))
        wishes[name] = moment.isoformat()
    return wishes


def _number(maker: _Maker) -> World:
    """A fictional number that was not taken, and where it is."""
    rng = maker.rng
    while True:
        kind = rng.choices(("plain", "split", "british"), weights=(82, 8, 10))[0]
        jurisdiction, zones, *codes = rng.choice(AREAS[kind])
        if kind == "british":
            number = rng.choice(codes).replace(" ", "") + f"{rng.randrange(1000):03}"
        else:
            area = rng.choice(codes[0].split())
            number = f"+1{area}55501{rng.randrange(100):02}"
        if number in maker.taken or number.startswith("+12125550"):
            continue  # those are our own caller IDs
        maker.taken.add(number)
        told = rng.random()
        return {
            "number": number,
            "jurisdictions": [jurisdiction],
            "zones": zones,
            # Some lists say where the person is; the others leave it to the number.
            "zone_told": told < 0.2 and len(zones) == 1,
            "state_told": 0.2 <= told < 0.4 and jurisdiction.startswith("US-"),
        }


def _suppressed(
    maker: _Maker, campaigns: list[World], leads: list[World]
) -> list[World]:
    """Who is on a list before the first call: by anybody, a tree, or one campaign."""
    roots = {campaign["id"]: campaign["root"] for campaign in campaigns}
    chosen = maker.rng.sample(leads, k=len(leads) // 25)
    found = []
    for lead in chosen:
        scope = maker.rng.choice(("everybody", "tree", "campaign"))
        campaign = lead["campaign"]
        found.append(
            {
                "number": lead["number"],
                "root": None if scope == "everybody" else roots[campaign],
                "campaign": campaign if scope == "campaign" else None,
            }
        )
    return found
