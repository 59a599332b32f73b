"""The broker, built once from the settings.

Messages are hints: an id and nothing else. Every one may be lost, doubled or late
without harm, because an actor's first act is a guarded UPDATE (DESIGN D1).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import dramatiq
from dramatiq.broker import Consumer
from dramatiq.brokers.redis import RedisBroker
from dramatiq.common import dq_name
from dramatiq.middleware import AgeLimit, Retries
from redis.client import Pipeline

from campanile.config import settings

CALLS, JOBS = "calls", "jobs"
MESSAGE_AGE_MS = 30_000


DELAY_QUEUE_POLL_MS = 1000
ANSWER_SECONDS = 5.0

_together: ContextVar[Pipeline | None] = ContextVar("together", default=None)


class Broker(RedisBroker):
    """Looks rarely at the queues for delayed messages: none of ours is ever delayed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
        dispatch = self.scripts["dispatch"]
        self.scripts["dispatch"] = lambda keys, args: dispatch(
            keys=keys, args=args, client=_together.get()
        )

    @contextmanager
    def together(self) -> Iterator[None]:
        """What this block sends leaves in one go at its end; nothing else may be asked
        of the broker in it."""
        with self.client.pipeline(transaction=False) as pipeline:
            mark = _together.set(pipeline)
            try:
                yield
            finally:
                _together.reset(mark)
            pipeline.execute()

    def lose_patience(self, seconds: float = ANSWER_SECONDS) -> None:
        """Have no command of this process wait longer for a Redis that stands still.
        Before the first one; the error is a RedisError."""
        self.client.connection_pool.connection_kwargs |= {
            "socket_timeout": seconds,
            "socket_connect_timeout": seconds,
        }

    def consume(
        self, queue_name: str, prefetch: int = 1, timeout: int = 5000
    ) -> Consumer:
        if queue_name == dq_name(queue_name):
            timeout = max(timeout, DELAY_QUEUE_POLL_MS)
        return super().consume(queue_name, prefetch, timeout)


def build() -> Broker:
    """No time limit and no retries: a call ends itself, and rows say what is to do."""
    return Broker(
        url=settings().redis_url,
        heartbeat_timeout=15_000,
        maintenance_chance=100_000,
        middleware=[AgeLimit(max_age=MESSAGE_AGE_MS), Retries(max_retries=0)],
    )


broker = build()
dramatiq.set_broker(broker)
__all__ = ["CALLS", "JOBS", "broker"]
