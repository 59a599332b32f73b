"""`python -m chaos.judge FOLDER`: the verdicts on one round; status 1 on any red."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from chaos.judge import books, lawful, once, orders, rates, recoveries, restraint
from chaos.judge.evidence import Evidence, Verdict, read

EXAMPLES = 5


def judge(found: Evidence) -> Iterator[Verdict]:
    yield from judge_so_far(found)
    for family in (books, recoveries):
        yield from family.verdicts(found)


def judge_so_far(found: Evidence) -> Iterator[Verdict]:
    """What can be told while it still rings: reports and rests are not among it."""
    for family in (once, lawful, orders, rates, restraint):
        yield from family.verdicts(found)


def main() -> int:
    parser = argparse.ArgumentParser(prog="chaos.judge", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--examples", type=int, default=EXAMPLES)
    given = parser.parse_args()
    found = read(given.folder)
    reached = list(judge(found))
    sys.stdout.write(table(found, reached, examples=given.examples))
    return 1 if any(verdict.red for verdict in reached) else 0


def table(found: Evidence, reached: list[Verdict], *, examples: int) -> str:
    faults = sum(line.get("fault", True) for line in found.history)
    lines = [
        f"Seed {found.world['seed']}, {found.world['scenario']}: "
        f"{len(found.legs)} attempts, {faults} faults and orders."
    ]
    width = max(len(verdict.name) for verdict in reached)
    for verdict in reached:
        count = f"{len(verdict.red)} RED" if verdict.red else "0"
        of = f"of {verdict.looked_at}"
        note = f"  ({verdict.note})" if verdict.note else ""
        lines.append(f"  {verdict.name:<{width}}  {count:>7} {of:>9}{note}")
        lines += [f"      {example}" for example in verdict.red[:examples]]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
