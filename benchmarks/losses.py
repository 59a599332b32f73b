"""A product to lose processes of, and what its network and its rows say of it then."""

import json
import os
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count, islice
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from campanile.calls.models import Attempt, Report
from campanile.calls.states import LIVE
from campanile.db import transaction
from far_end import Event, FarEnd
from ringing import numbers, ring, running

_DIGITS = {"stays": "01", "lets_ring": "2", "is_busy": "3456789"}
"""The last digit but one of a callee's number."""
_MANNERS: dict[str, dict[str, Any]] = {
    "stays": {"rings": [0.1, 0.2]},
    "lets_ring": {"answers_phone": False},
    "is_busy": {"rings": [0.1, 0.3], "rejects": 486},
}
_ENDS = ("bye", "cancel", "reject")

CALLS_PER_SECOND = 5.0
STEADY_SECONDS = 35.0
"""Longer than a lease, and than the supervisor takes to believe in a process."""

Leg = dict[str, Event]
"""What happened, by the name of the event."""


class Scene:
    """The product with its phone network, and numbers that nobody has rung yet."""

    def __init__(self, data: Path) -> None:
        self._run_dir = data / "run"
        self._far_end = FarEnd(data)
        self._callers = (f"+1212555{n:04}" for n in count(100))
        self._callees = {kind: _numbers(kind) for kind in _DIGITS}

    def ring(self, *, ring_timeout_seconds: int = 30, **callees: int) -> UUID:
        """Start a campaign that rings so many of each kind, once."""
        chosen = [
            number
            for kind, wanted in callees.items()
            for number in islice(self._callees[kind], wanted)
        ]
        return ring(
            next(self._callers),
            chosen,
            calls_per_second=CALLS_PER_SECOND,
            ring_timeout_seconds=ring_timeout_seconds,
        )

    def wait_until_steady(self) -> None:
        """Until nothing has been started anew for a while."""
        while True:
            youngest = max(file.stat().st_mtime for file in self._run_dir.glob("*.pid"))
            if (missing := youngest + STEADY_SECONDS - time.time()) <= 0:
                return
            time.sleep(min(missing, 1.0))

    def pid(self, process: str) -> int:
        return int((self._run_dir / f"{process}.pid").read_text())

    def lose(self, process: str, how: signal.Signals = signal.SIGKILL) -> float:
        """Signal it; answer when (unix seconds)."""
        at = time.time()
        os.kill(self.pid(process), how)
        return at

    def legs(self) -> dict[str, Leg]:
        """By attempt and event."""
        found: defaultdict[str, Leg] = defaultdict(dict)
        for event in self._far_end.legs():
            found[event["call_id"]][event["event"]] = event
        return found

    def times_rung(self) -> Counter[str]:
        return Counter(
            leg["to"] for leg in self._far_end.legs() if leg["event"] == "invite"
        )


@contextmanager
def scene(data: Path) -> Iterator[Scene]:
    """Everything, on a fresh data folder, and silent callees of each kind."""
    folder = data / "callees"
    folder.mkdir(parents=True, exist_ok=True)
    data.chmod(0o755)  # root's PostgreSQL runs under another account
    for kind in _DIGITS:
        text = json.dumps(_person(kind))  # YAML, too
        (folder / f"{kind}.yaml").write_text(text)
    with running(data, "--mute", "--callees", str(folder)):
        yield Scene(data)


def end(leg: Leg) -> float | None:
    """When it was over; None: it is up."""
    return next((leg[event]["t"] for event in _ENDS if event in leg), None)


def live(worker: int) -> dict[str, str]:
    """The attempts that the worker of this process id holds, and their states."""
    with transaction() as session:
        rows = session.exec(
            select(Attempt.id, Attempt.state).where(
                col(Attempt.state).in_(LIVE),
                col(Attempt.worker_id).like(f"%:{worker}:%"),
            )
        )
        return {str(attempt): str(state) for attempt, state in rows}


def reports(attempts: Iterable[str]) -> Counter[str]:
    """How many reports each of them has."""
    with transaction() as session:
        rows = session.exec(
            select(Report.attempt_id).where(
                col(Report.attempt_id).in_([UUID(attempt) for attempt in attempts]),
                Report.kind == "end-of-call-report",
            )
        )
        return Counter(str(attempt) for attempt in rows)


def reserved_after(campaign: UUID, at: float) -> list[str]:
    with transaction() as session:
        rows = session.exec(
            select(Attempt.id).where(
                Attempt.campaign_id == campaign,
                col(Attempt.claimed_at) > datetime.fromtimestamp(at, UTC),
            )
        )
        return [str(attempt) for attempt in rows]


def _numbers(kind: str) -> Iterator[str]:
    return (number for number in numbers() if number[-2] in _DIGITS[kind])


def _person(kind: str) -> dict[str, Any]:
    """A callee file (rehearsal/callees/person.py)."""
    return {
        "kind": kind,
        "numbers": [f"+1???55501[{_DIGITS[kind]}]?"],
        "script": [],
        "expect": {"disposition": ["busy", "no_answer", "completed"]},
        **_MANNERS[kind],
    }
