"""The whole thread against the real Janus, with SIPp as the callee.

One CSV row → tick → Dramatiq actor → Janus → SIPp → a result row. Worker and provider
server live in the network namespace beside Janus; scheduler, jobs, PostgreSQL and Redis
outside it. The legal clock is the real one (a real gateway refuses any other), so the
lead is taken from wherever it is day.
"""

import os
import wave
from collections.abc import Iterator
from datetime import UTC, datetime, time
from pathlib import Path

import numpy as np
import pytest
from sqlmodel import select

from campanile.audio.frames import SAMPLE_RATE, Pcm
from campanile.calls.models import Attempt, Report
from campanile.campaigns.models import Campaign
from campanile.compliance.hours import CampaignHours, Place, is_open
from campanile.compliance.may_dial import SPARE
from campanile.db import transaction
from campanile.leads.importing import import_rows
from campanile.leads.lists import read_rows
from campanile.leads.models import Lead
from campanile.numbers.phones import parse
from support.factories import make_campaign, make_trunk
from support.product import Product
from support.real_phone_network import (
    TONE_HZ,
    RealPhoneNetwork,
    require_phone_network,
)
from support.waiting import wait_until

ANYWHERE = (
    "+18085550101",
    "+13405550101",
    "+12125550101",
    "+16715550101",
    "+442079460001",
)
"""Honolulu, the Virgin Islands, New York, Guam and London. No law closes the American
ones on a Sunday or holiday, and their days cover all but the hour before 12:00 UTC;
that one is London's, from Monday to Saturday."""

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealPhoneNetwork]:
    require_phone_network()
    with RealPhoneNetwork(tmp_path_factory.mktemp("phones")) as phones:
        yield phones


@pytest.fixture
def product(
    network: RealPhoneNetwork, database: str, redis_url: str, data_dir: Path
) -> Iterator[Product]:
    env = {
        "CAMPANILE_DATABASE_URL": database,
        "CAMPANILE_REDIS_URL": redis_url,
        "CAMPANILE_GATEWAY_URL": network.gateway_url,
        "CAMPANILE_MEDIA_ADDRESS": network.media_address,
    }
    with Product(data_dir, env) as running:
        inside = network.namespace.start
        found = running.run(
            "providers", "campanile.cli.main", "rehearsal", "providers", inside=inside
        )
        running.env |= {
            f"CAMPANILE_{name.upper()}": str(url)
            for name, url in found.items()
            if name.endswith("_url")
        }
        running.run("worker", "campanile_workers", "calls", inside=inside)
        running.run("jobs", "campanile_workers", "jobs", inside=inside)
        running.run("scheduler", "campanile_scheduler")
        yield running


ALWAYS = CampaignHours.daily("UTC", time(0), time(0))


def number_where_it_is_day() -> str:
    now = datetime.now(UTC)
    for number in ANYWHERE:
        phone = parse(number)
        place = Place(phone.zones, phone.jurisdictions)
        if is_open(ALWAYS, place, now, room=SPARE * 30):
            return number
    raise AssertionError(f"at {now} nobody of {ANYWHERE} may be rung; try at noon UTC")


def start_campaign(trunk_address: str, folder: Path, **agent: object) -> str:
    """One CSV row in a running campaign; answers the number."""
    number = number_where_it_is_day()
    leads = folder / "leads.csv"
    leads.write_text(f"phone_number,first_name\n{number},Anna\n")
    with transaction() as session:
        trunk = make_trunk(session, address=trunk_address)
        campaign = make_campaign(
            session,
            trunk=trunk,
            agent={"first_message": "Hello {{first_name}}.", **agent},
            schedule_start_time=time(0),
            schedule_end_time=time(23, 59, 59),
            timezone=parse(number).zones[0],
            max_attempts=1,
            ring_timeout_seconds=8,
        )
        import_rows(session, campaign, read_rows(leads))
    return number


def the_report(timeout: float = 90.0) -> Report:
    def written() -> bool:
        with transaction() as session:
            return session.exec(select(Report)).first() is not None

    wait_until(written, "the report is written", timeout=timeout)
    with transaction() as session:
        return session.exec(select(Report)).one()


