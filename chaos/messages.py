"""What a broken or hostile queue does: messages twice, late, forged."""

import json
import time
from random import Random
from uuid import UUID

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from redis import Redis

CALLS, JOBS = ("calls", "place_call"), ("jobs", "report_call")


class Messages:
    """Writes to Dramatiq's own keys; raises redis.RedisError and dramatiq's errors."""

    def __init__(self, url: str, rng: Random):
        self._broker = RedisBroker(url=url, middleware=[])
        for queue, _ in (CALLS, JOBS):
            self._broker.declare_queue(queue)
        self._redis: Redis = self._broker.client
        self._rng = rng

    def send(
        self, *attempts: object, to: tuple[str, str] = CALLS, age: float = 0.0
    ) -> None:
        """As the scheduler would; `age` seconds ago."""
        queue, actor = to
        for attempt in attempts:
            self._broker.enqueue(
                dramatiq.Message(
                    queue_name=queue,
                    actor_name=actor,
                    args=(attempt,),
                    kwargs={},
                    options={},
                    message_timestamp=int((time.time() - age) * 1000),
                )
            )

    def forge(self, ended: list[str]) -> None:
        """An id that never was, one whose attempt is over, or no id at all."""
        match self._rng.randrange(5):
            case 0 | 1:
                self.send(str(UUID(int=self._rng.getrandbits(128), version=4)))
            case 2 | 3:
                self.send(*ended, to=self._rng.choice((CALLS, JOBS)))
            case _:
                self._garbage()

    def _garbage(self) -> None:
        nonsense = self._rng.choice(("no id", 7, None, {"a": 1}, ["x"]))
        if self._rng.random() < 0.5:
            self.send(nonsense)
            return
        name = f"forged-{self._rng.getrandbits(64):x}"
        body = self._rng.choice((b"\x00\xff", b"{}", json.dumps(nonsense).encode()))
        self._redis.hset(f"dramatiq:{CALLS[0]}.msgs", name, body)
        self._redis.rpush(f"dramatiq:{CALLS[0]}", name)

    def flush(self) -> None:
        self._redis.flushall()

    def close(self) -> None:
        self._broker.close()
