"""A private PostgreSQL with as many campaigns and leads as one asks for.

Its settings are those of `campanile up`: one server, 64 MB of shared buffers, every
commit on the disk. The numbers begin with +0, so nobody has them.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4
from zoneinfo import available_timezones

import psycopg
from sqlmodel import Session

from campanile import db
from campanile.agents.config import AgentConfig
from campanile.agents.models import Agent
from campanile.capacity.models import WorkerLease
from campanile.clock import now
from campanile.config import settings
from campanile.embedded.postgres import PrivatePostgres
from campanile.embedded.supervisor import Supervisor
from campanile.numbers.models import PhoneNumber
from campanile.organizations.models import default_organization
from campanile.trunks.models import Trunk

TRUNKS = 5
SLOTS = 200
BYTES_PER_LEAD = 700
"""with its indexes and the log of writing them"""
_ZONES = sorted(
    zone
    for zone in available_timezones()
    if zone.startswith(("America/", "Europe/", "Asia/", "Australia/", "Africa/"))
)


@contextmanager
def server(folder: Path) -> Iterator[PrivatePostgres]:
    """A server with the newest schema; the settings of this process name it."""
    folder.chmod(0o755)  # root's PostgreSQL runs under another account
    postgres = PrivatePostgres(folder / "postgres")
    postgres.prepare()
    with Supervisor(folder) as supervisor:
        supervisor.start(postgres.service())
        supervisor.wait_until_ready("postgres")
        postgres.create_database()
        os.environ["CAMPANILE_DATABASE_URL"] = postgres.url()
        os.environ["CAMPANILE_DATA_DIR"] = str(folder)
        os.environ["CAMPANILE_PROVIDER_SLOTS"] = str(SLOTS)
        os.environ["CAMPANILE_CLOCK_OFFSET"] = str(offset_to_wednesday())
        settings.cache_clear()
        db.forget_engine()
        db.migrate()
        yield postgres
        db.forget_engine()


def offset_to_wednesday() -> float:
    """Seconds from now to an hour of a working day at which half the world may be rung."""
    today = now().replace(hour=15, minute=0, second=0, microsecond=0)
    return (today + timedelta(days=(2 - today.weekday()) % 7) - now()).total_seconds()


def refuse_without_room(folder: Path, leads: int) -> None:
    free, needed = shutil.disk_usage(folder).free, 2 * leads * BYTES_PER_LEAD
    if free < needed:
        raise SystemExit(
            f"{leads} leads need about {needed / 1e9:.0f} GB free in {folder}; "
            f"there are {free / 1e9:.0f}."
        )


def fill(*, campaigns: int, leads: int, profiles: int) -> None:
    """Running campaigns of every zone and hour, each with leads in every profile.

    Seven in ten leads wait, two thirds of them due; the others were called before.
    """
    with db.transaction() as session:
        organization, agent = _owner(session)
    with _plain_connection() as connection:
        run = connection.execute
        run("SET session_replication_role = replica")  # no look at each foreign key
        step = len(_ZONES) / profiles
        zones = [_ZONES[int(n * step)] for n in range(profiles)]
        run(
            "INSERT INTO dial_profile (zones, jurisdiction)"
            " SELECT ARRAY[zone], CASE WHEN zone LIKE 'America/%%' THEN 'US' ELSE 'GB'"
            " END FROM unnest(%s::text[]) zone",
            (zones,),
        )
        run(
            _CAMPAIGNS,
            {"n": campaigns, "org": organization, "agent": agent, "zones": zones},
        )
        run("SET synchronous_commit = off")
        run("SET maintenance_work_mem = '512MB'")
        with _without_indexes(connection, "lead"):
            run(_LEADS, {"n": leads, "campaigns": campaigns, "org": organization})
        run(_ATTEMPTS, {"org": organization})
        run("VACUUM ANALYZE")
        run("CHECKPOINT")


def live(session: Session) -> None:
    """A worker that lives through any benchmark."""
    session.add(
        WorkerLease(
            id="worker",
            slots=SLOTS,
            lease_until=now().replace(year=now().year + 1),
            started_at=now(),
        )
    )


def _owner(session: Session) -> tuple[UUID, UUID]:
    organization = default_organization(session)
    agents = [
        Agent(
            organization_id=organization.id,
            name=f"agent {n}",
            config=AgentConfig(name="Ada").model_dump(mode="json", by_alias=True),
        )
        for n in range(TRUNKS)
    ]
    trunks = [
        Trunk(
            id=uuid4(),
            organization_id=organization.id,
            name=f"trunk {n}",
            address="trunk.invalid",
            channels=SLOTS // TRUNKS,
            calls_per_second=10.0,
        )
        for n in range(TRUNKS)
    ]
    session.add_all([*agents, *trunks])
    session.flush()
    for n, (agent, trunk) in enumerate(zip(agents, trunks, strict=True)):
        session.add(
            PhoneNumber(
                organization_id=organization.id,
                phone_number=f"+1212555010{n}",
                agent_id=agent.id,
                trunk_id=trunk.id,
            )
        )
    live(session)
    session.flush()
    return organization.id, agents[0].id


@contextmanager
def _plain_connection() -> Iterator[psycopg.Connection]:
    """Without the product's time-outs."""
    url = settings().database_url.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@contextmanager
