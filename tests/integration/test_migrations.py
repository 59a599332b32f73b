"""The migrations and the models agree."""

import alembic.command
import alembic.config
import pytest

from campanile import db

pytestmark = pytest.mark.usefixtures("database")


def config() -> alembic.config.Config:
    found = alembic.config.Config()
    found.set_main_option("script_location", "campanile:migrations")
    return found


def test_the_newest_schema_is_what_the_models_say() -> None:
    alembic.command.check(config())


def test_every_migration_can_be_taken_back_and_made_again() -> None:
    alembic.command.downgrade(config(), "base")
    db.migrate()
    alembic.command.check(config())
