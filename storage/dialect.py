"""What differs between databases in use: transactions, locks, upserts. Nothing else knows which it is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Engine, Table, func, select, text
from sqlalchemy.dialects import postgresql, sqlite

# Ids in one IN list: below SQLite's limit of 32,766 variables in a statement.
IDS_PER_STATEMENT = 5_000

Row = Mapping[str, Any]
_Item = TypeVar("_Item")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection that sees one moment of the database, however many statements it makes."""
    if engine.dialect.name == "postgresql":
        # SQLite's readers have this by themselves.
        engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with engine.begin() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a connection whose work is one transaction: all of it durable at the end, or none of it.

    On SQLite there is one at a time. On PostgreSQL there are many, each statement sees what others have
    committed, and rows are locked in this order, so that none waits for one that waits for it: `take_turns`,
    posts by id, problems by id, the outbox.
    """
    with engine.execution_options(writes=True).begin() as connection:
        yield connection


def take_turns(connection: Connection, names: Iterable[str]) -> None:
    """Wait until no other transaction holds any of `names`, and hold them until this one ends."""
    if connection.dialect.name != "postgresql":
        return
    keys = sorted({lock_key(name) for name in names})
    connection.execute(
        text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key"), {"keys": keys}
    )


def lock_key(name: str) -> int:
    """Return the number by which PostgreSQL knows the lock of this name."""
    return int.from_bytes(hashlib.sha256(f"huiying {name}".encode()).digest()[:8], signed=True)


def lock_rows(connection: Connection, table: Table, condition: ColumnElement[bool]) -> None:
    """Lock the rows until the transaction ends, in the order of their ids."""
    if connection.dialect.name == "postgresql":
        rows = select(table.c.id).where(condition).order_by(table.c.id)
        connection.execute(rows.with_for_update(key_share=True))


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
    statement = _insert_for(connection, table).on_conflict_do_nothing().returning(*table.primary_key)
    return len(connection.execute(statement, rows).all())


def _insert_for(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def in_chunks(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    """Yield the items in chunks that fit one IN list."""
    rest = iter(items)
    while chunk := list(islice(rest, IDS_PER_STATEMENT)):
        yield chunk


def overwrite_deleted(connection: Connection) -> None:
    """Let SQLite overwrite what is deleted from now on. PostgreSQL's vacuum reuses the space by and by."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete=ON")


def clear_log(engine: Engine) -> None:
    """Empty SQLite's log of changes, which holds pages as they were, unless somebody still reads it."""
    if engine.dialect.name == "sqlite":
        connection = engine.raw_connection()
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
        connection.close()


def set_counter(connection: Connection, column: Column[Any]) -> None:
    """Let a column that counts by itself go on after the highest number it holds. SQLite's does so anyhow."""
    if connection.dialect.name == "postgresql":
        highest = connection.scalar(select(func.max(column)))
        if highest is not None:
            counter = func.pg_get_serial_sequence(column.table.name, column.name)
            connection.execute(select(func.setval(counter, highest)))


def integrity_faults(connection: Connection) -> list[str]:
    """Return what the database finds damaged, one line each. PostgreSQL checks pages as it reads them."""
    if connection.dialect.name != "sqlite":
        return []
    found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check")]
    return [] if found == ["ok"] else found
