"""A private PostgreSQL: one cluster, one socket, one password, nobody else's business.

home/
  cluster/     what initdb made; PG_VERSION pins the major version
  password     of the one role, `campanile`; readable by the server's account and us
  socket/      the Unix socket, unless the path would be too long; never TCP
  binaries/    a copy of the programs where the server's account cannot read them
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from campanile.embedded import postgres_binaries
from campanile.embedded.accounts import Account, admit, can_enter, server_account
from campanile.embedded.services import Service
from campanile.embedded.sockets import socket_folder
from campanile.errors import Unavailable
from campanile.readiness import Facts

ROLE = "campanile"
DATABASE = "campanile"
PORT = 5432
"""Only a part of the socket's name; given so that a PGPORT of the user changes nothing."""

_SERVER_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "120",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "jit": "off",
}
_LOCALE = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}


class PrivatePostgres:
    """`prepare`, then start `service()`, then `create_database`.

    `settings` are further server settings, such as `{"fsync": "off"}` for tests.
    """

    def __init__(self, folder: Path, *, settings: Mapping[str, str] | None = None):
        self._folder = folder.absolute()
        self._settings = {**_SERVER_SETTINGS, **(settings or {})}

    def prepare(self) -> None:
        """Make the cluster where there is none; about a second, later nothing."""
        self._home, self._account = _home(self._folder)
        self._cluster = self._home / "cluster"
        self._binaries = postgres_binaries.choose(self._cluster)
        if self._account:
            self._binaries = postgres_binaries.runnable_by(
                self._account, self._binaries, self._home / "binaries"
            )
        if not self._cluster.exists():
            self._initialize()
        self._password = (self._home / "password").read_text().strip()
        self._sockets = socket_folder(self._home / "socket", account=self._account)

    def service(self) -> Service:
        """The server process. SIGINT ends it at once, sessions or not ("fast")."""
        settings = {
            **self._settings,
            "unix_socket_directories": f'"{self._sockets}"',
            **({"io_method": "sync"} if self._binaries.major >= 18 else {}),
        }
        return Service(
            name="postgres",
            command=(
                self._binaries.program("postgres"),
                "-D",
                str(self._cluster),
                *(f"--{name}={value}" for name, value in settings.items()),
            ),
            environment=_LOCALE,
            folder=Path("/"),
            account=self._account,
            stop_signal=signal.SIGINT,
            log_suffix=".log",
            ready=self._accepts_connections,
            leftover=self._sockets,
        )

    def url(self, database: str = DATABASE) -> str:
        """For SQLAlchemy; the socket's folder stands in the query."""
        return (
            f"postgresql+psycopg://{ROLE}:{self._password}@/{database}"
            f"?host={quote(str(self._sockets), safe='')}&port={PORT}"
        )

    def create_database(self, name: str = DATABASE, *, template: str = "") -> None:
        """Create `name`, as a copy of `template` if one is given, unless it is there."""
        with self._connect() as connection:
            there = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", (name,)
            ).fetchone()
            if not there:
                connection.execute(
                    sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                        sql.Identifier(name), sql.Identifier(template or "template0")
                    )
                )

    def drop_database(self, name: str) -> None:
        """Drop `name`, whoever is still connected to it."""
        with self._connect() as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
                    sql.Identifier(name)
                )
            )

    def remove(self) -> None:
        """Delete everything. Only while the server does not run."""
        home, _ = _home(self._folder)
        shutil.rmtree(home)
        self._folder.unlink(missing_ok=True)  # a link, where `home` was elsewhere

    def _initialize(self) -> None:
        password = self._home / "password"
        draft = (
            self._home / "cluster.draft"
        )  # a half-made cluster is never taken for one
        shutil.rmtree(draft, ignore_errors=True)
        password.touch(mode=0o600)
        password.write_text(f"{secrets.token_urlsafe(24)}\n")
        if self._account:
            os.chown(password, self._account.uid, self._account.gid)
        made = subprocess.run(
            [
                self._binaries.program("initdb"),
                f"--pgdata={draft}",
                f"--username={ROLE}",
                f"--pwfile={password}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                *self._collation(),
                "--no-instructions",
            ],
            cwd="/",
            env=_LOCALE,
            capture_output=True,
            text=True,
            check=False,
            **(self._account.identity if self._account else {}),
        )
        if made.returncode != 0:
            raise Unavailable(
                f"PostgreSQL could not make its data folder in {self._home}.",
                details=made.stderr.strip().splitlines(),
            )
        draft.rename(self._cluster)

    def _collation(self) -> list[str]:
        # The same everywhere, whatever locales the machine has: from 17 on PostgreSQL
        # brings C.UTF-8 itself; before, macOS has only C, which folds ASCII alone.
        if self._binaries.major >= 17:
            return [
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
            ]
        return ["--locale=C.UTF-8" if sys.platform == "linux" else "--locale=C"]

    def _accepts_connections(self) -> Facts | None:
        try:
            status = (self._cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return None
        ready = len(status) >= 8 and status[7].strip() == "ready"
        return {"url": self.url()} if ready else None

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self._sockets),
            port=PORT,
            user=ROLE,
            password=self._password,
            dbname="postgres",
            autocommit=True,
            connect_timeout=5,
        )


def _home(folder: Path) -> tuple[Path, Account | None]:
    """The folder that the server's account can really reach, and that account.

    Root may keep its data where nobody else gets in, such as below /root. Then `folder`
    becomes a link to a place outside.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    home = folder.resolve()
    account = server_account(home)
    home.mkdir(exist_ok=True)
    if account:
        if not can_enter(account, home.parent) and not admit(account, home.parent):
            home = _outside(folder)
        os.chown(home, account.uid, account.gid)
    home.chmod(0o700)
    return home, account


def _outside(folder: Path) -> Path:
    if any(folder.iterdir()):
        raise Unavailable(
            f"The account that owns {folder} cannot get there any more.",
            hint="Open the folders above it, or choose another CAMPANILE_DATA_DIR.",
        )
    root = Path(tempfile.gettempdir()).resolve()
    if not folder.is_relative_to(root):
        root = Path("/var/lib/campanile")
        root.mkdir(exist_ok=True)
        root.chmod(0o755)
    home = Path(tempfile.mkdtemp(prefix="campanile-", dir=root))
    folder.rmdir()
    folder.symlink_to(home, target_is_directory=True)
    return home
