"""`python -m chaos`: rounds of campaigns under faults, and the judge's verdict on each."""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from campanile.embedded.interruption import interruptible
from chaos.faults import PER_MINUTE
from chaos.history import faults_in
from chaos.mutants import MUTANTS
from chaos.mutating import run_all
from chaos.round import Round, invites, run
from chaos.stack import Shape
from chaos.world import Size


def main() -> int:
    given = _arguments()
    folder = given.folder / time.strftime("%Y%m%d-%H%M%S")
    if given.mutants is not None:
        wanted = [
            mutant
            for mutant in MUTANTS
            if not given.mutants or any(part in mutant.guard for part in given.mutants)
        ]
        missed = run_all(wanted, folder.absolute(), seed=given.seed, tell=_tell)
        return 0 if missed else 1
    rung = faults = rounds = red = 0
    while rung < given.attempts and rounds < given.rounds:
        seed = given.seed + rounds
        here = (folder / f"seed-{seed}").absolute()
        print(f"Seed {seed}: {here}", flush=True)
        plan = Round(
            seed=seed,
            seconds=given.seconds,
            attempts=given.attempts - rung,
            kinds=dict.fromkeys(PER_MINUTE, given.faults),
            restores=seed % 4 == 3,
            size=Size(leads=given.leads),
            shape=Shape(schedulers=1 + seed % 2),
        )
        run(plan, here, tell=_tell)
        rung += invites(here)
        faults += faults_in(here)
        rounds += 1
        red += subprocess.run(
            [sys.executable, "-m", "chaos.judge", str(here)], check=False
        ).returncode
    print(
        f"{rung} attempts under {faults} faults and orders in {rounds} rounds; "
        f"{'RED' if red else 'all green'}."
    )
    return 1 if red else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    parser.add_argument("--attempts", type=int, default=2000)
    parser.add_argument(
        "--seconds",
        type=float,
        default=180.0,
        help="of one round; after 120 its windows change",
    )
    parser.add_argument("--rounds", type=int, default=40, help="at most")
    parser.add_argument("--leads", type=int, default=5000)
    parser.add_argument("--faults", type=float, default=1.0, help="how often; 0: none")
    parser.add_argument(
        "--mutants", nargs="*", metavar="GUARD", help="remove each guard (or these)"
    )
    parser.add_argument("--folder", type=Path, default=Path("var/chaos"))
    return parser.parse_args()


def _tell(sentence: str) -> None:
    print(sentence, flush=True)


if __name__ == "__main__":
    with interruptible():
        sys.exit(main())