def the_attempt() -> tuple[Attempt, Lead, Campaign]:
    with transaction() as session:
        attempt = session.exec(select(Attempt)).one()
        return (
            attempt,
            session.get_one(Lead, attempt.lead_id),
            session.get_one(Campaign, attempt.campaign_id),
        )


def sides(file: Path) -> tuple[Pcm, Pcm]:
    """The callee's and the agent's channel of a recording."""
    with wave.open(str(file)) as recording:
        assert (recording.getnchannels(), recording.getframerate()) == (2, SAMPLE_RATE)
        samples = np.frombuffer(recording.readframes(1 << 30), np.int16).reshape(-1, 2)
    return samples[:, 0], samples[:, 1]


def pitch(pcm: Pcm) -> float:
    """The strongest frequency, in hertz."""
    spectrum = np.abs(np.fft.rfft(pcm.astype(float)))
    return float(np.argmax(spectrum) * SAMPLE_RATE / len(pcm))


def test_an_answered_call_is_heard_recorded_and_reported(
    network: RealPhoneNetwork, product: Product, tmp_path: Path
) -> None:
    callee = network.callee("answer_with_tone")
    start_campaign(
        callee.address, tmp_path, max_duration_seconds=10, voicemail_detection=False
    )
    report = the_report()
    attempt, lead, _ = the_attempt()

    assert callee.received()[0] == "INVITE"
    assert callee.received()[-1] == "BYE"
    assert str(attempt.id) in callee.first("INVITE").header("Call-ID")
    assert (attempt.state, attempt.end_reason) == ("reported", "max_duration")
    assert attempt.answered_at is not None
    assert report.payload["call"]["id"] == str(attempt.id)
    assert lead.attempts == 1
    heard, said = sides(product.data_dir / "recordings" / str(attempt.recording))
    assert abs(pitch(heard[SAMPLE_RATE * 2 : SAMPLE_RATE * 6]) - TONE_HZ) <= 2
    assert said.std() > 100  # the greeting went out


def test_what_the_agent_says_reaches_the_callee(
    network: RealPhoneNetwork, product: Product, tmp_path: Path
) -> None:
    callee = network.callee("answer", echo=True)
    start_campaign(
        callee.address, tmp_path, max_duration_seconds=10, voicemail_detection=False
    )
    the_report()
    attempt, _, _ = the_attempt()
    heard, said = sides(product.data_dir / "recordings" / str(attempt.recording))
    echo = np.correlate(
        heard.astype(float), said[: SAMPLE_RATE * 4].astype(float), "valid"
    )
    strength = echo.max() / (np.linalg.norm(said[: SAMPLE_RATE * 4].astype(float)) ** 2)
    assert strength > 0.8  # G.711 both ways: what came back is what was said


def test_a_busy_number_is_busy(
    network: RealPhoneNetwork, product: Product, tmp_path: Path
) -> None:
    callee = network.callee("reject", code=486, phrase="Busy Here", q850=17)
    start_campaign(callee.address, tmp_path)
    report = the_report()
    attempt, lead, _ = the_attempt()

    assert (attempt.disposition, attempt.sip_code) == ("busy", 486)
    assert (lead.status, lead.disposition) == ("failed", "busy")
    assert report.payload["disposition"] == "busy"
    assert callee.received().count("INVITE") == 1


def test_when_the_worker_is_killed_the_callee_is_let_go_and_not_rung_again(
    network: RealPhoneNetwork, product: Product, tmp_path: Path
) -> None:
    callee = network.callee("answer_with_tone", calls=None)
    start_campaign(callee.address, tmp_path)
    wait_until(lambda: "ACK" in callee.received(), "the call is up", timeout=30)
    pid = int((product.data_dir / "run" / "worker.pid").read_text())
    killed_at = datetime.now(UTC).timestamp()
    os.kill(pid, 9)

    bye = callee.wait_for("BYE", timeout=5)
    assert bye.at - killed_at < 1.5
    report = the_report(timeout=120)
    attempt, lead, _ = the_attempt()
    assert (attempt.disposition, attempt.end_reason) == ("unknown", "infrastructure")
    assert lead.status in ("failed", "pending")
    assert report.payload["end_reason"] == "infrastructure"
    assert callee.received().count("INVITE") == 1
