"""Alembic's entry: run the migrations over this process's engine."""

from alembic import context

from campanile.db import engine
from campanile.migrations.tables import metadata

with engine().connect() as connection:
    # Migrations may wait and may take long; serving processes may not.
    connection.exec_driver_sql("SET statement_timeout = 0")
    connection.exec_driver_sql("SET lock_timeout = '10s'")
    connection.commit()
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
