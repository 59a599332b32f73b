"""Fixtures: a private PostgreSQL and Redis for the session, an own database per test.

The servers are those of `campanile up`, started by the same code. `database` is a copy
of a template that was migrated once, so a test may commit what it likes.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from redis import Redis

from campanile import db
from campanile.config import settings
from campanile.embedded.postgres import PrivatePostgres
from campanile.embedded.redis import PrivateRedis
from campanile.embedded.supervisor import Supervisor

TEMPLATE = "template_campanile"


@dataclass(frozen=True)
class Servers:
    postgres: PrivatePostgres
    redis_url: str


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with tempfile.TemporaryDirectory(prefix="campanile-tests-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # root's PostgreSQL runs under another account
        postgres = PrivatePostgres(folder / "postgres", settings={"fsync": "off"})
        postgres.prepare()
        redis = PrivateRedis(folder / "redis")
        with Supervisor(folder) as supervisor:
            supervisor.start(postgres.service(), redis.service())
            supervisor.wait_until_ready("postgres", "redis")
            yield Servers(postgres, redis.url())


@pytest.fixture(scope="session")
def migrated(servers: Servers) -> Servers:
    """The servers, with the newest schema in the database `TEMPLATE`."""
    servers.postgres.create_database(TEMPLATE)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CAMPANILE_DATABASE_URL", servers.postgres.url(TEMPLATE))
        settings.cache_clear()
        db.forget_engine()
        db.migrate()
        db.forget_engine()
    settings.cache_clear()
    return servers


_numbers = count(1)


@pytest.fixture
def database(migrated: Servers, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A migrated, empty database of this test alone; the settings name it. Its URL."""
    name = f"test_{next(_numbers)}"
    migrated.postgres.create_database(name, template=TEMPLATE)
    monkeypatch.setenv("CAMPANILE_DATABASE_URL", migrated.postgres.url(name))
    settings.cache_clear()
    db.forget_engine()
    yield migrated.postgres.url(name)
    db.forget_engine()
    migrated.postgres.drop_database(name)


@pytest.fixture
def redis_url(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty Redis; the settings name it. Its URL."""
    with Redis.from_url(servers.redis_url) as client:
        client.flushall()
    monkeypatch.setenv("CAMPANILE_REDIS_URL", servers.redis_url)
    settings.cache_clear()
    return servers.redis_url


@pytest.fixture
def data_dir(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder that servers of another account can enter; the settings name it."""
    with tempfile.TemporaryDirectory(prefix="campanile-data-") as name:
        Path(name).chmod(0o755)
        monkeypatch.setenv("CAMPANILE_DATA_DIR", name)
        settings.cache_clear()
        yield Path(name)
