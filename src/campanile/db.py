"""The database: one engine per process, one way to open a transaction.

Sessions are synchronous everywhere (DESIGN D7); whoever lives on an event loop runs
them in the loop's own small executor. A function that takes a `session` never commits.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import cache
from importlib import import_module
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine
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
    return sa.create_engine(
        url,
        pool_size=8,
        max_overflow=4,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": 2,
            "options": f"-c timezone=UTC -c statement_timeout={STATEMENT_MS}"
            f" -c lock_timeout={LOCK_MS}",
        },
    )


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
