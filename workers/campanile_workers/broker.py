"""The broker, built once from the settings.

Messages are hints: an id and nothing else. Every one may be lost, doubled or late
without harm, because an actor's first act is a guarded UPDATE (DESIGN D1).
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import dramatiq
from dramatiq.broker import Consumer, MessageProxy
from dramatiq.brokers.redis import RedisBroker
from dramatiq.common import dq_name
from dramatiq.errors import ConnectionClosed
from dramatiq.middleware import AgeLimit, Retries
from redis.client import Pipeline
from redis.exceptions import ConnectionError as RedisGone

from campanile.config import settings

CALLS, JOBS = "calls", "jobs"
MESSAGE_AGE_MS = 30_000


DELAY_QUEUE_POLL_MS = 1000
WAIT_SECONDS = 0.5
"""How long an idle consumer waits in Redis before it looks whether it is to stop."""
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
        return _Waiting(self, super().consume(queue_name, prefetch, timeout))


class _Waiting(Consumer):
    """Wakes with the first message; Dramatiq's own asks for one every few ms, which
    cost 2 % of a core where nothing happens."""

    def __init__(self, broker: Broker, consumer: Any) -> None:
        self._redis = broker.client
        self._queue = f"{broker.namespace}:{consumer.queue_name}"
        self._consumer = consumer

    def __next__(self) -> MessageProxy | None:
        consumer = self._consumer
        if not consumer.message_cache and (
            consumer.outstanding_message_count < consumer.prefetch
        ):
            self._wait()
        message: MessageProxy | None = next(consumer)
        return message

    def _wait(self) -> None:
        """Until the queue, a list, holds something: moving its head to its head waits
        for one and changes nothing (Redis 6.2)."""
        try:
            self._redis.blmove(self._queue, self._queue, WAIT_SECONDS, "LEFT", "LEFT")  # type: ignore[arg-type]  # Redis takes parts of a second
        except RedisGone as error:
            raise ConnectionClosed(error) from None

    def ack(self, message: MessageProxy) -> None:
        self._consumer.ack(message)

    def nack(self, message: MessageProxy) -> None:
        self._consumer.nack(message)

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        self._consumer.requeue(messages)

    def close(self) -> None:
        self._consumer.close()


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
