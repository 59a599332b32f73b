"""A real call worker against a real exchange, with servers that a test may break.

The test stands in for the scheduler: it reserves attempts and sends their messages. What
happened is read from the far end's own log.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import psutil  # type: ignore[import-untyped]
import pytest
import sqlalchemy as sa
from dramatiq import Message
from dramatiq.brokers.redis import RedisBroker
from sqlmodel import select

from campanile import clock, db
from campanile.calls.models import Attempt
from campanile.campaigns.models import Campaign
from campanile.config import settings
from campanile.db import transaction
from campanile.leads.importing import import_rows
from campanile.leads.lists import Row
from campanile.leads.models import Lead
from campanile.leads.states import LeadStatus
from campanile.numbers.models import PhoneNumber
from campanile.readiness import ready_file
from campanile.trunks.models import Trunk
from support.factories import LEASE, make_campaign
from support.product import Product
from support.waiting import wait_until

ROOT = Path(__file__).parents[2]
RINGS_FOR_EVER = ("+12125550183", "+12125550184", "+12125550185")
PICKS_UP = ("+12125550165", "+12125550166", "+12125550167")
"""and stays on the line, silent."""

QUICK = {
    "CAMPANILE_RENEW_SECONDS": "2",
    "CAMPANILE_GATEWAY_SESSION_SECONDS": "5",
    "CAMPANILE_LEASE_SECONDS": "12",
    "CAMPANILE_SELF_HANGUP_SECONDS": "15",
    "CAMPANILE_ORPHAN_REPORT_SECONDS": "20",
    "CAMPANILE_QUARANTINE_SECONDS": "40",
}
"""The times of DESIGN.md 4, shortened in the same order."""

TOO_LONG_TO_WAIT = 10.0
"""Seconds, more than half of a reservation's lease: nobody waits with his claim until an
instant that far ahead is near."""

PATIENT_AGENT = {
    "first_message": "Hello, this is Ada.",
    "voicemail_detection": False,
    "max_duration_seconds": 600,
    "speech_config": {
        "end_call_message": "I have to go now. Goodbye.",
        "silence": {"first_check_seconds": 60, "interval_seconds": 120},
    },
}


class Surroundings:
    """The rehearsal's phone network, whose callees say nothing, and canned providers.

    Shared by the tests of a module: starting them takes longer than many a test.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._providers = _started(str(ROOT / "benchmarks" / "canned_providers.py"))
        self.exchange: subprocess.Popen[str]
        self.gateway_url = ""
        self.start_exchange()
        self.provider_urls: dict[str, str] = json.loads(_line_of(self._providers))

    def start_exchange(self) -> None:
        """The first time, or again, at the same address, once it was killed."""
        port = "0"
        if self.gateway_url:
            self.exchange.communicate()
            port = str(urlsplit(self.gateway_url).port)
        self.exchange = _started(
            *("-m", "campanile.rehearsal.exchange", "--mute"),
            *("--data", str(self._folder), "--port", port),
            *("--session-timeout", QUICK["CAMPANILE_GATEWAY_SESSION_SECONDS"]),
        )
        self.gateway_url = _line_of(self.exchange)

    def log(self) -> list[dict[str, Any]]:
        """Everything that the exchange ever saw."""
        file = self._folder / "rehearsal" / "legs.ndjson"
        if not file.exists():
            return []
        return [json.loads(line) for line in file.read_text().splitlines()]

    def close(self) -> None:
        for process in (self.exchange, self._providers):
            process.kill()
            process.communicate()


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Surroundings]:
    made = Surroundings(tmp_path_factory.mktemp("surroundings"))
    yield made
    made.close()


def _started(*command: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.PIPE, text=True
    )


