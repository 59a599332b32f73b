"""The broker, built once from the settings.

Messages are hints: an id and nothing else. Every one may be lost, doubled or late
without harm, because an actor's first act is a guarded UPDATE (DESIGN D1).
"""

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import AgeLimit, Retries

from campanile.config import settings

CALLS, JOBS = "calls", "jobs"
MESSAGE_AGE_MS = 30_000


def build() -> RedisBroker:
    """No time limit and no retries: a call ends itself, and rows say what is to do."""
    return RedisBroker(
        url=settings().redis_url,
        heartbeat_timeout=15_000,
        maintenance_chance=100_000,
        middleware=[AgeLimit(max_age=MESSAGE_AGE_MS), Retries(max_retries=0)],
    )


broker = build()
dramatiq.set_broker(broker)
__all__ = ["CALLS", "JOBS", "broker"]
