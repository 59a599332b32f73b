"""The database: one engine per process, one way to open a transaction.

Sessions are synchronous everywhere (DESIGN D7); whoever lives on an event loop runs
them in the loop's own small executor. A function that takes a `session` never commits.
"""

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import cache
from importlib import import_module
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.errors import IdleInTransactionSessionTimeout
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Field, Session, SQLModel

from campanile.clock import now
from campanile.config import settings
from campanile.errors import Unavailable

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

STATEMENT_MS = 3000
LOCK_MS = 1000
IDLE_MS = 10_000
"""A process that stands still in mid-transaction keeps its locks, a trunk's next instant
among them, no longer than this from all the others."""
ANSWER_SECONDS = 5.0
"""Longer than a statement may take: by then the server would have said so itself."""


_IN_THE_WAY = ("55P03", "57014", "40P01")
"""lock_not_available, query_canceled, deadlock_detected"""


class NoAnswer(psycopg.OperationalError):
    """The server holds the connection and says nothing."""


class _Connection(psycopg.Connection[Any]):
    """One that can lose patience with a server that stands still.

    A frozen server never reaches its own time-outs, and its kernel still acknowledges
    what is sent, so that no option of TCP helps. The server's own loss of patience with
    us is told like any other loss of a connection.
    """

    patience: float | None = None
    """seconds; None, as for migrations and imports: none is lost"""

    def wait(self, gen: Any, *args: Any, **options: Any) -> Any:
        if self.patience is not None:
            gen = _within(gen, self.patience)
        try:
            return super().wait(gen, *args, **options)
        except NoAnswer:
            self.close()  # the pool must not hand it out again
            raise
        except IdleInTransactionSessionTimeout as error:
            self.close()
            raise psycopg.OperationalError(str(error)) from error


def _within(
    steps: Generator[Any, Any, Any], seconds: float
) -> Generator[Any, Any, Any]:
    """psycopg's protocol with the server, given up when nothing has come by then."""
    deadline = time.monotonic() + seconds
    try:
        wanted = next(steps)
        while True:
            ready = yield wanted
            if not ready and time.monotonic() > deadline:
                raise NoAnswer(f"the database has not answered for {seconds:g} s")
            wanted = steps.send(ready)
    except StopIteration as done:
        return done.value


def in_the_way(error: OperationalError) -> bool:
    """The database answers, but a lock or its time limit was in the way of this one."""
    return getattr(error.orig, "sqlstate", None) in _IN_THE_WAY


def in_short(error: Exception) -> str:
    """The first line of what the database said, without the statement."""
    return str(getattr(error, "orig", None) or error).split("\n")[0]


def lose_patience(seconds: float | None = ANSWER_SECONDS) -> None:
    """Have no statement of this process wait longer for its answer.

    For processes whose calls or ticks must go on; the error is an OperationalError.
    Whether the statement took effect is then unknown.
    """
    _Connection.patience = seconds


@cache
def engine() -> Engine:
    """The engine of this process, made on first use."""
    url = settings().database_url
    if not url:
        raise Unavailable(
            "no database is known",
            hint="start the private one with `campanile up`, "
            "or set CAMPANILE_DATABASE_URL",
        )
    # Foreign keys name their tables as text; a process must know every table before its
    # first flush, whichever of them it imports itself. By name: db is the bottom layer.
    import_module("campanile.migrations.tables")
    made = sa.create_engine(
        url,
        pool_size=8,
        max_overflow=4,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": 2,
            "options": f"-c timezone=UTC -c statement_timeout={STATEMENT_MS}"
            f" -c lock_timeout={LOCK_MS}"
            f" -c idle_in_transaction_session_timeout={IDLE_MS}",
        },
    )
    sa.event.listen(made, "do_connect", _connect)
    return made


def _connect(_dialect: Any, _record: Any, words: Any, options: Any) -> _Connection:
    return _Connection.connect(*words, **options)


@contextmanager
def transaction() -> Iterator[Session]:
    """A session that commits at the end of the block, or rolls back on an error."""
    with Session(engine(), expire_on_commit=False) as session, session.begin():
        yield session


def migrate() -> None:
    """Bring the database to the newest schema."""
    import alembic.command  # noqa: PLC0415  no other process needs it
    import alembic.config  # noqa: PLC0415

    config = alembic.config.Config()
    config.set_main_option("script_location", "campanile:migrations")
    alembic.command.upgrade(config, "head")


def forget_engine() -> None:
    """Close every connection; the next use opens the database the settings then name."""
    if engine.cache_info().currsize:
        engine().dispose()
    engine.cache_clear()


def state_column(states: type[StrEnum], **options: Any) -> Any:
    """A column of enum *values* with a CHECK; SQLModel alone would store the names."""
    kind = sa.Enum(
        states,
        values_callable=lambda members: [member.value for member in members],
        native_enum=False,
        create_constraint=True,
        name=states.__name__.lower(),
        length=32,
    )
    return Field(sa_type=kind, **options)


def json_column(**options: Any) -> Any:
    """`json`, not `jsonb`: a list's columns and a schema's fields keep their order."""
    return Field(sa_type=sa.JSON(none_as_null=True), **options)


def created_column() -> Any:
    return Field(default_factory=now)


def affected(result: sa.Result[Any]) -> int:
    """How many rows a guarded UPDATE changed: 0 means that somebody else was first."""
    assert isinstance(result, sa.CursorResult)
    return result.rowcount
