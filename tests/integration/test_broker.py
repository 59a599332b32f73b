"""How a worker waits for its messages, on a real Redis."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import TYPE_CHECKING

import pytest
from dramatiq import Message
from dramatiq.broker import Consumer, MessageProxy

if TYPE_CHECKING:
    from campanile_workers.broker import Broker

QUEUE = "calls"


WAIT_SECONDS = 0.5
"""broker.WAIT_SECONDS; that module makes the process's broker when it is first imported,
so it has to find the settings of these tests."""


@pytest.fixture
def broker(redis_url: str) -> "Iterator[Broker]":
    from campanile_workers.broker import WAIT_SECONDS as waits
    from campanile_workers.broker import Broker

    assert waits == WAIT_SECONDS
    broker = Broker(url=redis_url, middleware=[])
    broker.declare_queue(QUEUE)
    yield broker
    broker.close()


def send(broker: "Broker", word: str) -> None:
    broker.enqueue(Message(QUEUE, "place_call", (word,), {}, {}))


def take(consumer: Consumer) -> tuple[MessageProxy, float]:
    """The next message and when it came."""
    for _ in range(20):
        if (message := next(consumer)) is not None:
            return message, time.monotonic()
    raise AssertionError("no message came")


def test_a_message_wakes_whoever_waits_for_one(broker: "Broker") -> None:
    consumer = broker.consume(QUEUE, prefetch=4, timeout=50)
    waited = []
    with ThreadPoolExecutor(1) as thread:
        for round_ in range(5):
            taken = thread.submit(take, consumer)
            time.sleep(WAIT_SECONDS / 4)  # by now it waits in Redis
            sent_at = time.monotonic()
            send(broker, str(round_))
            message, at = taken.result(10)
            assert message.args == (str(round_),)
            waited.append(at - sent_at)
            consumer.ack(message)
    assert min(waited) < 0.05


def test_messages_keep_their_order_and_each_is_taken_once(broker: "Broker") -> None:
    consumers = [broker.consume(QUEUE, prefetch=2, timeout=50) for _ in range(3)]
    for number in range(6):
        send(broker, str(number))
    taken = [take(consumer)[0].args[0] for consumer in consumers for _ in range(2)]
    assert taken == ["0", "1", "2", "3", "4", "5"]


def test_who_waits_for_nothing_asks_seldom(broker: "Broker") -> None:
    consumer = broker.consume(QUEUE, prefetch=4, timeout=50)
    until = time.monotonic() + 3 * WAIT_SECONDS
    asked = next(n for n in count() if next(consumer) or time.monotonic() > until)
    assert asked <= 3


def test_who_holds_all_it_may_does_not_wait_for_more(broker: "Broker") -> None:
    consumer = broker.consume(QUEUE, prefetch=1, timeout=10)
    for word in ("one", "two"):
        send(broker, word)
    held, _ = take(consumer)
    asked_at = time.monotonic()
    assert [next(consumer) for _ in range(3)] == [None] * 3
    assert time.monotonic() - asked_at < WAIT_SECONDS
    consumer.ack(held)
    assert take(consumer)[0].args == ("two",)
