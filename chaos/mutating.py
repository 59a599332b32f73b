"""Run the mutants: each guard removed from a copy of the sources, until the judge is red."""

import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chaos.faults import Kind
from chaos.judge.__main__ import judge, judge_so_far
from chaos.judge.evidence import Verdict, read
from chaos.round import Round, run
from chaos.stack import ROOT, SOURCES, Shape
from chaos.world import SCENARIOS, TRUNKS, Size, Trunks

TRIES = 3
SECONDS = 60.0
REST_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Change:
    file: str
    """below the repository"""
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    guard: str
    verdicts: tuple[str, ...]
    """any of these, by their names' beginnings"""
    changes: tuple[Change, ...] = ()
    sql: tuple[str, ...] = ()
    """run once after the migration"""
    faults: Mapping[Kind, float] = field(default_factory=dict)
    """how many times as often as usual; what is not named does not happen"""
    scenario: int = 6
    """of world.SCENARIOS; by default nothing closes but the campaigns' own windows"""
    retry_delay: int | None = None
    """of every campaign, where it matters"""
    shared: float = 0.2
    """the part of leads whose number stands in another campaign, too"""
    ring_timeout: int | None = None
    """of every campaign, where it matters"""
    trunks: Trunks = TRUNKS
    callees: Mapping[str, float] | None = None
    """how they behave, where it matters"""
    restores: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    guard: str
    red: Verdict | None
    tries: int


def run_all(
    mutants: Sequence[Mutant], folder: Path, *, seed: int, tell: Callable[[str], None]
) -> bool:
    """Whether every guard that was removed was missed."""
    outcomes = []
    for number, mutant in enumerate(mutants, start=1):
        tell(f"{number}/{len(mutants)} without {mutant.guard}")
        outcomes.append(_try(mutant, folder, seed=seed, tell=tell))
    tell(_table(outcomes))
    return all(outcome.red for outcome in outcomes)


def mutate(mutant: Mutant, into: Path) -> tuple[Path, ...]:
    """A copy of the sources without the guard. Raises ValueError where a change does not
    fit."""
    for name in SOURCES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, into / name, ignore=ignored)
    for change in mutant.changes:
        file = into / change.file
        text = file.read_text("utf-8")
        if change.old not in text:
            raise ValueError(f"{mutant.guard}: {change.file} has no {change.old!r}")
        file.write_text(text.replace(change.old, change.new), "utf-8")
    return tuple(into / name for name in SOURCES)


def _try(
    mutant: Mutant, folder: Path, *, seed: int, tell: Callable[[str], None]
) -> Outcome:
    for attempt in range(TRIES):
        here = folder / re.sub(r"\W+", "-", mutant.guard) / str(attempt + 1)
        sources = mutate(mutant, here / "sources")
        here.chmod(0o755)
        plan = Round(
            # Of the seeds with this scenario, others for each try.
            seed=(seed + attempt) * len(SCENARIOS) + mutant.scenario,
            seconds=SECONDS,
            rest_seconds=REST_SECONDS,
            attempts=100_000,
            kinds=mutant.faults,
            restores=mutant.restores,
            sql=mutant.sql,
            size=Size(
                leads=2000,
                trunks=mutant.trunks,
                shared=mutant.shared,
                retry_delay=mutant.retry_delay,
                ring_timeout=mutant.ring_timeout,
            ),
            shape=Shape(sources=sources, callees=mutant.callees),
            enough=lambda folder: (
                _missed(mutant, judge_so_far(read(folder))) is not None
            ),
        )
        run(plan, here, tell=tell)
        red = _missed(mutant, judge(read(here)))
        if red is not None:
            tell(f"  red: {red.name} ({red.red[0]})")
            return Outcome(mutant.guard, red, attempt + 1)
    return Outcome(mutant.guard, None, TRIES)


def _missed(mutant: Mutant, verdicts: Iterable[Verdict]) -> Verdict | None:
    """The first of the mutant's own verdicts that is red."""
    named = (v for v in verdicts if v.name.startswith(mutant.verdicts))
    return next((verdict for verdict in named if verdict.red), None)


def _table(outcomes: list[Outcome]) -> str:
    width = max(len(outcome.guard) for outcome in outcomes)
    lines = ["Without"]
    for outcome in outcomes:
        shown = "NOT SHOWN RED" if outcome.red is None else outcome.red.name
        count = 0 if outcome.red is None else len(outcome.red.red)
        lines.append(
            f"  {outcome.guard:<{width}}  {shown} × {count} (try {outcome.tries})"
        )
    return "\n".join(lines)
