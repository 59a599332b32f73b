"""One round: a fresh world, its campaigns ringing under faults, then rest and export."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from campanile.campaigns import lifecycle
from campanile.campaigns.models import Campaign
from campanile.campaigns.states import CampaignStatus
from campanile.db import transaction
from chaos.build import build
from chaos.export import export
from chaos.faults import Kind, draw, with_restore
from chaos.history import History
from chaos.injecting import Injector
from chaos.stack import Shape, Stack, servers, start_product
from chaos.world import Size, make

BOOT_SECONDS = 12.0
"""From drawing the world to the first INVITE, about; only scenarios depend on it."""
FIRST_WITHIN_SECONDS = 60.0
"""The first INVITE; then the round begins, whether there was one or not."""
ATTEMPTS_PER_SECOND = 12.0
"""What a second of the faults' clock stands for."""
SLOWEST = 4.0
"""However little rings, their clock runs at a quarter of its speed."""
BACKUP_SECONDS, RESTORE_SECONDS = 12.0, 24.0
FIRST_SECONDS = 3.0
"""So long nothing is broken."""
TEND_SECONDS = 0.1
TELL_SECONDS, ASK_SECONDS = 15.0, 4.0
INVITE = b'"event":"invite"'
REST_SECONDS = 60.0
"""At the end nothing is claimed any more; so long the rest may take to come to its end."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    seed: int
    seconds: float
    attempts: int
    """enough is enough; the round may end before its seconds are over"""
    kinds: Mapping[Kind, float] = field(default_factory=dict)
    """which faults, and how many times as often as usual"""
    sql: Sequence[str] = ()
    """run once after the migration"""
    rest_seconds: float = REST_SECONDS
    enough: Callable[[Path], bool] = lambda _folder: False
    """asked now and then while it rings: whether to stop at once, without a rest"""
    restores: bool = False
    """whether the database is once put back to what it was"""
    size: Size = field(default_factory=Size)
    shape: Shape = field(default_factory=Shape)


def run(plan: Round, folder: Path, *, tell: Tell) -> None:
    """Leave world, history, legs, reports and leads in `folder`, for the judge."""
    begin = datetime.now(UTC) + timedelta(seconds=BOOT_SECONDS)
    world = make(plan.seed, plan.size, now=begin, seconds=plan.seconds)
    with servers(folder, world, shape=plan.shape) as stack:
        with transaction() as session:
            for statement in plan.sql:
                session.execute(sa.text(statement))
            build(session, world)
        world["times"] = plan.shape.times.environment()
        (folder / "world.json").write_text(json.dumps(world, indent=1), "utf-8")
        history = History(folder / "history.ndjson")
        try:
            history.note("begin", fault=False, scenario=world["scenario"])
            start_product(stack)
            faults = draw(
                plan.seed, begin=FIRST_SECONDS, end=plan.seconds - 5, often=plan.kinds
            )
            if plan.restores:
                faults = with_restore(
                    faults, backup=BACKUP_SECONDS, restore=RESTORE_SECONDS
                )
            injector = Injector(faults, stack, world, history)
            try:
                enough = _ring(plan, stack, history, injector, tell=tell)
            finally:
                injector.undo()
            history.note("rest", fault=False, cpu=stack.processes.cpu())
            _rest(stack, 0.0 if enough else plan.rest_seconds)
            export(folder)
            history.note("end", fault=False)
        finally:
            history.close()


def _ring(
    plan: Round,
    stack: Stack,
    history: History,
    injector: Injector,
    *,
    tell: Tell,
) -> bool:
    """Whether the plan had enough before its time or its attempts were used up."""
    _wait_for_first(stack)
    started = time.monotonic()
    told = asked = 0.0
    ringing = Ringing(stack.folder)
    while (passed := time.monotonic() - started) < plan.seconds:
        stack.processes.tend()
        ringing.look()
        # As often as it rings: on a busy machine the same faults for the same calls.
        progress = min(passed, ringing.count / ATTEMPTS_PER_SECOND)
        injector.tend(passed, progress=max(progress, passed / SLOWEST))
        if passed - told >= TELL_SECONDS:
            told = passed
            tell(f"  {passed:4.0f} s: {ringing.count} attempts, {history.count} faults")
        if ringing.count >= plan.attempts:
            break
        if passed - asked >= ASK_SECONDS:
            asked = passed
            if plan.enough(stack.folder):
                return True
        time.sleep(TEND_SECONDS)
    return False


def _wait_for_first(stack: Stack) -> None:
    """A busy machine takes its time to start Python ten times."""
    deadline = time.monotonic() + FIRST_WITHIN_SECONDS
    while time.monotonic() < deadline and not invites(stack.folder):
        stack.processes.tend()
        time.sleep(TEND_SECONDS)


class Ringing:
    """Counts INVITEs, reading only what is new in the log."""

    def __init__(self, folder: Path):
        self._legs = folder / "rehearsal" / "legs.ndjson"
        self._read = 0
        self.count = 0

    def look(self) -> None:
        with self._legs.open("rb") as legs:
            legs.seek(self._read)
            lines, end, _ = legs.read().rpartition(b"\n")
            self._read += len(lines) + len(end)
            self.count += lines.count(INVITE)


def invites(folder: Path) -> int:
    legs = folder / "rehearsal" / "legs.ndjson"
    return legs.read_bytes().count(INVITE) if legs.exists() else 0


def _rest(stack: Stack, seconds: float) -> None:
    """Pause what runs and wait until the product has nothing left to do."""
    deadline = time.monotonic() + seconds
    paused = False
    while time.monotonic() < deadline:
        stack.processes.tend()
        try:
            paused = paused or _pause_all()
            if paused and _at_rest():
                return
        except SQLAlchemyError:
            pass  # PostgreSQL comes back from its last fault
        time.sleep(1.0)


def _pause_all() -> bool:
    with transaction() as session:
        running = sa.select(Campaign).where(
            sa.column("status") == CampaignStatus.SCHEDULED
        )
        for campaign in session.execute(running).scalars():
            lifecycle.move(session, campaign, CampaignStatus.PAUSED)
    return True


def _at_rest() -> bool:
    with transaction() as session:
        left = session.execute(
            sa.text(
                "SELECT count(*) FROM attempt WHERE state NOT IN ('reported', 'void')"
            )
        ).scalar_one()
    return int(left) == 0
