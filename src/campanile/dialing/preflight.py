"""What must be true before a process that dials may start."""

import asyncio

import structlog
from sqlalchemy.exc import OperationalError

from campanile.clock import now
from campanile.config import settings
from campanile.db import in_short
from campanile.dialing.clock_guard import AHEAD_SECONDS
from campanile.dialing.ledger import Ledger
from campanile.dialing.reconcile import reconcile
from campanile.errors import Invalid
from campanile.telephony.janus import describe

log = structlog.get_logger(__name__)

REHEARSAL_NAME = "campanile rehearsal"


def refuse_offset_on_real_gateway() -> None:
    """A shifted legal clock is only for simulated callees (DESIGN.md 6)."""
    if not settings().clock_offset:
        return
    name = asyncio.run(describe(settings().gateway_url)).name
    if name != REHEARSAL_NAME:
        raise Invalid(
            f"CAMPANILE_CLOCK_OFFSET is set, but the gateway is {name!r}",
            hint="the legal clock may be shifted in a rehearsal only; unset it",
        )


def reconcile_ledger() -> None:
    """Let the database know every dial that the ledger knows (DESIGN D17).

    One that does not answer yet keeps nobody from starting: no claim is made before the
    ledger was read, whoever has to read it.
    """
    ledger = Ledger(settings().ledger_path)
    try:
        reconcile(ledger)
        if ledger.newest() > now().timestamp() + AHEAD_SECONDS:
            log.error("ledger.from_the_future", hint="nothing is dialed; set the clock")
    except OperationalError as error:
        log.warning("ledger.not_reconciled", error=in_short(error))
    finally:
        ledger.close()
