"""The broker, built once from the settings.

Messages are hints: an id and nothing else. Every one may be lost, doubled or late
without harm, because an actor's first act is a guarded UPDATE (DESIGN D1).
"""

import dramatiq
from dramatiq.broker import Consumer
from dramatiq.brokers.redis import RedisBroker
from dramatiq.common import dq_name
from dramatiq.middleware import AgeLimit, Retries

from campanile.config import settings

CALLS, JOBS = "calls", "jobs"
MESSAGE_AGE_MS = 30_000


DELAY_QUEUE_POLL_MS = 1000


class Broker(RedisBroker):
    """Looks rarely at the queues for delayed messages: none of ours is ever delayed."""

    def consume(
        self, queue_name: str, prefetch: int = 1, timeout: int = 5000
    ) -> Consumer:
        if queue_name == dq_name(queue_name):
            timeout = max(timeout, DELAY_QUEUE_POLL_MS)
        return super().consume(queue_name, prefetch, timeout)


def build() -> Broker:
    """No time limit and no retries: a call ends itself, and rows say what is to do."""
    return Broker(  # type: ignore[no-untyped-call]  # dramatiq's own is untyped
        url=settings().redis_url,
        heartbeat_timeout=15_000,
        maintenance_chance=100_000,
        middleware=[AgeLimit(max_age=MESSAGE_AGE_MS), Retries(max_retries=0)],
    )


broker = build()
dramatiq.set_broker(broker)
__all__ = ["CALLS", "JOBS", "broker"]