def _without_indexes(connection: psycopg.Connection, table: str) -> Iterator[None]:
    """Millions of rows are written first and indexed afterwards: minutes, not hours."""
    run = connection.execute
    keys = run(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
        "  FROM pg_constraint WHERE contype IN ('p', 'u', 'f')"
        "   AND (confrelid = %s::regclass"
        "        OR (conrelid = %s::regclass AND contype <> 'f'))"
        " ORDER BY contype DESC",  # unique, primary, foreign: the way back
        (table, table),
    ).fetchall()
    for owner, name, _ in reversed(keys):
        run(f"ALTER TABLE {owner} DROP CONSTRAINT {name}")  # type: ignore[arg-type]
    indexes = run(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s", (table,)
    ).fetchall()
    for name, _ in indexes:
        run(f"DROP INDEX {name}")  # type: ignore[arg-type]
    yield
    for owner, name, definition in keys:
        run(f"ALTER TABLE {owner} ADD CONSTRAINT {name} {definition}")  # type: ignore[arg-type]
    for _, definition in indexes:
        run(definition)  # type: ignore[arg-type]


_CAMPAIGNS = """
INSERT INTO campaign (id, organization_id, agent_id, number_id, status, name,
       schedule_start_time, schedule_end_time, timezone, max_concurrent, max_attempts,
       retry_delay_seconds, ring_timeout_seconds, consent_required, paused_reason,
       created_at, updated_at, started_at)
SELECT gen_random_uuid(), %(org)s, %(agent)s,
       (SELECT id FROM phone_number ORDER BY id OFFSET n %% 5 LIMIT 1),
       'scheduled', 'campaign ' || n,
       make_time(7 + n %% 4, 0, 0), make_time(15 + n %% 7, 30, 0),
       (%(zones)s::text[])[1 + n %% cardinality(%(zones)s::text[])],
       2 + n %% 10, 3, 3600, 20 + n %% 3 * 10, false, '', now(), now(), now()
  FROM generate_series(1, %(n)s) n
"""
_LEADS = """
INSERT INTO lead (id, organization_id, campaign_id, profile_id, position, phone_number,
       variables, status, reason, attempts, refunds, next_attempt_at, place_source,
       created_at)
SELECT gen_random_uuid(), %(org)s, c.id, p.id, n / %(campaigns)s,
       '+0' || lpad(n::text, 11, '0'),
       '{"first_name": "Robin", "street": "12 Example Street", "code": "A1"}',
       CASE WHEN random() < 0.7 THEN 'pending' WHEN random() < 0.5 THEN 'completed'
            ELSE 'failed' END,
       '', 0, 0, now() + (random() * 3 - 2) * interval '1 day', 'number', now()
  FROM generate_series(1, %(n)s) n
  JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS nth FROM campaign) c
    ON c.nth = n %% %(campaigns)s
  JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS nth FROM dial_profile) p
    ON p.nth = n / %(campaigns)s %% (SELECT count(*) FROM dial_profile)
"""
_ATTEMPTS = """
INSERT INTO attempt (id, organization_id, root_id, campaign_id, lead_id, trunk_id,
       number, phone_number, caller_id, state, charged, renewed_at, lease_until,
       claimed_at, dialed_at, ended_at, reported_at, disposition, messages, timings,
       analysis_tries)
SELECT gen_random_uuid(), %(org)s, %(org)s, l.campaign_id, l.id,
       (SELECT id FROM trunk LIMIT 1), 1, l.phone_number, '+12125550100', 'reported',
       true, t, t, t, t, t, t, 'completed', '[]', '{}', 1
  FROM lead l CROSS JOIN (SELECT now() - interval '1 day' AS t) moment
 WHERE l.status = 'completed'
"""
