"""What must be true before a process that dials may start."""

import asyncio

from campanile.config import settings
from campanile.errors import Invalid
from campanile.telephony.janus import describe

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
