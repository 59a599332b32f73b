"""How much of the calls per second that a trunk allows is used, and whether never more.

    python benchmarks/send_rate.py                        # N = 1, 3, 5, 10, one by one
    python benchmarks/send_rate.py --cps 10 --failover    # the scheduler killed half-way

The real scheduler and call worker with all their servers, canned providers, and a
simulated phone network where every callee is busy. What counts is the network's own log,
`rehearsal/legs.ndjson`: the INVITEs in any rolling second, from any one of them on, and
those of all seconds together, from the first to the last. How long a call took from its
claims to its INVITE comes from the attempts.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time as clocks
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import time, timedelta
from itertools import pairwise
from pathlib import Path
from uuid import UUID

from sqlmodel import col, select

from campanile.agents.models import Agent
from campanile.calls.models import Attempt
from campanile.campaigns import lifecycle
from campanile.campaigns.models import Campaign, CampaignCreate
from campanile.campaigns.states import CampaignStatus
from campanile.clock import now
from campanile.config import settings
from campanile.db import forget_engine, transaction
from campanile.embedded import stack
from campanile.errors import Invalid
from campanile.leads.importing import import_rows
from campanile.leads.lists import Row
from campanile.numbers.models import PhoneNumber
from campanile.numbers.phones import parse
from campanile.organizations.models import default_organization
from campanile.trunks.models import Trunk
from whole_pipeline import AGENT

HERE = Path(__file__).parent
SLOTS = 40
WARM_UP_SECONDS = 5.0
_OPEN_AT_ONE_IN_NEW_YORK = {
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
}


@contextmanager
def running(data: Path) -> Iterator[None]:
    """Everything, on a fresh data folder, by the clock of a Wednesday afternoon."""
    os.environ["CAMPANILE_DATA_DIR"] = str(data)
    settings.cache_clear()
    manners = data / "manners.json"
    manners.write_text(json.dumps({"shares": {"busy": 1}}))
    with ExitStack() as opened:
        told = opened.enter_context(_process(str(HERE / "canned_providers.py")))
        url = opened.enter_context(
            _process(
                *("-m", "campanile.rehearsal.exchange", "--signalling-only"),
                *("--data", str(data), "--manners", str(manners)),
            )
        )
        facts = {
            "clock_offset": _offset_to_wednesday(),
            "worker_slots": SLOTS,
            "provider_slots": SLOTS,
            "gateway_url": url,
            "media_address": "127.0.0.1",
            **json.loads(told),
        }
        opened.enter_context(stack.running(data, facts=facts))
        opened.callback(forget_engine)
        forget_engine()
        yield


def ring(calls_per_second: float, numbers: Sequence[str]) -> tuple[UUID, str]:
    """Start a campaign on a trunk of its own; answer its id and its caller's number."""
    caller = f"+1212555{100 + int(calls_per_second):04}"
    with transaction() as session:
        organization = default_organization(session)
        trunk = Trunk(
            organization_id=organization.id,
            name=f"{calls_per_second:g} a second",
            address="rehearsal.invalid",
            channels=SLOTS,
            calls_per_second=calls_per_second,
        )
        agent = Agent(
            organization_id=organization.id,
            name=AGENT.name,
            config=AGENT.model_dump(mode="json", by_alias=True),
        )
        session.add_all([trunk, agent])
        session.flush()
        number = PhoneNumber(
            organization_id=organization.id,
            phone_number=caller,
            agent_id=agent.id,
            trunk_id=trunk.id,
        )
        session.add(number)
        session.flush()
        campaign = lifecycle.create(
            session,
            organization.id,
            CampaignCreate(
                name=trunk.name,
                agent_id=agent.id,
                number_id=number.id,
                schedule_start_time=time(8),
                schedule_end_time=time(20),
                timezone="America/New_York",
                max_concurrent=SLOTS,
                max_attempts=1,
            ),
        )
        rows = [
            Row(line=line, phone=phone, variables={"first_name": "Robin"})
            for line, phone in enumerate(numbers, start=2)
        ]
        report = import_rows(session, campaign, rows)
        if report.added != len(rows):
            raise SystemExit(f"Leads were refused: {report.rejected[:3]}")
        lifecycle.move(session, campaign, CampaignStatus.SCHEDULED)
        return campaign.id, caller


def stop(campaign_id: UUID) -> None:
    with transaction() as session:
        campaign = session.get_one(Campaign, campaign_id)
        if campaign.status == CampaignStatus.SCHEDULED:
            lifecycle.move(session, campaign, CampaignStatus.PAUSED)


