"""What differs between databases: opening, writing transactions, upserts. Nothing else knows which it is."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError

from records.errors import ConfigurationError, Retryable

# How long a writer waits for another process's transaction. The longest of ours, saving 5,000 posts,
# takes about a second on a slow disk.
BUSY_TIMEOUT_MS = 30_000
# Ids in one IN list: below SQLite's limit of 32,766 variables in a statement.
IDS_PER_STATEMENT = 5_000

Row = Mapping[str, Any]


def open_engine(url: str) -> Engine:
    """Return an engine for `url`; nothing is opened yet. Raises ConfigurationError for a bad URL."""
    try:
        parsed = make_url(url)
    except ArgumentError as err:
        raise ConfigurationError(
            f'database "{url}": not a URL (try sqlite:////var/lib/huiying/huiying.sqlite)'
        ) from err
    shown = parsed.render_as_string(hide_password=True)
    if parsed.get_backend_name() == "sqlite":
        _check_sqlite_file(parsed, shown)
    try:
        engine = create_engine(
            parsed,
            json_serializer=partial(json.dumps, ensure_ascii=False),
            hide_parameters=True,  # an error must not carry the text of messages into a log
        )
    except NoSuchModuleError as err:
        raise ConfigurationError(f'database "{shown}": unknown kind of database (try sqlite:///…)') from err
    except ModuleNotFoundError as err:
        raise ConfigurationError(
            f'database "{shown}": its driver {err.name} is not installed (pip install "huiying[postgresql]")'
        ) from err
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _check_sqlite_file(url: URL, shown: str) -> None:
    if not url.database or url.database == ":memory:":
        raise ConfigurationError(f'database "{shown}": names no file (try sqlite:////absolute/path.sqlite)')
    folder = Path(url.database).parent
    if not folder.is_dir():
        raise ConfigurationError(f'database "{shown}": the folder {folder} does not exist (create it first)')


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    # The driver must not begin transactions behind our back: _begin_sqlite does.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA journal_mode=WAL")
    # FULL, not NORMAL: in WAL, NORMAL may lose the last commits when the power fails, and a delivery that
    # was marked as sent would be sent again. We commit batches, so one fsync each costs nothing that shows.
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and then writes cannot wait for a lock (SQLITE_BUSY_SNAPSHOT), so
    # whoever means to write says so at its beginning.
    mode = "IMMEDIATE" if connection.get_execution_options().get("writes") else "DEFERRED"
    connection.exec_driver_sql(f"BEGIN {mode}")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a connection whose work is one transaction: all of it durable at the end, or none of it.

    Raises Retryable where another process holds the database for longer than BUSY_TIMEOUT_MS.
    """
    try:
        with engine.execution_options(writes=True).begin() as connection:
            yield connection
    except OperationalError as err:
        if "locked" in str(err.orig):
            raise Retryable("the database is held by another process: try again") from err
        raise


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[Row],
    *,
    key: Sequence[str] = (),
    keep: Sequence[str] = (),
) -> None:
    """Insert the rows, replacing those of the same `key` (else primary key) but for the columns `keep`."""
    if not rows:
        return
    key = key or [column.name for column in table.primary_key]
    statement = _insert_for(connection, table)
    replaced = {name: statement.excluded[name] for name in rows[0] if name not in (*key, *keep)}
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=replaced), rows)


def insert_new(connection: Connection, table: Table, rows: Sequence[Row]) -> int:
    """Insert the rows whose primary key is not there yet; return how many."""
    if not rows:
        return 0
    statement = _insert_for(connection, table).on_conflict_do_nothing()
    return connection.execute(statement, rows).rowcount


def _insert_for(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def in_chunks(items: Iterable[str]) -> Iterator[list[str]]:
    """Yield the items in chunks that fit one IN list."""
    rest = iter(items)
    while chunk := list(islice(rest, IDS_PER_STATEMENT)):
        yield chunk


def integrity_faults(connection: Connection) -> list[str]:
    """Return what the database finds damaged, one line each. PostgreSQL checks pages as it reads them."""
    if connection.dialect.name != "sqlite":
        return []
    found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check")]
    return [] if found == ["ok"] else found
