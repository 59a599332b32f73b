"""A database that stands still holds nobody for long, and serves again afterwards."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from campanile import db
from campanile.config import settings
from support.private_servers import PrivateServer, private_postgres

PATIENCE = 1.0


@pytest.fixture
def postgres(monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateServer]:
    with private_postgres() as (server, url):
        monkeypatch.setenv("CAMPANILE_DATABASE_URL", url)
        settings.cache_clear()
        db.forget_engine()
        db.lose_patience(PATIENCE)
        assert ask() == 42
        yield server
        db.lose_patience(None)
        server.thaw()
        db.forget_engine()


def ask() -> int:
    with db.transaction() as session:
        return int(session.execute(sa.text("SELECT 42")).scalar_one())


def seconds_until_it_gives_up() -> float:
    began = time.monotonic()
    with pytest.raises(OperationalError):
        ask()
    return time.monotonic() - began


def test_every_thread_is_given_back_while_it_is_frozen(postgres: PrivateServer) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: ask(), range(8))) == [42] * 8
        postgres.freeze()
        waits = [pool.submit(seconds_until_it_gives_up) for _ in range(16)]
        # One loses patience with its old connection, then cannot make a new one.
        assert max(wait.result() for wait in waits) < 3 * (PATIENCE + 2)
    postgres.thaw()
    assert ask() == 42


def test_who_lost_patience_in_mid_transaction_finds_nothing_written(
    postgres: PrivateServer,
) -> None:
    with db.transaction() as session:
        session.execute(sa.text("CREATE TABLE said (word text)"))
    with pytest.raises(OperationalError):
        write_until_it_freezes(postgres)
    postgres.thaw()
    with db.transaction() as session:
        assert session.execute(sa.text("SELECT count(*) FROM said")).scalar_one() == 0


def write_until_it_freezes(postgres: PrivateServer) -> None:
    with db.transaction() as session:
        session.execute(sa.text("INSERT INTO said VALUES ('half')"))
        postgres.freeze()
        session.execute(sa.text("SELECT 1"))


def test_an_import_may_take_its_time(postgres: PrivateServer) -> None:
    db.lose_patience(None)
    with ThreadPoolExecutor(1) as pool:
        postgres.freeze()
        answer = pool.submit(ask)
        time.sleep(2 * PATIENCE)
        assert not answer.done()
        postgres.thaw()
        assert answer.result() == 42
