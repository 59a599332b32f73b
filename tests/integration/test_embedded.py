"""The private servers, started for real: who may reach them, and what survives."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from redis import Redis

from campanile import db
from campanile.embedded.postgres import PrivatePostgres
from campanile.embedded.redis import PrivateRedis, redis_servers
from campanile.embedded.supervisor import Supervisor
from campanile.errors import Conflict
from support.services import Servers


@contextmanager
def running_postgres(data_dir: Path) -> Iterator[PrivatePostgres]:
    postgres = PrivatePostgres(data_dir / "postgres", settings={"fsync": "off"})
    with Supervisor(data_dir) as supervisor:
        postgres.prepare()
        supervisor.start(postgres.service())
        supervisor.wait_until_ready("postgres")
        postgres.create_database()
        yield postgres


def ask(url: str, statement: str) -> object:
    engine = sa.create_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(sa.text(statement))
            return result.scalar() if result.returns_rows else None
    finally:
        engine.dispose()


def test_the_database_speaks_utc_and_unicode_and_no_tcp(servers: Servers) -> None:
    url = servers.postgres.url("postgres")
    assert ask(url, "SHOW timezone") == "UTC"
    assert ask(url, "SHOW listen_addresses") == ""
    assert ask(url, "SELECT lower('ÄÖ')") == "äö"


def test_the_database_wants_its_password(servers: Servers) -> None:
    url = sa.make_url(servers.postgres.url("postgres"))
    folder = str(url.query["host"])
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host=folder, user="campanile", dbname="postgres", port=5432)


def test_a_test_gets_a_migrated_database_of_its_own(database: str) -> None:
    with db.transaction() as session:
        tables = session.execute(sa.text("SELECT tablename FROM pg_tables")).scalars()
        assert "alembic_version" in set(tables)


def test_data_survive_a_restart(data_dir: Path) -> None:
    with running_postgres(data_dir) as postgres:
        ask(postgres.url(), "CREATE TABLE kept AS SELECT 42 AS answer")
    with running_postgres(data_dir) as postgres:
        assert ask(postgres.url(), "SELECT answer FROM kept") == 42


def test_a_deep_folder_with_spaces_and_accents_will_do(data_dir: Path) -> None:
    deep = data_dir / "mes données, vraiment" / ("très long " * 8)
    with running_postgres(deep) as postgres:
        assert ask(postgres.url(), "SELECT 1") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server is another account's")
def test_root_may_keep_its_data_where_the_server_cannot_go(data_dir: Path) -> None:
    closed = data_dir / "root's"
    closed.mkdir(mode=0o700)
    with running_postgres(closed / "data") as postgres:
        assert ask(postgres.url(), "SELECT 1") == 1
        outside = (closed / "data" / "postgres").resolve()
        assert closed not in outside.parents
    postgres.remove()
    assert not outside.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server is another account's")
def test_a_data_folder_of_roots_alone_lets_the_server_through(data_dir: Path) -> None:
    data_dir.chmod(0o700)
    with running_postgres(data_dir):
        assert not (data_dir / "postgres").is_symlink()
    assert data_dir.stat().st_mode & 0o007 == 0


def test_a_second_supervisor_is_told_of_the_first(data_dir: Path) -> None:
    with (
        Supervisor(data_dir),
        pytest.raises(Conflict, match=str(os.getpid())),
        Supervisor(data_dir),
    ):
        pass


@pytest.mark.parametrize("program", [*redis_servers()])
def test_every_kind_of_redis_serves(data_dir: Path, program: str) -> None:
    redis = PrivateRedis(data_dir / "with a space" / ("r" * 90), program=program)
    with Supervisor(data_dir) as supervisor:
        supervisor.start(redis.service())
        supervisor.wait_until_ready("redis")
        with Redis.from_url(redis.url()) as client, Redis.from_url(redis.url()) as twin:
            client.rpush("list", "a", "b")
            assert twin.lrange("list", 0, -1) == [b"a", b"b"]
            assert client.eval("return redis.call('llen', KEYS[1])", 1, "list") == 2
