"""The history of the schema: Alembic scripts that travel with the package, run by `bring_up_to_date`."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from records.errors import ConfigurationError

# The newest script in versions/; a test holds the two together. Known here so that opening a database
# that is up to date needs neither Alembic nor a look into the folder (0.2 s at every command).
HEAD = "0012"
_FOLDER = Path(__file__).parent


def bring_up_to_date(connection: Connection, name: str, *, to: str = HEAD) -> None:
    """Make or migrate the schema to revision `to` within the caller's transaction, one that writes.

    Raises ConfigurationError for a database of a newer version or of something else, calling it `name`.
    """
    found = schema_revision(connection, name)
    if found == to:
        return
    # Imported only where there is something to migrate: it takes 0.2 s.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    for revision in {found, to} - known - {None}:
        raise ConfigurationError(
            f'{name}: its schema "{revision}" is newer than this version of huiying knows (upgrade huiying)'
        )
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def schema_revision(connection: Connection, name: str) -> str | None:
    """Return the revision of the schema, None for an empty database. Raises ConfigurationError for others."""
    # The job queue's tables have a history of their own (storage.jobs_schema) and outlive a restored backup.
    tables = [one for one in inspect(connection).get_table_names() if not one.startswith("procrastinate_")]
    if "alembic_version" in tables:
        found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return found
    if tables:
        raise ConfigurationError(
            f"{name}: holds tables of something else ({', '.join(tables[:3])}): name a database of its own"
        )
    return None
