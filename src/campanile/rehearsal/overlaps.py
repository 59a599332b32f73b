"""Two legs at once to one number, by the exchange's own log: what must never be."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

ENDS = ("bye", "cancel", "reject")


def read_legs(data_dir: Path) -> Iterator[dict[str, object]]:
    """The lines of `rehearsal/legs.ndjson`."""
    with (data_dir / "rehearsal" / "legs.ndjson").open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def overlaps(events: Iterable[dict[str, object]]) -> list[tuple[str, str, str]]:
    """(number, leg, other leg) for each INVITE that met a leg still up."""
    up: dict[str, str] = {}
    found = []
    for event in events:
        number, leg = str(event["to"]), str(event["leg"])
        if event["event"] == "invite":
            if number in up:
                found.append((number, up[number], leg))
            up[number] = leg
        elif event["event"] in ENDS and up.get(number) == leg:
            del up[number]
    return found
