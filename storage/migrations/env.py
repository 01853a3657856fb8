"""Run by Alembic; the connection and its transaction belong to storage.migrations.bring_up_to_date."""

from __future__ import annotations

from alembic import context

from storage.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite's DDL is transactional once the driver lets it be (storage.dialect): all of a migration or none.
    transactional_ddl=True,
)
context.run_migrations()
