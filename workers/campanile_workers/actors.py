"""The actors. Each does one call into the library; if an `if` appears, it belongs there."""

from uuid import UUID

import dramatiq

from campanile.analysis.reporting import write_report
from campanile_workers.broker import CALLS, JOBS, broker
from campanile_workers.call_host import host


@dramatiq.actor(broker=broker, queue_name=CALLS, max_retries=0)
async def place_call(attempt_id: str) -> None:
    """Hold one call. A second delivery finds the attempt no longer claimed."""
    await host().run(UUID(attempt_id))


@dramatiq.actor(broker=broker, queue_name=JOBS, max_retries=0)
def report_call(attempt_id: str) -> None:
    """Analyse and report one attempt. A second delivery finds it reported."""
    write_report(UUID(attempt_id))
