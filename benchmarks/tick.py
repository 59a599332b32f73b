"""How long a tick takes with a thousand campaigns and a million leads.

    python benchmarks/tick.py --campaigns 1000 --leads 1000000
    python benchmarks/tick.py --campaigns 1000 --leads 10000000

A private PostgreSQL as `campanile up` has it, a pacer that ticks as the scheduler's, and
between the ticks calls that begin and end, so that room comes back: as many are dialed as
five trunks of 10 calls per second allow, one in eight is void instead, and of those under
way one in sixteen ends.

The time is that of the whole transaction, from asking for a connection to its commit.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

import sqlalchemy as sa
from sqlmodel import Session

import big_database
from campanile.db import transaction
from campanile.pacing.tick import Pacer

_WARM_UP = 20
_CALLS = sa.text(
    """
    WITH taken AS (
      SELECT id, random() < 0.125 AS refused FROM attempt WHERE state = 'claimed'
       ORDER BY claimed_at LIMIT 50 * :seconds),
    answered AS (
      UPDATE attempt SET state = 'answered' FROM taken
       WHERE attempt.id = taken.id AND NOT refused),
    void AS (
      UPDATE attempt SET state = 'void', ended_at = now() FROM taken
       WHERE attempt.id = taken.id AND refused RETURNING lead_id),
    ended AS (
      UPDATE attempt SET state = 'reported', ended_at = now()
       WHERE state = 'answered' AND random() < 0.0625 RETURNING lead_id),
    reached AS (
      UPDATE lead SET status = 'completed' FROM ended WHERE id = ended.lead_id)
    UPDATE lead SET status = 'pending', next_attempt_at = now() + interval '1 hour'
      FROM void WHERE id = void.lead_id
    """
)
_SCANS = sa.text(
    "SELECT relname, seq_scan FROM pg_stat_user_tables"
    " WHERE relname IN ('lead', 'attempt') ORDER BY relname"
)


def measure(*, ticks: int, every: float, seed: int) -> tuple[list[float], int]:
    """Milliseconds of each tick, sorted, and how many leads were claimed."""
    pacer, random = Pacer(shuffle=Random(seed)), Random(seed)
    took, claimed = [], 0
    for n in range(ticks + _WARM_UP):
        began = time.perf_counter()
        with transaction() as session:
            made = len(pacer.tick(session))
        elapsed = time.perf_counter() - began
        if n >= _WARM_UP:
            took.append(1000 * elapsed)
            claimed += made
        with transaction() as session:
            session.execute(sa.select(sa.func.setseed(random.random())))
            session.execute(_CALLS, {"seconds": every})
        time.sleep(max(0.0, every - (time.perf_counter() - began)))
    return sorted(took), claimed


def scans(session: Session) -> dict[str, int]:
    session.execute(sa.text("SELECT pg_stat_force_next_flush()"))
    return dict(session.execute(_SCANS).all())  # type: ignore[arg-type]


def at(share: float, values: Sequence[float]) -> float:
    return values[min(len(values) - 1, int(share * len(values)))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--campaigns", type=int, default=1000)
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--profiles", type=int, default=60)
    parser.add_argument("--ticks", type=int, default=240)
    parser.add_argument("--every", type=float, default=0.25, help="seconds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path("var/bench"))
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tick-", dir=given.folder) as folder:
        big_database.refuse_without_room(given.folder, given.leads)
        with big_database.server(Path(folder)):
            began = time.perf_counter()
            big_database.fill(
                campaigns=given.campaigns, leads=given.leads, profiles=given.profiles
            )
            print(f"filled in {time.perf_counter() - began:.0f} s", flush=True)
            run(given)


def run(given: argparse.Namespace) -> None:
    with transaction() as session:
        before = scans(session)
    took, claimed = measure(ticks=given.ticks, every=given.every, seed=given.seed)
    with transaction() as session:
        after = scans(session)
    print(
        f"{given.campaigns} campaigns, {given.leads} leads, {given.profiles} profiles, "
        f"{given.ticks} ticks, load {os.getloadavg()[0]:.1f}, seed {given.seed}\n"
        f"tick: p50 {at(0.50, took):.1f}  p95 {at(0.95, took):.1f}  "
        f"p99 {at(0.99, took):.1f}  max {took[-1]:.1f} ms\n"
        f"claimed: {claimed}, {claimed / (given.ticks * given.every):.1f} a second"
    )
    for table in before:
        print(f"sequential scans of {table}: {after[table] - before[table]}")


if __name__ == "__main__":
    main()
