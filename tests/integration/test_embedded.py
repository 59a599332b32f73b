"""The private servers, started for real: who may reach them, and what survives."""

import time

import psycopg
import sqlalchemy as sa
from redis import Redis
from support.services import Servers

from campanile import db


def test_the_private_database_answers_its_url(servers: Servers) -> None:
    engine = sa.create_engine(servers.postgres.url("postgres"))
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SHOW timezone")) == "UTC"
        assert connection.scalar(sa.text("SHOW listen_addresses")) == ""
        assert connection.scalar(sa.text("SELECT lower('ÄÖ')")) == "äö"
    engine.dispose()


def test_a_test_gets_a_migrated_database_of_its_own(database: str) -> None:
    with db.transaction() as session:
        tables = session.execute(sa.text("SELECT tablename FROM pg_tables")).scalars()
        assert "alembic_version" in set(tables)


def test_redis_answers_its_url(redis_url: str) -> None:
    with Redis.from_url(redis_url) as client:
        client.set("a", "b")
        assert client.get("a") == b"b"