def _line_of(process: "subprocess.Popen[str]") -> str:
    """What it prints when it is ready."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


class CallWorker:
    """`start` it, `ring` somebody, look at `legs`."""

    def __init__(
        self, product: Product, redis_url: str, surroundings: Surroundings
    ) -> None:
        self.product = product
        self._redis_url = redis_url
        self.surroundings = surroundings
        self._before = len(surroundings.log())
        with transaction() as session:
            self.campaign_id = make_campaign(
                session, agent=PATIENT_AGENT, ring_timeout_seconds=60
            ).id

    def start(self, *by: str) -> None:
        """`by` is a program that runs it."""
        # What a killed one announced is not the word of the next.
        ready_file(settings().run_dir, "worker").unlink(missing_ok=True)
        self.product.run("worker", *by, "campanile_workers", "calls")

    def put_off(self, seconds: float) -> None:
        """So long from now the trunk lets nobody's INVITE leave."""
        instant = clock.now() + timedelta(seconds=seconds)
        with transaction() as session:
            session.execute(sa.update(Trunk).values(next_send_at=instant))

    @property
    def process(self) -> "subprocess.Popen[Any]":
        return self.product.processes["worker"]

    def cpu_seconds(self) -> float:
        used = psutil.Process(self.process.pid).cpu_times()
        return float(used.user + used.system)

    def events(self, name: str) -> list[dict[str, Any]]:
        """What the worker logged under this name."""
        return [e for e in self.product.events("worker") if e.get("event") == name]

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(how)

    def end_calls(self) -> None:
        """Twice: drain, and have what still runs say goodbye."""
        self.end(signal.SIGTERM)
        self.end(signal.SIGINT)  # a second SIGTERM could melt into the first one

    def wait(self, timeout: float = 30.0) -> int:
        return self.process.wait(timeout)

    def reserve(self, number: str) -> UUID:
        """A lead of this number, and a claimed attempt for it, as the tick makes it."""
        with transaction() as session:
            campaign = session.get_one(Campaign, self.campaign_id)
            import_rows(session, campaign, [Row(2, number, {})])
            lead = session.exec(select(Lead).where(Lead.phone_number == number)).one()
            lead.status = LeadStatus.CALLING
            caller = session.exec(select(PhoneNumber)).one()
            attempt = Attempt(
                organization_id=campaign.organization_id,
                root_id=campaign.organization_id,
                campaign_id=campaign.id,
                lead_id=lead.id,
                trunk_id=caller.trunk_id,
                number=1,
                phone_number=lead.phone_number,
                caller_id=caller.phone_number,
                lease_until=clock.now() + LEASE,
            )
            session.add(attempt)
            return attempt.id

    def send(self, attempt_id: UUID, *, age_ms: int = 0) -> None:
        self.send_words(str(attempt_id), age_ms=age_ms)

    def send_words(self, words: str, *, age_ms: int = 0) -> None:
        """A message as the scheduler sends it, whatever stands in it."""
        message: Message[Any] = Message(
            queue_name="calls",
            actor_name="place_call",
            args=(words,),
            kwargs={},
            options={},
        )
        aged = message.copy(message_timestamp=message.message_timestamp - age_ms)
        broker = RedisBroker(url=self._redis_url, middleware=[])  # type: ignore[no-untyped-call]
        broker.declare_queue("calls")
        broker.enqueue(aged)
        broker.close()

    def ring(self, number: str) -> UUID:
        attempt_id = self.reserve(number)
        self.send(attempt_id)
        return attempt_id

    def legs(self, event: str, attempt_id: UUID | None = None) -> list[dict[str, Any]]:
        """What the exchange saw: invite, ringing, answer, bye, cancel, …"""
        lines = self.surroundings.log()[self._before :]
        return [
            line
            for line in lines
            if line["event"] == event
            and (attempt_id is None or str(attempt_id) in line["call_id"])
        ]

    def wait_for(
        self, event: str, attempt_id: UUID, *, timeout: float = 60.0
    ) -> dict[str, Any]:
        wait_until(
            lambda: bool(self.legs(event, attempt_id)),
            f"the exchange sees {event}",
            timeout=timeout,
        )
        return self.legs(event, attempt_id)[0]

    def wait_for_state(
        self, attempt_id: UUID, *states: str, timeout: float = 60.0
    ) -> Attempt:
        wait_until(
            lambda: row(attempt_id).state in states,
            f"the attempt is {states}",
            timeout=timeout,
        )
        return row(attempt_id)


def row(attempt_id: UUID) -> Attempt:
    with transaction() as session:
        return session.exec(select(Attempt).where(Attempt.id == attempt_id)).one()


def lead_of(attempt_id: UUID) -> Lead:
    with transaction() as session:
        return session.get_one(Lead, session.get_one(Attempt, attempt_id).lead_id)


@contextmanager
def call_worker(
    data_dir: Path, surroundings: Surroundings, *, database_url: str, redis_url: str
) -> Iterator[CallWorker]:
    """Everything about a worker that the test starts itself."""
    noon_utc = clock.now().replace(hour=17, minute=0, second=0, microsecond=0)
    environment = {
        "CAMPANILE_DATABASE_URL": database_url,
        "CAMPANILE_REDIS_URL": redis_url,
        "CAMPANILE_GATEWAY_URL": surroundings.gateway_url,
        "CAMPANILE_MEDIA_ADDRESS": "127.0.0.1",
        "CAMPANILE_CLOCK_OFFSET": str((noon_utc - clock.now()).total_seconds()),
        **{
            f"CAMPANILE_{name.upper()}": url
            for name, url in surroundings.provider_urls.items()
        },
        **QUICK,
    }
    with ExitStack() as opened:
        patch = opened.enter_context(pytest.MonkeyPatch.context())
        for name, value in environment.items():
            patch.setenv(name, value)
        settings.cache_clear()
        db.forget_engine()
        opened.callback(db.forget_engine)
        product = opened.enter_context(Product(data_dir, environment))
        try:
            yield CallWorker(product, redis_url, surroundings)
        finally:
            # For whoever reads why a test failed; pytest shows it only then.
            print(product.log("worker")[-20_000:])  # noqa: T201