def invites(data: Path, caller: str) -> dict[str, float]:
    """By the number called, when (unix seconds); a second one would be a defect."""
    found: dict[str, float] = {}
    with (data / "rehearsal" / "legs.ndjson").open() as file:
        for line in file:
            event = json.loads(line)
            if event["event"] == "invite" and event["from"] == caller:
                if event["to"] in found:
                    raise SystemExit(f"{event['to']} was rung twice.")
                found[event["to"]] = event["t"]
    return found


def most_in_a_second(times: Sequence[float]) -> int:
    first = most = 0
    for n, t in enumerate(times):
        while t - times[first] >= 1.0:
            first += 1
        most = max(most, n - first + 1)
    return most


def waits(campaign_id: UUID, sent: dict[str, float]) -> dict[str, list[float]]:
    """Seconds to the INVITE, sorted: from the tick's claim, from the worker's."""
    with transaction() as session:
        rows = session.exec(
            select(Attempt).where(
                Attempt.campaign_id == campaign_id, col(Attempt.dialed_at).is_not(None)
            )
        ).all()
    kept = [row for row in rows if row.dialed_at and row.phone_number in sent]
    return {
        "reserved by the tick": sorted(
            sent[row.phone_number] - row.claimed_at.timestamp() for row in kept
        ),
        "claimed by the worker": sorted(
            sent[row.phone_number] - row.dialed_at.timestamp()
            for row in kept
            if row.dialed_at
        ),
    }


def numbers() -> Iterator[str]:
    """Fictional ones, of area codes where it is afternoon together."""
    for area in range(201, 990):
        try:
            zones = set(parse(f"+1{area}5550100").zones)
        except Invalid:
            continue
        if zones and zones <= _OPEN_AT_ONE_IN_NEW_YORK:
            yield from (f"+1{area}55501{n:02}" for n in range(100))


def measure(
    data: Path, cps: float, *, seconds: float, callees: Iterator[str], failover: bool
) -> bool:
    """Print one line; answer whether the figures are reached."""
    wanted = int(cps * (seconds + 2 * WARM_UP_SECONDS) * 1.2) + 5
    campaign, caller = ring(cps, [next(callees) for _ in range(wanted)])
    clocks.sleep(WARM_UP_SECONDS + seconds / 2)
    if failover:
        scheduler = int((data / "run" / "scheduler.pid").read_text())
        os.kill(scheduler, signal.SIGKILL)
    clocks.sleep(seconds / 2)
    stop(campaign)
    clocks.sleep(WARM_UP_SECONDS)
    sent = invites(data, caller)
    times = sorted(sent.values())
    if len(times) < 2:
        raise SystemExit("Nobody was rung.")
    span = times[-1] - times[0]
    share = (len(times) - 1) / span / cps
    most = most_in_a_second(times)
    gap = max(after - before for before, after in pairwise(times))
    print(
        f"N = {cps:g}: {len(times)} INVITEs in {span:.1f} s, {share:.1%} of the allowed, "
        f"at most {most} in any second, longest pause {gap:.2f} s"
        + (", scheduler killed half-way" if failover else "")
    )
    for name, values in waits(campaign, sent).items():
        p50, p99 = (values[int(share * (len(values) - 1))] for share in (0.5, 0.99))
        print(f"    from {name}: p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms")
    sys.stdout.flush()
    return most <= cps and (failover or share >= 0.9)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cps", type=float, nargs="*", default=[1.0, 3.0, 5.0, 10.0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--failover", action="store_true")
    parser.add_argument("--folder", type=Path, help="a new one, to be kept")
    given = parser.parse_args()
    with ExitStack() as opened:
        data = given.folder or Path(
            opened.enter_context(tempfile.TemporaryDirectory(prefix="campanile-bench-"))
        )
        data.mkdir(exist_ok=True)
        data.chmod(0o755)
        callees = numbers()
        with running(data):
            reached = [
                measure(
                    data,
                    cps,
                    seconds=given.seconds,
                    callees=callees,
                    failover=given.failover,
                )
                for cps in given.cps
            ]
        print(f"load {os.getloadavg()[0]:.1f}")
    return 0 if all(reached) else 1


def _offset_to_wednesday() -> float:
    today = now().replace(hour=18, minute=0, second=0, microsecond=0)
    return (today + timedelta(days=(2 - today.weekday()) % 7) - now()).total_seconds()


@contextmanager
def _process(*arguments: str) -> Iterator[str]:
    """A process of ours; the line it prints when it is ready."""
    child = subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        if not (line := child.stdout.readline().strip()):
            raise SystemExit(f"{arguments[-1]} ended before it was ready.")
        yield line
    finally:
        child.terminate()
        child.wait(10)


if __name__ == "__main__":
    sys.exit(main())
