"""The database as it was some time ago: a backup is taken, and later put back.

Both are done by the server itself (`CREATE DATABASE … TEMPLATE`), which wants nobody
connected: the product meets a database that is away for a moment. What was written in
between is gone, as after a restore from a file.
"""

import time

import psycopg
from psycopg import sql

from campanile.config import settings
from campanile.embedded.postgres import DATABASE

BACKUP = "backup"
_TRIES = 20


def take_backup() -> float:
    """Answers when it was taken (unix seconds)."""
    with _server() as server:
        _drop(server, BACKUP)
        _allow(server, DATABASE, "false")
        try:
            _alone(server, DATABASE)
            moment = time.time()
            _copy(server, source=DATABASE, target=BACKUP)
        finally:
            _allow(server, DATABASE, "true")
    return moment


def put_back() -> None:
    with _server() as server:
        _drop(server, DATABASE)
        server.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                sql.Identifier(BACKUP), sql.Identifier(DATABASE)
            )
        )


def _server() -> psycopg.Connection:
    url = settings().database_url.replace("+psycopg", "")
    return psycopg.connect(url, dbname="postgres", autocommit=True, connect_timeout=5)


def _copy(server: psycopg.Connection, *, source: str, target: str) -> None:
    for left in reversed(range(_TRIES)):
        try:
            server.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(target), sql.Identifier(source)
                )
            )
        except psycopg.errors.ObjectInUse:
            if not left:
                raise
            _alone(server, source)
            time.sleep(0.1)
        else:
            return


def _allow(server: psycopg.Connection, database: str, yes: str) -> None:
    server.execute(
        sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(
            sql.Identifier(database), sql.SQL(yes)
        )
    )


def _alone(server: psycopg.Connection, database: str) -> None:
    server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
        (database,),
    )


def _drop(server: psycopg.Connection, database: str) -> None:
    server.execute(
        sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
            sql.Identifier(database)
        )
    )
