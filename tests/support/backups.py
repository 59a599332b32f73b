"""A database put back to what it was, as after a restore from last night's backup."""

from collections.abc import Iterator

import pytest

from campanile import db
from campanile.config import settings
from support.services import Servers

BACKUP = "backup_of_the_drill"


class Backup:
    def __init__(
        self, servers: Servers, database: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self._servers = servers
        self._name = database.rsplit("/", 1)[1].split("?")[0]
        self._monkeypatch = monkeypatch

    def take(self) -> None:
        db.forget_engine()
        self._servers.postgres.create_database(BACKUP, template=self._name)

    def restore(self) -> None:
        """What the settings name is the database as it was."""
        url = self._servers.postgres.url(BACKUP)
        self._monkeypatch.setenv("CAMPANILE_DATABASE_URL", url)
        settings.cache_clear()
        db.forget_engine()

    def remove(self) -> None:
        self._servers.postgres.drop_database(BACKUP)


@pytest.fixture
def put_back(
    database: str, migrated: Servers, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Backup]:
    backup = Backup(migrated, database, monkeypatch)
    yield backup
    db.forget_engine()
    backup.remove()
