"""The tables of the job queue, which are procrastinate's, on PostgreSQL: made, migrated, known by version.

They have a history of their own, which comes with the library, and are no part of a backup. Their version is
the comment on the table of jobs, so that it goes where they go.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import Connection, text

from records.errors import ConfigurationError

# The newest of the library's migrations; a test holds the two together. Known here so that opening a database
# that is up to date does not look into the folder.
QUEUE_HEAD = "03.04.00_50"


def queue_is_current(connection: Connection) -> bool:
    """Return whether the queue's tables are as this version needs them. SQLite has none."""
    return connection.dialect.name != "postgresql" or _revision(connection) == QUEUE_HEAD


def bring_queue_up_to_date(connection: Connection, name: str) -> None:
    """Make or migrate the queue's tables within the caller's transaction, one that writes.

    Raises ConfigurationError for a queue of a newer version, calling the database `name`, and where the
    library is not installed.
    """
    if queue_is_current(connection):
        return
    found = _revision(connection)
    if found is not None and found > QUEUE_HEAD:
        raise ConfigurationError(
            f'{name}: its job queue "{found}" is newer than this version of huiying knows (upgrade huiying)'
        )
    folder = _library() / "sql"
    if found is None:
        _run(connection, folder / "schema.sql")
    else:
        for script in sorted((folder / "migrations").glob("*.sql")):
            if revision_of(script) > found:
                _run(connection, script)
    connection.exec_driver_sql(f"COMMENT ON TABLE procrastinate_jobs IS '{QUEUE_HEAD}'")


def empty_queue(connection: Connection) -> None:
    """Delete all jobs: the posts they speak of are about to be replaced."""
    if connection.dialect.name == "postgresql" and _revision(connection) is not None:
        connection.exec_driver_sql("DELETE FROM procrastinate_jobs")


def revision_of(script: Path) -> str:
    """Return 03.04.00_50 for 03.04.00_50_add_something.sql."""
    return "_".join(script.name.split("_")[:2])


def _revision(connection: Connection) -> str | None:
    query = text("SELECT obj_description(to_regclass('procrastinate_jobs'), 'pg_class')")
    found: str | None = connection.scalar(query)
    return found


def _library() -> Path:
    spec = find_spec("procrastinate")
    if spec is None or spec.origin is None:
        raise ConfigurationError(
            'the job queue: procrastinate is not installed (pip install "huiying[postgresql]")'
        )
    return Path(spec.origin).parent


def _run(connection: Connection, script: Path) -> None:
    # The driver itself, without parameters: it takes a script of many statements.
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101  # it is None only once the connection is closed
    driver.execute(script.read_text(encoding="utf-8"))
